import { MirrorError } from "../../../src/core/errors.ts";
import { mount } from "../../../src/dashboard/mount.tsx";
import { fakeMirror } from "../fake-mirror.ts";
import { archiveProblems, keepings, recentUpdates, scenarios } from "./scenarios.ts";

/** `?scenario=NAME` of scenarios.ts, or `starting`, `unsupported`; `&update` offers a new version, `&uncontrolled` is a hard reload, `&live` runs a clone, `&updates` tells of earlier updates, `&problems` of opam files, `&keeping=NAME` of archives. */
const wanted = new URLSearchParams(location.search);
const name = wanted.get("scenario") ?? "ready";
const mirror = fakeMirror(scenarios[name] ?? null, {
  base: "https://opam-mirror.example/",
  requestsControlled: !wanted.has("uncontrolled"),
  updates: wanted.has("updates") ? recentUpdates : [],
  problems: wanted.has("problems") ? archiveProblems : [],
  keeping: keepings[wanted.get("keeping") ?? "nothing"] ?? keepings.nothing!,
});
Object.assign(globalThis, { fake: mirror, scenarios });

mount(document, () => {
  if (name === "starting") return new Promise(() => undefined);
  if (name === "unsupported") {
    return Promise.reject(
      new MirrorError("unsupported", { feature: "service workers", advice: "Open the page in an ordinary window." }),
    );
  }
  if (wanted.has("here")) Object.assign(mirror, { base: new URL("./", document.baseURI).href });
  setTimeout(() => {
    if (wanted.has("update")) mirror.announceUpdate();
    if (wanted.has("live")) live();
  });
  return Promise.resolve(mirror);
});

function live(): void {
  const start = scenarios.cloning!;
  const first = start.repositories[0]!;
  const began = performance.now();
  const step = () => {
    const seconds = (performance.now() - began) / 1000;
    const objects = Math.round(14_000 + seconds * 6_900);
    const progress = { bytes: Math.round(objects * 261.2), objects, totalObjects: 42_156 };
    if (objects < 42_156) mirror.set({ ...start, repositories: [{ ...first, progress }] });
    if (objects < 42_156) setTimeout(step, 150);
  };
  step();
}
