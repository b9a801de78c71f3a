// What the handbook's pages can do beyond plain ones: keep the place when the language changes, and keep the book in the
// browser. Without this script everything else works.
"use strict";

// current is the heading that is being read: the one that the reader came to, while it is in sight, else the last one that
// begins above the middle of the window.
function current() {
  const headings = [...document.querySelectorAll("article h2[id], article h3[id], .pair h2[id], .pair h3[id], tr[id]")];
  const box = (heading) => heading.getBoundingClientRect();
  const target = headings.find((heading) => "#" + heading.id === location.hash);
  if (target && box(target).bottom > 0 && box(target).top < window.innerHeight) return target.id;
  return headings.filter((heading) => box(heading).top < window.innerHeight / 2).pop()?.id ?? "";
}

for (const link of document.querySelectorAll("a.keeps-place")) {
  const follow = () => {
    const url = new URL(link.href);
    url.hash = window.scrollY > 0 ? current() : "";
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

// keep has the browser keep this language's book, and notes it as the one that /handbook/ leads to without a network.
async function keep(home) {
  const registration = await navigator.serviceWorker.register(home + "worker.js", { scope: home });
  if (!registration.active) await navigator.serviceWorker.ready;
  await (await caches.open("handbook-last")).put("/handbook/last", new Response(home));
  await navigator.serviceWorker.register("/handbook/front.js", { scope: "/handbook/" });
  document.documentElement.dataset.kept = "yes";
  const note = document.getElementById("kept");
  if (note) note.hidden = false;
}

const home = document.documentElement.dataset.home;
if (home && "serviceWorker" in navigator) keep(home).catch(() => {}); // a browser that keeps nothing still shows the pages
