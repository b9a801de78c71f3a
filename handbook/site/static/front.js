// Leads who opens the handbook without a language, and without a network, to the language that was read last. The pages of a
// language have a worker of their own, which the browser asks before this one.
"use strict";

const front = "/handbook/";
const patience = 4000; // milliseconds after which the language that is kept is shown

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.mode !== "navigate" || url.origin !== self.location.origin || url.pathname !== front) return;
  event.respondWith(lead(event.request));
});

async function lead(request) {
  const kept = await (await caches.open("handbook-last")).match(front + "last");
  const fetched = fetch(request);
  if (!kept) return fetched;
  fetched.catch(() => {}); // where it is late and fails, the reader has been led on
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(resolve, patience); });
  try {
    const answer = await Promise.race([fetched, late]);
    if (answer) return answer;
  } catch {
    // no network
  } finally {
    clearTimeout(timer);
  }
  const home = await kept.text();
  return /^\/handbook\/[A-Za-z0-9-]+\/$/.test(home) ? Response.redirect(home) : Response.error();
}
