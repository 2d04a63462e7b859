import { spawn } from "node:child_process";
import { on } from "node:events";
import type { Readable } from "node:stream";

export interface Display {
  /** For the environment variable DISPLAY. */
  readonly name: string;
  close(): void;
}

/** The display that the environment names, or a virtual one of our own. */
export async function openDisplay(): Promise<Display> {
  const { DISPLAY } = process.env;
  if (DISPLAY) return { name: DISPLAY, close: () => {} };
  // The server picks a free number by itself and writes it to the descriptor.
  const server = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const close = (): void => void server.kill("SIGKILL");
  process.once("exit", close);
  const failed = new Promise<never>((_, reject) => {
    server.once("error", (error) => reject(new Error(`Xvfb did not start: ${error.message}`)));
    server.once("exit", (code) => reject(new Error(`Xvfb ended with ${code}.`)));
  });
  failed.catch(() => {});
  const number = await Promise.race([firstLine(server.stdio[3] as Readable), failed]);
  server.unref();
  return {
    name: `:${number}`,
    close: () => {
      process.off("exit", close);
      close();
    },
  };
}

async function firstLine(stream: Readable): Promise<string> {
  let text = "";
  for await (const [chunk] of on(stream, "data", { close: ["end"] })) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  return text.trim();
}
