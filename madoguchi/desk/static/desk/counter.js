// The clerk's pages of a sitting: notice that the tablet has answered, and say when nobody has done anything for long.
"use strict";

const sitting = document.querySelector("[data-sitting]");
if (sitting) {
  const follows = document.querySelector("[data-follow]");
  const words = sitting.querySelector("[data-left]");
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  let typed = false; // nothing that is being typed is lost
  let used = false;
  let told = Date.now();
  let left = Infinity;
  const ask = async () => {
    const here = used && (left <= 120 || Date.now() - told > 30000);
    if (here) {
      used = false;
      told = Date.now();
    }
    try {
      const answer = await fetch(sitting.dataset.sitting, {
        method: here ? "POST" : "GET", headers: { Accept: "application/json", "X-CSRFToken": token }, cache: "no-store",
      });
      if (answer.status === 404) location.replace(location.href); // it is over
      if (!answer.ok) return;
      const now = await answer.json();
      left = now.left;
      sitting.hidden = left > 120;
      const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (left <= 120) words.textContent = words.dataset.words.replace("{time}", time);
      if (follows && !typed && now.state !== follows.dataset.state) location.replace(location.href);
    } catch {
      // not connected for a moment: the next time
    }
  };
  document.addEventListener("input", () => { typed = true; });
  for (const name of ["input", "keydown", "pointerdown", "wheel"]) {
    document.addEventListener(name, () => { used = true; }, { passive: true });
  }
  sitting.querySelector("[data-stay]").addEventListener("click", ask);
  setInterval(ask, 3000);
}
