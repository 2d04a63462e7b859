import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const source = fileURLToPath(new URL("opam_oracle.ml", import.meta.url));

/** A program that reads opam files with opam's own library, built from `opam_oracle.ml`. */
export class OpamOracle {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Null where the compiler or the library is missing. */
  static async build(): Promise<OpamOracle | null> {
    const run = promisify(execFile);
    const found = await run("ocamlfind", ["query", "opam-file-format"]).catch(() => null);
    if (found === null) return null;
    const folder = mkdtempSync(join(tmpdir(), "opam-oracle-"));
    const args = ["ocamlopt", "-package", "opam-file-format", "-linkpkg", "-o", "oracle", "opam_oracle.ml"];
    await run("cp", [source, folder]);
    await run("ocamlfind", args, { cwd: folder });
    return new OpamOracle(folder);
  }

  /** One line for each text, see opam_oracle.ml. */
  read(texts: readonly Uint8Array[], mode: "tree" | "sections"): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const child = spawn(join(this.#folder, "oracle"), [mode], { stdio: ["pipe", "pipe", "inherit"] });
      const chunks: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
      child.once("error", reject);
      child.once("close", (code) => {
        const lines = Buffer.concat(chunks).toString("utf8").split("\n").slice(0, -1);
        if (code === 0 && lines.length === texts.length) resolve(lines);
        else reject(new Error(`the oracle ended with ${code} after ${lines.length} of ${texts.length} texts`));
      });
      child.stdin.on("error", reject);
      child.stdin.end(Buffer.concat(texts.flatMap((text) => [Buffer.from(`${text.length}\n`), text])));
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
