import type { MirrorConfig } from "../../protocol/config.ts";

/** Whether the server behind this page answers native opam itself; a static host, or one that is out of reach, does not. */
export async function serverAnswersOpam(base: string): Promise<boolean> {
  // Nobody but the server that the page came from is asked.
  if (new URL(base).origin !== location.origin) return false;
  try {
    const answer = await fetch(new URL("gateway/config.json", base), { cache: "no-cache" });
    return answer.ok && ((await answer.json()) as MirrorConfig).native === true;
  } catch {
    return false;
  }
}
