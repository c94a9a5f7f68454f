// A section of a form: saved while typing, warned when offline, dates echoed in 西暦 and 和暦.
// Everything here repeats what the buttons of the page do without it; nothing is possible only here.
"use strict";

const form = document.querySelector("form[data-autosave]");
if (form) {
  const state = form.querySelector("[data-saved-at]");
  const tick = '<svg class="icon" aria-hidden="true"><use href="' + form.dataset.icons + '#check"/></svg>';
  let dirty = false;
  let deciding = false;
  let timer = 0;
  let saving = null;

  const say = (text, ok) => {
    state.textContent = text;
    if (ok) state.insertAdjacentHTML("afterbegin", tick);
  };

  const body = (todo) => {
    const data = new FormData(form);
    for (const [name, value] of [...data.entries()]) if (value instanceof File) data.delete(name);
    data.set("_do", todo);
    return data;
  };

  const send = (todo, accept) => fetch(location.href, {
    method: "POST", body: body(todo), headers: { Accept: accept }, redirect: "error", keepalive: true,
  });

  // While a finger or the mouse is down nothing moves: what is pressed must be what is let go, or the press is lost.
  // A list that opens may swallow the end of a press, so it counts for a second at most.
  let pressing = null;
  form.addEventListener("pointerdown", () => {
    pressing = new Promise((lifted) => {
      for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, () => setTimeout(lifted, 0), { once: true });
      setTimeout(lifted, 1000);
    });
  });

  const save = async () => {
    if (!dirty || saving) return;
    dirty = false;
    const asked = deciding;
    const sent = chosen();
    deciding = false;
    saving = asked ? send("refresh", "text/html") : send("autosave", "application/json");
    try {
      const response = await saving;
      if (asked && response.ok) {
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        await pressing;
        takeOver(page, sent);
      } else if (!asked) {
        const answer = await response.json();
        if (answer.seen) form.elements._seen.value = answer.seen;
        if (response.ok) say(form.dataset.saved + " " + answer.saved_at, true);
        else say(answer.message, false);
      }
      hideOffline();
    } catch (error) {
      dirty = true;
      deciding = asked;
      showOffline();
    } finally {
      saving = null;
      if (dirty && navigator.onLine) later();
    }
  };

  // What is chosen among places, which may be another by the time that the answer is there.
  const chosen = () => [...form.querySelectorAll("[data-found-place] :checked")].map((one) => one.name + "=" + one.value).join();

  // An answer may bring up or take away other questions. Only those come and go; what is being typed is not touched.
  const takeOver = (page, sent) => {
    form.elements._seen.value = page.querySelector('#form [name="_seen"]').value;
    say(page.querySelector("[data-saved-at]").textContent.trim(), true);
    for (const fresh of page.querySelectorAll("[data-found-place]")) {
      const shown = document.getElementById(fresh.id);
      if (!shown || chosen() !== sent) continue;
      shown.replaceChildren(...document.importNode(fresh, true).childNodes);
      shown.closest("[data-place]").querySelector("[data-map-frame]")?.look?.();
    }
    for (const old of form.querySelectorAll("[data-question]")) if (!page.getElementById(old.id)) old.remove();
    for (const fresh of page.querySelectorAll("[data-question]")) {
      if (document.getElementById(fresh.id)) continue;
      const before = fresh.previousElementSibling;
      const beside = before && before.id ? document.getElementById(before.id) : null;
      const row = fresh.closest("fieldset.rows-card");
      const parent = row ? document.querySelector("#" + row.id + " .stack") : document.getElementById("questions");
      const copy = document.importNode(fresh, true);
      if (beside) beside.after(copy);
      else if (parent) parent.prepend(copy);
      reveal(copy);
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
  form.addEventListener("change", (event) => {
    if (!event.target.closest("[data-decides]")) return;
    dirty = deciding = true;
    clearTimeout(timer);
    save();
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
  const spelled = (date) => {
    const long = { year: "numeric", month: "long", day: "numeric" };
    const { lang } = document.documentElement;
    if (lang !== "ja") return date.toLocaleDateString(lang === "en" ? "en-GB" : lang, long);
    const era = date.toLocaleDateString("ja-JP-u-ca-japanese", { era: "long", ...long });
    return `${date.toLocaleDateString("ja-JP", long)}（${era.replace(/ /g, "")}）`;
  };
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
    box.querySelector(".echo").textContent = real ? spelled(date) : "";
  };
  form.addEventListener("input", (event) => {
    const box = event.target.closest("[data-date]");
    if (box) echo(box);
  });

  const reveal = (root) => {
    for (const one of root.querySelectorAll(".needs-script")) one.hidden = "here" in one.dataset && !navigator.geolocation;
    for (const area of root.querySelectorAll("textarea[data-limit]")) count(area);
  };
  reveal(form);

  form.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-map]");
    if (!button) return;
    const box = button.closest("[data-place]");
    const submit = () => form.requestSubmit(box.querySelector("[data-find]"));
    try {
      const { open } = await import(button.dataset.map);
      await open(box, button.dataset, submit);
    } catch {
      box.querySelector("[data-where]").textContent = button.dataset.failed;
    }
  });

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-here]");
    if (!button) return;
    const box = button.closest("[data-place]");
    const words = box.querySelector("[data-where]");
    navigator.geolocation.getCurrentPosition((found) => {
      box.querySelector('[name$=".lat"]').value = found.coords.latitude.toFixed(6);
      box.querySelector('[name$=".lon"]').value = found.coords.longitude.toFixed(6);
      box.querySelector('[name$=".error"]').value = found.coords.accuracy.toFixed(1);
      form.requestSubmit(box.querySelector("[data-find]"));
    }, () => { words.textContent = words.dataset.failed; }, { enableHighAccuracy: true, timeout: 10000 });
  });
}
