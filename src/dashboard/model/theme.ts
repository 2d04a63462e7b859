import { effect } from "@preact/signals";
import { Preference } from "./preference.ts";

export const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

/** The remembered theme, kept applied to the document: `data-theme` decides `color-scheme`, the style sheet does the rest. */
export function openTheme(base: string, root: HTMLElement): Preference<Theme> {
  const preference = new Preference<Theme>(base, "theme", themes, "auto");
  const metas = [...root.ownerDocument.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')];
  const colours = new Map(metas.map((meta) => [meta.media.includes("dark") ? "dark" : "light", meta.content]));
  effect(() => {
    const { value } = preference.value;
    if (value === "auto") delete root.dataset.theme;
    else root.dataset.theme = value;
    for (const meta of metas) {
      const own = meta.media.includes("dark") ? "dark" : "light";
      meta.content = colours.get(value === "auto" ? own : value) ?? meta.content;
    }
  });
  return preference;
}
