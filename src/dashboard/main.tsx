import { openMirror } from "../client/mirror.ts";
import type { Mirror } from "../client/mirror-interface.ts";
import { mount } from "./mount.tsx";

declare global {
  /** The dashboard's mirror, for the console and for tests. */
  var opamMirror: Mirror | undefined;
}

mount(document, async () => {
  const mirror = await openMirror();
  globalThis.opamMirror = mirror;
  return mirror;
});
