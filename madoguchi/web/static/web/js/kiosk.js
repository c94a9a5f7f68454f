// On a shared device: counts down from the last touch, says so, and leaves. Without it the server ends what is left alone.
"use strict";

const bar = document.querySelector("[data-kiosk]");
if (bar) {
  const patience = Number(bar.dataset.kiosk);
  const left = bar.querySelector("[data-kiosk-left]");
  const said = bar.querySelector("[data-kiosk-said]");
  const stay = bar.querySelector("[data-kiosk-stay]");
  const end = bar.querySelector("[data-kiosk-end]");
  let touched = Date.now();
  let told = Date.now();
  let leaving = false;

  const token = end.querySelector("[name=csrfmiddlewaretoken]").value;
  const tell = () => { // the server, too, knows that somebody is here
    told = Date.now();
    fetch(bar.dataset.stay, { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => {});
  };
  const touch = () => {
    touched = Date.now();
    if (touched - told > 30000) tell();
  };
  const leave = () => {
    if (leaving) return;
    leaving = true;
    for (const form of document.forms) if (form !== end) form.reset();
    end.submit();
  };
  const show = () => {
    const seconds = Math.max(0, Math.ceil((touched + patience * 1000 - Date.now()) / 1000));
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    left.textContent = left.dataset.words.replace("{time}", time);
    bar.classList.toggle("soon", seconds <= 30);
    said.textContent = seconds <= 30 && seconds > 0 ? said.dataset.words : "";
    if (seconds === 0) leave();
  };
  left.hidden = stay.hidden = false;
  for (const name of ["pointerdown", "keydown", "wheel", "input", "touchmove"]) {
    document.addEventListener(name, touch, { passive: true });
  }
  stay.addEventListener("click", () => { touch(); tell(); show(); });
  setInterval(show, 1000);
  // A tablet that slept wakes up to whoever is there now.
  document.addEventListener("visibilitychange", show);
  // A page out of the browser's memory is somebody else's: it is asked for anew.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  show();
}
