import type { JSX } from "preact";
import type { Preference } from "../model/preference.ts";
import { pages, type Route } from "../model/route.ts";
import type { Theme } from "../model/theme.ts";
import { BrandMark } from "./brand-mark.tsx";
import { ThemeToggle } from "./theme-toggle.tsx";

export function Masthead(props: { readonly page: Route["page"]; readonly theme: Preference<Theme> }): JSX.Element {
  return (
    <header class="masthead">
      <a class="brand" href="#/" aria-label="opam mirror, start page">
        <BrandMark />
        <span class="brand-name">opam mirror</span>
      </a>
      <nav aria-label="Pages">
        <ul>
          {pages.map(({ id, hash, label }) => (
            <li key={id}>
              <a href={hash} aria-current={id === props.page ? "page" : undefined}>
                {label}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <ThemeToggle theme={props.theme} />
    </header>
  );
}
