import { CacheFirst } from "workbox-strategies";
import { scope, takeOverAtOnce } from "./service-worker-scope.ts";

const strategy = new CacheFirst({ cacheName: "files" });

takeOverAtOnce();
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (!new URL(request.url).pathname.includes("/opam/")) return;
  event.respondWith(strategy.handle({ event: event as never, request }));
});
