import { scope, takeOverAtOnce } from "./service-worker-scope.ts";

// The least that a service worker can do for a request: what it costs to start one, and no more.
takeOverAtOnce();
scope.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (pathname.includes("/opam/")) event.respondWith(new Response("nothing"));
});
