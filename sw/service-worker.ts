/// <reference lib="webworker" />
import { type PageToServiceWorker, protocolVersion } from "../src/protocol/messages.ts";
import { scopeNames } from "../src/protocol/names.ts";
import { AppShell } from "./app-shell.ts";
import { configure } from "./configure.ts";
import { type EngineScope, importEngineScript } from "./engine-script.ts";
import { residentSync } from "./resident.ts";
import { openServing } from "./serving.ts";

declare const self: ServiceWorkerGlobalScope;
declare const __APP_VERSION__: string;
declare const __APP_ASSETS__: readonly string[];

/** Shorter than in the sync worker: this thread is the one that answers. */
const sliceMs = 2;

const names = scopeNames(self.registration.scope);
const { store, handler, link, channel } = openServing(self, names, sliceMs, (repository, order) =>
  resident.update(repository, order),
);
const resident = residentSync(self, names, store, channel, link, sliceMs);
const shell = new AppShell(self.registration.scope, names, __APP_VERSION__, __APP_ASSETS__);

self.addEventListener("install", (event) => {
  try {
    importEngineScript(self as unknown as EngineScope);
  } catch {
    // Everything else works without it; a sync without a page says what is missing.
  }
  event.waitUntil(shell.install());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([shell.removeOld(), self.clients.claim(), handler.refresh()]));
});

self.addEventListener("message", (event) => {
  const message = event.data as PageToServiceWorker;
  if (message?.protocol !== protocolVersion) return;
  switch (message.type) {
    case "claim":
      return event.waitUntil(self.clients.claim());
    case "take-over":
      return event.waitUntil(self.skipWaiting());
    case "configure":
      return event.waitUntil(configure(store, message.repositories, handler.refresh, event.ports[0]));
    case "engine-port":
      return link.connect(message.port as MessagePort);
  }
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.cache === "only-if-cached" && request.mode !== "same-origin") return;
  const url = new URL(request.url);
  const asset = shell.match(request, url);
  if (asset !== null) return event.respondWith(shell.answer(asset, request));
  if (handler.matches(url, request) === null) return;
  const answer = handler(request);
  // While the answer is given the event may still be extended, by the sync that it has set off.
  event.respondWith(
    answer.then((response) => {
      if (resident.busy) event.waitUntil(resident.rest());
      return response;
    }),
  );
  if (!resident.looked) event.waitUntil(answer.then(goOn));
});

// Where the browser offers them: for the rest of a sync that was stopped, and now and then without any page.
self.addEventListener("sync", (event) => (event as ExtendableEvent).waitUntil(goOn()));
self.addEventListener("periodicsync", (event) => (event as ExtendableEvent).waitUntil(updateAll()));

async function goOn(): Promise<void> {
  await resident.resume();
  await resident.rest();
}

async function updateAll(): Promise<void> {
  for (const { name } of await store.repositories()) resident.update(name);
  await resident.rest();
}
