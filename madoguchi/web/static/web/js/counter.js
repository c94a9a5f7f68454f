// The tablet at the counter: follows the clerk, and takes a signature drawn with a finger.
"use strict";

const here = document.querySelector("[data-counter]");
if (here) {
  const follow = async () => {
    try {
      const answer = await fetch(here.dataset.counter, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (!answer.ok || (await answer.json()).state !== here.dataset.state) location.replace(location.pathname);
    } catch {
      // not connected for a moment: the next time
    }
  };
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
