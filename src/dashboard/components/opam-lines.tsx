import type { JSX } from "preact";
import { gitAddress } from "../model/address.ts";
import { CopyButton } from "./copy-button.tsx";

/** What to type to make opam use this repository. */
export function OpamLines({ base, name }: { readonly base: string; readonly name: string }): JSX.Element {
  const address = gitAddress(base, name);
  const lines = [
    { what: "A fresh opam", command: "opam init default" },
    { what: "Besides what you have", command: "opam repository add web-mirror" },
    { what: "In place of the default", command: "opam repository set-url default" },
  ];
  return (
    <section class="panel opam-lines" aria-labelledby={`opam-${name}`}>
      <h3 id={`opam-${name}`}>Use it with opam</h3>
      {lines.map(({ what, command }) => (
        <div class="command" key={what}>
          <span class="command-what">{what}</span>
          <code>
            {command} <span>{address}</span>
          </code>
          <CopyButton text={`${command} ${address}`} what={`the command ${command}`} />
        </div>
      ))}
      <p class="remark">
        A service worker answers the pages of this browser only. opam itself clones the repository from the server that{" "}
        <code>npm start</code> runs.
      </p>
    </section>
  );
}
