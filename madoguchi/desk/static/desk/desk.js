// The desk by keyboard: / finds, j and k move, Enter opens, a goes to what is asked, u back to the list, ? helps; on a
// case c ticks what was looked at, v shows its documents (brackets page, + - 0 r zoom and turn), m writes a note.
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

function view(what) {
  document.dispatchEvent(new CustomEvent("desk:viewer", { detail: what }));
}

// In the viewer its document is ticked, else the line where the reader is.
function check() {
  if (document.getElementById("viewer")?.contains(document.activeElement)) return view("check");
  document.activeElement?.closest("[data-line], .checks li")?.querySelector("button.tick")?.click();
}

const deeds = {
  "/": () => document.getElementById("find")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  x: () => lines.find((line) => line.contains(document.activeElement))?.querySelector("input[name=case]")?.click(),
  a: () => document.getElementById("asked")?.focus(),
  m: () => document.getElementById("memo-text")?.focus(),
  c: check,
  n: () => document.getElementById("next-case")?.click(),
  v: () => view("open"),
  "]": () => view("next"),
  "[": () => view("previous"),
  ".": () => view("forth"),
  ",": () => view("back"),
  "+": () => view("larger"),
  ";": () => view("larger"), // the same key as + on a Japanese keyboard, without the shift
  "-": () => view("smaller"),
  "0": () => view("fit"),
  r: () => view("turn"),
  Escape: () => view("close"),
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

// A tick is written at once, without losing what is being typed elsewhere on the page.
const checks = document.getElementById("checks");
checks?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  const words = document.getElementById(`${button.id}-words`);
  button.setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams(new FormData(checks, button));
    const answer = await fetch(checks.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.message);
    button.setAttribute("aria-pressed", String(said.done));
    button.name = said.done ? "uncheck" : "check";
    words.textContent = said.words;
    left(said.left);
  } catch (trouble) {
    words.textContent = trouble instanceof TypeError || trouble instanceof SyntaxError ? "記録できませんでした。画面を読み込み直してください。" : trouble.message;
  } finally {
    button.removeAttribute("aria-busy");
  }
});

function left(things) {
  const place = document.getElementById("unchecked");
  if (!place) return;
  place.hidden = things.length === 0;
  document.getElementById("unchecked-count").textContent = things.length;
  place.querySelector("ul").replaceChildren(
    ...things.map(({ id, what }) => {
      const [line, link] = [document.createElement("li"), document.createElement("a")];
      link.href = `#${id}`;
      link.textContent = what;
      line.append(link);
      return line;
    }),
  );
}

// How many are chosen is said, and whoever chose none is told before the way to the server and back.
const batch = document.querySelector("form[data-batch]");
if (batch) {
  const picks = [...document.querySelectorAll("input[name=case]")];
  const words = batch.querySelector(".chosen");
  const plain = words.textContent;
  const all = batch.elements.namedItem("all");
  const tell = () => {
    const count = picks.filter((pick) => pick.checked).length;
    words.textContent = count ? `${count}件の案件を` : plain;
  };
  for (const pick of picks) pick.addEventListener("change", tell);
  const head = document.querySelector("th.pick");
  const every = document.createElement("input");
  every.type = "checkbox";
  every.setAttribute("aria-label", "このページのすべてを選ぶ");
  every.addEventListener("change", () => {
    for (const pick of picks) pick.checked = every.checked;
    tell();
  });
  const label = document.createElement("label");
  label.className = "choice";
  label.append(every);
  head.append(label);
  batch.addEventListener("submit", (event) => {
    if (all?.checked || picks.some((pick) => pick.checked)) return;
    event.preventDefault();
    words.textContent = "案件を選んでください";
    picks[0]?.focus();
  });
  tell();
}

// A filter is applied as it is chosen.
for (const select of document.querySelectorAll("select[data-at-once]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// The section's phrases stand once on the page; beside every box that takes them one can be chosen and put in.
for (const list of document.querySelectorAll("[data-offered]")) {
  const offered = [...list.querySelectorAll("dl > div")].map((one) => ({
    title: one.querySelector("dt").firstChild.textContent.trim(),
    words: one.querySelector("dd").textContent,
  }));
  for (const box of document.querySelectorAll(`textarea[data-phrases="${list.dataset.offered}"]`)) {
    const row = document.createElement("div");
    row.className = "choose-phrase";
    const select = document.createElement("select");
    select.className = "input";
    const named = box.labels[0]?.textContent.trim() ?? "";
    select.setAttribute("aria-label", `文例（${named}）`);
    select.append(new Option("文例を選ぶ", ""), ...offered.map(({ title }, at) => new Option(title, at)));
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button outline small";
    button.textContent = "入れる";
    button.addEventListener("click", () => {
      if (select.value === "") return select.focus();
      const { words } = offered[select.value];
      box.value = box.value.trim() ? `${box.value.trimEnd()}\n${words}` : words;
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.focus();
    });
    row.append(select, button);
    box.before(row);
  }
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
  form.addEventListener("submit", (event) => {
    const still = typed && event.submitter?.hasAttribute("formaction"); // a look at a file: the page stays
    typed = false;
    if (still) setTimeout(() => (typed = true), 1000);
  });
}
window.addEventListener("beforeunload", (event) => {
  if (typed) event.preventDefault();
});

// A value goes to where the cursor was last, in the words of a mail.
const words = [...document.querySelectorAll("[data-takes-values]")];
let last = words.find((one) => one.rows > 2);
for (const one of words) one.addEventListener("focus", () => (last = one));
for (const button of document.querySelectorAll("[data-value]")) {
  button.addEventListener("click", () => {
    last.setRangeText(button.dataset.value, last.selectionStart, last.selectionEnd, "end");
    last.dispatchEvent(new Event("input", { bubbles: true }));
    last.focus();
  });
}

// What is filled in beside a choice is what is chosen.
document.addEventListener("input", (event) => {
  const choice = event.target.type === "radio" ? null : event.target.closest("[data-choice]")?.querySelector("input[type=radio]");
  if (choice) choice.checked = true;
});
