import type { JSX } from "preact";
import type { Preference } from "../model/preference.ts";
import { type Theme, themes } from "../model/theme.ts";

const words: Readonly<Record<Theme, string>> = { auto: "as the system", light: "light", dark: "dark" };

/** One button that goes through the themes; its shape is the theme it stands for. */
export function ThemeToggle({ theme }: { readonly theme: Preference<Theme> }): JSX.Element {
  const now = theme.value.value;
  const next = themes[(themes.indexOf(now) + 1) % themes.length] ?? "auto";
  const label = `Theme: ${words[now]}. Change to ${words[next]}.`;
  return (
    <button class="theme-toggle" type="button" aria-label={label} title={label} onClick={() => theme.set(next)}>
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
        {now === "light" && (
          <>
            <circle cx="10" cy="10" r="3.6" class="filled" />
            <path d="M10 1.5v2.4M10 16.1v2.4M1.5 10h2.4M16.1 10h2.4M4 4l1.7 1.7M14.3 14.3 16 16M4 16l1.7-1.7M14.3 5.7 16 4" />
          </>
        )}
        {now === "dark" && <path d="M16.5 12.4A7 7 0 0 1 7.6 3.5a7 7 0 1 0 8.9 8.9Z" class="filled" />}
        {now === "auto" && (
          <>
            <circle cx="10" cy="10" r="7" />
            <path d="M10 3a7 7 0 0 1 0 14Z" class="filled" />
          </>
        )}
      </svg>
    </button>
  );
}
