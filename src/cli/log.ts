import type { Log } from "../gateway/options.ts";

/** Lines for people, or one JSON object a line for machines: `time`, `message`, and what the message is made of. On standard error. */
export function logTo(format: "text" | "json", write: (text: string) => void): Log {
  if (format === "text") return (message) => write(`${message}\n`);
  return (message, facts) => write(`${JSON.stringify({ time: new Date().toISOString(), message, ...facts })}\n`);
}
