// A section of a form: saved while typing, warned when offline, dates echoed in 西暦 and 和暦, photos sent as chosen.
// Everything here repeats what the buttons of the page do without it; nothing is possible only here.
"use strict";

const form = document.querySelector("form[data-autosave]");
if (form) {
  const state = form.querySelector("[data-saved-at]");
  const tick = '<svg class="icon" aria-hidden="true"><use href="' + form.dataset.icons + '#check"/></svg>';
  let dirty = false;
  let timer = 0;
  let saving = null;

  const say = (text, ok) => {
    state.textContent = text;
    if (ok) state.insertAdjacentHTML("afterbegin", tick);
  };

  const body = () => {
    const data = new FormData(form);
    for (const [name, value] of [...data.entries()]) if (value instanceof File) data.delete(name);
    data.set("_do", "autosave");
    return data;
  };

  const save = async () => {
    if (!dirty || saving) return;
    dirty = false;
    saving = fetch(location.href, {
      method: "POST", body: body(), headers: { Accept: "application/json" }, redirect: "error", keepalive: true,
    });
    try {
      const response = await saving;
      const answer = await response.json();
      if (answer.seen) form.elements._seen.value = answer.seen;
      hideOffline();
      if (response.ok) say(form.dataset.saved + " " + answer.saved_at, true);
      else say(answer.message, false);
    } catch (error) {
      dirty = true;
      showOffline();
    } finally {
      saving = null;
      if (dirty && navigator.onLine) later();
    }
  };

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(save, 1200);
  };

  let toast = null;
  const showOffline = () => {
    if (toast) return;
    toast = document.createElement("p");
    toast.className = "toast";
    toast.setAttribute("role", "status");
    toast.textContent = form.dataset.offline;
    document.body.append(toast);
  };
  const hideOffline = () => {
    if (toast) toast.remove();
    toast = null;
  };

  form.addEventListener("input", (event) => {
    if (event.target.type === "file") return;
    dirty = true;
    later();
  });
  window.addEventListener("offline", showOffline);
  window.addEventListener("online", () => { hideOffline(); save(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
  setInterval(() => { if (dirty) save(); }, 10000);

  // A press while the network is gone would lose the page to an error of the browser; the page stays instead.
  form.addEventListener("submit", (event) => {
    if (!navigator.onLine) {
      event.preventDefault();
      showOffline();
      return;
    }
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (saving) {
      // What is on its way carries the mark of the form; the press waits for it, or it would look like a second window.
      const button = event.submitter;
      event.preventDefault();
      saving.finally(() => setTimeout(() => form.requestSubmit(button), 0));
      return;
    }
    form.dataset.sent = "yes";
    clearTimeout(timer);
    dirty = false;
  });
  window.addEventListener("pageshow", () => delete form.dataset.sent);

  form.addEventListener("change", (event) => {
    const box = event.target.closest("[data-upload]");
    if (box && event.target.files && event.target.files.length) {
      box.querySelector("[data-upload-state]").textContent = form.dataset.sending;
      form.requestSubmit(box.querySelector('button[value="upload"]'));
    }
  });
  form.addEventListener("dragover", (event) => {
    const drop = event.target.closest(".drop");
    if (drop) { event.preventDefault(); drop.classList.add("over"); }
  });
  form.addEventListener("dragleave", (event) => {
    const drop = event.target.closest(".drop");
    if (drop) drop.classList.remove("over");
  });
  form.addEventListener("drop", (event) => {
    const drop = event.target.closest(".drop");
    if (!drop) return;
    event.preventDefault();
    const input = drop.querySelector('input[type="file"]');
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  const count = (area) => {
    const words = form.querySelector('[data-counter-for="' + area.id + '"]');
    if (!words) return;
    const length = [...area.value].length;
    words.textContent = length + " / " + area.dataset.limit;
    words.classList.toggle("over", length > Number(area.dataset.limit));
  };
  form.addEventListener("input", (event) => { if (event.target.matches("textarea[data-limit]")) count(event.target); });

  const FIRST_YEAR = { "令和": 2019, "平成": 1989, "昭和": 1926, "大正": 1912, "明治": 1868 };
  const narrow = (text) => text.normalize("NFKC").trim();
  const echo = (box) => {
    const part = (name) => box.querySelector('[name$=".' + name + '"]').value;
    const era = part("era");
    const written = narrow(part("year"));
    const number = written === "元" ? 1 : Number(written);
    const year = era ? FIRST_YEAR[era] + number - 1 : number;
    const month = Number(narrow(part("month")));
    const day = Number(narrow(part("day")));
    const date = new Date(year, month - 1, day);
    const real = year > 1867 && date.getFullYear() === year && date.getMonth() === month - 1 && date.getDate() === day;
    const words = new Intl.DateTimeFormat("ja-JP-u-ca-japanese", { era: "long", year: "numeric", month: "long", day: "numeric" });
    box.querySelector(".echo").textContent = real ? year + "年" + month + "月" + day + "日（" + words.format(date).replace(/ /g, "") + "）" : "";
  };
  form.addEventListener("input", (event) => {
    const box = event.target.closest("[data-date]");
    if (box) echo(box);
  });

  const reveal = (root) => {
    for (const element of root.querySelectorAll(".needs-script")) element.hidden = !navigator.geolocation;
    for (const area of root.querySelectorAll("textarea[data-limit]")) count(area);
  };
  reveal(form);
  document.addEventListener("htmx:afterSwap", () => reveal(form));

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-here]");
    if (!button) return;
    const box = button.closest("[data-place]");
    const words = box.querySelector("[data-where]");
    navigator.geolocation.getCurrentPosition((found) => {
      box.querySelector('[name$=".lat"]').value = found.coords.latitude.toFixed(6);
      box.querySelector('[name$=".lon"]').value = found.coords.longitude.toFixed(6);
      words.textContent = words.dataset.found;
      dirty = true;
      later();
    }, () => { words.textContent = words.dataset.failed; }, { enableHighAccuracy: true, timeout: 10000 });
  });
}
