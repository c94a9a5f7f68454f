// The tablet at the counter: follows the clerk, and takes a signature drawn with a finger.
"use strict";

const here = document.querySelector("[data-counter]");
if (here) {
  const soon = here.querySelector("[data-soon]");
  const token = soon.querySelector("[name=csrfmiddlewaretoken]").value;
  let used = false;
  let told = Date.now();
  let left = Infinity;
  const follow = async () => {
    const touched = used && (left <= 120 || Date.now() - told > 30000);
    if (touched) {
      used = false;
      told = Date.now();
    }
    try {
      const answer = await fetch(here.dataset.counter, {
        method: touched ? "POST" : "GET", headers: { Accept: "application/json", "X-CSRFToken": token }, cache: "no-store",
      });
      const now = answer.ok ? await answer.json() : { state: "" };
      if (now.state !== here.dataset.state) location.replace(location.pathname);
      left = now.left;
      soon.hidden = !(left <= 120);
      const said = soon.querySelector("[data-left]");
      const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (left <= 120) said.textContent = said.dataset.words.replace("{time}", time);
    } catch {
      // not connected for a moment: the next time
    }
  };
  for (const name of ["pointerdown", "keydown", "input", "touchmove"]) {
    document.addEventListener(name, () => { used = true; }, { passive: true });
  }
  soon.querySelector("[data-stay]").addEventListener("click", follow);
  setInterval(follow, 3000);
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

const form = document.querySelector("form[data-sign]");
if (form) {
  const pad = form.querySelector("canvas");
  const pen = pad.getContext("2d");
  let drawing = false;
  let inked = false;
  form.querySelector("[data-pad]").hidden = false;
  form.querySelector("[data-instead]").hidden = false;
  pen.lineWidth = 6;
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = "#000";
  const at = (event) => {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) * pad.width / box.width, (event.clientY - box.top) * pad.height / box.height];
  };
  pad.addEventListener("pointerdown", (event) => {
    drawing = true;
    pad.setPointerCapture(event.pointerId);
    pen.beginPath();
    pen.moveTo(...at(event));
    event.preventDefault();
  });
  pad.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    pen.lineTo(...at(event));
    pen.stroke();
    inked = true;
  });
  for (const name of ["pointerup", "pointercancel"]) pad.addEventListener(name, () => { drawing = false; });
  form.querySelector("[data-clear]").addEventListener("click", () => {
    pen.clearRect(0, 0, pad.width, pad.height);
    inked = false;
  });
  form.addEventListener("submit", () => { form.elements.drawn.value = inked ? pad.toDataURL("image/png") : ""; });
}
