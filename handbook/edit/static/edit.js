// What the editors' pages can do beyond plain ones: show what a heading will look like while somebody writes it, and ask before
// words that are not saved are left. Without this script everything else works.
"use strict";

const pause = 600; // milliseconds without a key before the preview follows

for (const area of document.querySelectorAll("textarea[data-preview]")) {
  const live = area.parentElement.querySelector(".live");
  let timer = 0;
  let asked = 0;
  const show = async () => {
    const mine = ++asked;
    const answer = await fetch(area.dataset.preview, { method: "POST", body: new URLSearchParams({ text: area.value }), credentials: "same-origin" });
    if (!answer.ok || mine !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    live.replaceChildren(...page.body.childNodes);
    live.hidden = false;
  };
  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => show().catch(() => {}), pause);
  });
}

let unsaved = false;
const form = document.querySelector("form.writing");
if (form) {
  form.addEventListener("input", () => { unsaved = true; });
  form.addEventListener("submit", () => { unsaved = false; });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
}
