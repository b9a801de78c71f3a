// What the handbook's pages can do beyond plain ones: keep the place when the language changes, and keep the book in the
// browser. Without this script everything else works.
"use strict";

// current is the heading that is being read: the last one that begins above the upper third of the window.
function current() {
  let found = "";
  for (const heading of document.querySelectorAll("main [id].anchor, main h2[id], main h3[id]")) {
    if (heading.getBoundingClientRect().top > window.innerHeight / 3) break;
    found = heading.id;
  }
  return found;
}

for (const link of document.querySelectorAll("a.keeps-place")) {
  const follow = () => {
    const anchor = current();
    const url = new URL(link.href);
    url.hash = anchor;
    link.href = url.href;
  };
  link.addEventListener("pointerdown", follow);
  link.addEventListener("click", follow);
  link.addEventListener("focus", follow);
}

// The menu closes with Escape, and when something else is pressed.
const menu = document.querySelector("details.languages");
if (menu) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}

const home = document.documentElement.dataset.home;
if (home && "serviceWorker" in navigator) {
  navigator.serviceWorker.register(home + "worker.js", { scope: home })
    .then((registration) => (registration.active ? registration : navigator.serviceWorker.ready))
    .then(() => {
      document.documentElement.dataset.kept = "yes";
      const note = document.getElementById("kept");
      if (note) note.hidden = false;
    })
    .catch(() => {}); // a browser that keeps nothing still shows the pages
}
