// The desk by keyboard: / finds, j and k move, Enter opens, a goes to what is asked, u back to the list, ? helps.
// Everything works without; whoever dictates or is disturbed by single keys switches them off (WCAG 2.1.4).
"use strict";

const OFF = "desk-keys-off";
const keys = document.getElementById("keys");
const allowed = document.getElementById("keys-on");
if (allowed) {
  allowed.checked = localStorage.getItem(OFF) === null;
  allowed.addEventListener("change", () => (allowed.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
}

const lines = [...document.querySelectorAll("[data-line]")];

function move(by) {
  const here = lines.findIndex((line) => line.contains(document.activeElement));
  const line = lines[Math.min(Math.max(here + by, 0), lines.length - 1)];
  if (!line) return;
  const target = line.querySelector("a") && line.tagName === "TR" ? line.querySelector("a") : line;
  target.focus();
  line.scrollIntoView({ block: "nearest" });
}

const deeds = {
  "/": () => document.getElementById("find")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  a: () => document.getElementById("asked")?.focus(),
  u: () => location.assign(document.body.dataset.list),
  "?": () => {
    keys.open = !keys.open;
    if (keys.open) keys.querySelector("summary").focus();
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !allowed?.checked) return;
  if (event.target.matches("input:not([type=radio], [type=checkbox]), textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const deed = deeds[event.key];
  if (!deed) return;
  event.preventDefault();
  deed();
});

// A filter is applied as it is chosen.
for (const select of document.querySelectorAll("select[data-at-once]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// A phrase goes into the note beside it; whoever writes a note means to return the case.
for (const phrase of document.querySelectorAll("[data-phrase]")) {
  phrase.addEventListener("click", () => {
    const note = document.getElementById(phrase.dataset.for);
    note.value = note.value ? `${note.value}\n${phrase.dataset.phrase}` : phrase.dataset.phrase;
    note.dispatchEvent(new Event("input", { bubbles: true }));
    note.focus();
  });
}
for (const note of document.querySelectorAll("textarea[data-correction]")) {
  note.addEventListener("input", () => {
    const choice = note.form?.querySelector("input[name=_outcome][value=return]");
    if (choice && note.value.trim()) choice.checked = true;
  });
}

// What was typed is not lost by a wrong click.
let typed = false;
for (const form of document.querySelectorAll("form[data-once]")) {
  for (const input of form.elements) input.addEventListener("input", () => (typed = true));
  form.addEventListener("submit", () => (typed = false));
}
window.addEventListener("beforeunload", (event) => {
  if (typed) event.preventDefault();
});
