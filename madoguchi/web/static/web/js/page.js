// What every page gains from JavaScript: focus goes to the problems, and a form is sent once however often it is pressed.
"use strict";

document.documentElement.classList.add("with-script");

const problems = document.querySelector("[data-focus]");
if (problems) problems.focus();

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (event.submitter?.hasAttribute("formaction")) return; // only looks: the form is still to be sent
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
// Coming back by the browser's back button must not find a form that can no longer be sent.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
});
