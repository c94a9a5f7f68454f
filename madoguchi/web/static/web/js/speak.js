// Reading aloud with the voices of the browser. Where it has none, the button never shows.
"use strict";

const button = document.querySelector("[data-speak]");
const READ = "h1, h2, h3, h4, p, li, dt, dd, legend, label, th, td, summary, button";

// Every piece of the page once, in order: a list item whose paragraphs are read is not read again.
function pieces() {
  const found = [...document.querySelectorAll(`main :is(${READ})`)];
  return found.filter((one) => one.checkVisibility() && !one.querySelector(READ) && !one.closest(".trail, .steps"));
}

function words(element) {
  const copy = element.cloneNode(true);
  for (const one of copy.querySelectorAll("rt, rp, svg, [aria-hidden]")) one.remove();
  return copy.textContent.replace(/\s+/g, " ").trim();
}

function stop() {
  speechSynthesis.cancel();
  button.setAttribute("aria-pressed", "false");
  button.textContent = button.dataset.speak;
}

if (button && "speechSynthesis" in window) {
  button.hidden = false;
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-pressed") === "true") return stop();
    button.setAttribute("aria-pressed", "true");
    button.textContent = button.dataset.stop;
    const read = pieces();
    for (const [at, piece] of read.entries()) {
      const said = new SpeechSynthesisUtterance(words(piece));
      said.lang = piece.querySelector("[lang]")?.lang || piece.closest("[lang]").lang;
      if (at === read.length - 1) said.onend = stop;
      speechSynthesis.speak(said);
    }
  });
  window.addEventListener("pagehide", () => speechSynthesis.cancel());
}
