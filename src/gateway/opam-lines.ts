import { nameBeside } from "../protocol/names.ts";

export interface OpamLine {
  readonly what: string;
  readonly command: string;
}

/** What to type to make opam use a repository; `site` is the address of everything that is served, ending in a slash. */
export function opamLines(site: string, name: string): readonly OpamLine[] {
  const address = `${site}opam/${name}`;
  return [
    { what: "A fresh opam", command: `opam init default ${address}` },
    { what: "In place of the default", command: `opam repository set-url default ${address}` },
    {
      what: "Besides what you have",
      command: `opam repository add ${nameBeside(name)} ${address}`,
    },
  ];
}
