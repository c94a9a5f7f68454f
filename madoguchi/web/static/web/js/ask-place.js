// 「いまいる場所を調べる」: the position is posted like an address that is typed, so that no URL keeps it.
"use strict";

for (const form of document.querySelectorAll("[data-ask-place]")) {
  const button = form.querySelector("[data-stand]");
  const words = form.querySelector("[data-stood]");
  button.hidden = !navigator.geolocation;
  button.addEventListener("click", () => {
    words.textContent = "";
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      const found = { lat: coords.latitude.toFixed(6), lon: coords.longitude.toFixed(6), error: coords.accuracy.toFixed(0) };
      for (const [name, value] of Object.entries(found)) Object.assign(form.elements[name], { disabled: false, value });
      form.elements.q.disabled = true;
      form.submit();
    }, () => { words.textContent = words.dataset.failed; }, { enableHighAccuracy: true, timeout: 10000 });
  });
  // Coming back by the browser's back button: what is typed counts again.
  window.addEventListener("pageshow", () => {
    for (const name of ["lat", "lon", "error"]) form.elements[name].disabled = true;
    form.elements.q.disabled = false;
  });
}
