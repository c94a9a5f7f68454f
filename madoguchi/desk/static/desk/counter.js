// The clerk's page of a sitting: notices that the tablet has answered. Nothing that is being typed is lost.
"use strict";

const follows = document.querySelector("[data-follow]");
if (follows) {
  let typed = false;
  document.addEventListener("input", () => { typed = true; });
  setInterval(async () => {
    if (typed) return;
    try {
      const answer = await fetch(follows.dataset.follow, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (answer.ok && (await answer.json()).state !== follows.dataset.state) location.replace(location.href);
    } catch {
      // not connected for a moment: the next time
    }
  }, 3000);
}
