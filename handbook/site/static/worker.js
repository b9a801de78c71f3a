// Keeps one language's book in the browser. `book` stands above: which pages, and the mark of the edition in the cache's name.
"use strict";

const patience = 4000; // milliseconds after which a page that is kept is shown instead of one that does not come

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(book.cache).then((cache) => cache.addAll(book.pages)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith(book.prefix) && name !== book.cache) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin || !url.pathname.startsWith("/handbook/")) return;
  event.respondWith(answer(event.request, url));
});

async function answer(request, url) {
  const cache = await caches.open(book.cache);
  if (url.searchParams.has("v")) { // style and script have their mark in the address and never change
    const kept = await cache.match(request);
    if (kept) return kept;
  }
  const kept = cache.match(request.url, { ignoreSearch: url.searchParams.has("with") });
  try {
    return await fresh(request, kept);
  } catch {
    return (await kept) || (request.mode === "navigate" && (await cache.match(book.offline))) || Response.error();
  }
}

async function fresh(request, kept) {
  const fetched = fetch(request);
  if (!(await kept)) return fetched;
  fetched.catch(() => {}); // where it is late and fails, the kept page has been shown
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error("late")), patience); });
  try {
    return await Promise.race([fetched, late]);
  } finally {
    clearTimeout(timer);
  }
}
