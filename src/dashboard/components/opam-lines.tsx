import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { nameBeside } from "../../protocol/names.ts";
import { gitAddress, repositoryAddress } from "../model/address.ts";
import { serverAnswersOpam } from "../model/native.ts";
import { CopyButton } from "./copy-button.tsx";

/** What to type to make opam use this repository. */
export function OpamLines({ base, name }: { readonly base: string; readonly name: string }): JSX.Element {
  const [native, setNative] = useState(false);
  useEffect(() => void serverAnswersOpam(base).then(setNative), [base]);
  const address = native ? repositoryAddress(base, name) : gitAddress(base, name);
  const lines = [
    { what: "A fresh opam", command: "opam init default" },
    { what: "Besides what you have", command: `opam repository add ${nameBeside(name)}` },
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
        A service worker answers the pages of this browser only. opam itself asks the server that <code>npm start</code>{" "}
        runs, {native ? "which keeps a mirror of its own" : "whose Git repository it clones"}.
      </p>
    </section>
  );
}
