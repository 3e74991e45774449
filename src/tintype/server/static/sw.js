// The page's own files are kept, so that it opens without a network; what the server says never is.
const SHELL = "tintype-shell-1";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  const old = async () => {
    for (const name of await caches.keys()) if (name !== SHELL) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(old());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const root = new URL(self.registration.scope).pathname;
  const path = url.pathname.slice(root.length - 1);
  if (request.method !== "GET" || url.origin !== self.location.origin || /^\/(api|docs|openapi|metrics|ready|health)/.test(path)) return;
  event.respondWith(request.mode === "navigate" ? page(root) : file(request, path));

  /** The newest page if there is a network, else the one that was kept. */
  async function page(start) {
    const cache = await caches.open(SHELL);
    try {
      const answer = await fetch(request);
      if (answer.ok) await cache.put(start, answer.clone());
      return answer;
    } catch (error) {
      const kept = await cache.match(start);
      if (kept) return kept;
      throw error;
    }
  }

  /** Files with their hash in the name never change; others are asked for first. */
  async function file(asked, name) {
    const cache = await caches.open(SHELL);
    const kept = await cache.match(asked);
    if (kept && name.startsWith("/assets/")) return kept;
    try {
      const answer = await fetch(asked);
      if (answer.ok) await cache.put(asked, answer.clone());
      return answer;
    } catch (error) {
      if (kept) return kept;
      throw error;
    }
  }
});
