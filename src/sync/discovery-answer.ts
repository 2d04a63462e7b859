import { MirrorError } from "../core/errors.ts";
import { remoteText } from "../core/git/pkt-line.ts";

const advertisement = "application/x-git-upload-pack-advertisement";
const result = "application/x-git-upload-pack-result";

/**
 * Checks an answer of discovery before isomorphic-git reads it: that reader takes what is malformed for an empty list.
 * The rules are those of Git's documentation, gitprotocol-http and gitprotocol-v2. Throws `remote-not-git`, `remote-refused`, `protocol-broken`.
 */
export function checkAnswer(bytes: Uint8Array, contentType: string, method: string, remote: string): void {
  const isAdvertisement = method === "GET";
  if (contentType !== (isAdvertisement ? advertisement : result)) {
    throw new MirrorError("remote-not-git", { remote, reason: "it does not answer as a Git server" });
  }
  const lines = dataLines(bytes, remote);
  if (isAdvertisement) checkAdvertisement(lines, remote);
  else for (const line of lines) checkRef(line, remote);
}

/** The text of all packets but flushes. A packet that says ERR is the remote's own refusal. */
function dataLines(bytes: Uint8Array, remote: string): string[] {
  const broken = (reason: string) => new MirrorError("protocol-broken", { remote, reason });
  const lines: string[] = [];
  let ended = false;
  for (let at = 0; at < bytes.length; ) {
    const digits = new TextDecoder("latin1").decode(bytes.subarray(at, at + 4));
    if (!/^[0-9a-f]{4}$/i.test(digits)) {
      throw at === 0
        ? new MirrorError("remote-not-git", { remote, reason: "its answer has no packets" })
        : broken("a packet's length is not hexadecimal");
    }
    const length = Number.parseInt(digits, 16);
    if (length === 0) {
      ended = true;
      at += 4;
      continue;
    }
    if (length < 4 || length > 65520) throw broken(`a packet has the length ${length}`);
    if (at + length > bytes.length) throw broken("its answer ends inside a packet");
    const line = remoteText(bytes.subarray(at + 4, at + length));
    if (line.startsWith("ERR ")) throw new MirrorError("remote-refused", { remote, message: line.slice(4) });
    lines.push(line);
    ended = false;
    at += length;
  }
  if (!ended) throw broken("its answer ends early");
  return lines;
}

function checkAdvertisement(lines: readonly string[], remote: string): void {
  const capabilities = lines[0]?.startsWith("# service=") ? lines.slice(1) : lines;
  if (lines[0]?.startsWith("# service=") && lines[0] !== "# service=git-upload-pack") {
    throw new MirrorError("remote-not-git", { remote, reason: "it answers for another service" });
  }
  if (capabilities[0] !== "version 2") {
    throw new MirrorError("remote-not-git", {
      remote,
      reason: "it does not speak version 2 of Git's protocol, which servers do since Git 2.18",
    });
  }
  const has = (name: string) => capabilities.some((line) => line === name || line.startsWith(`${name}=`));
  if (!has("ls-refs") || !has("fetch"))
    throw new MirrorError("remote-not-git", { remote, reason: "it cannot list refs or send packs" });
  const format = capabilities.find((line) => line.startsWith("object-format="));
  if (format !== undefined && format !== "object-format=sha1") {
    throw new MirrorError("remote-not-git", {
      remote,
      reason: `its objects are named by ${format.slice(14, 40)} and only sha1 is supported`,
    });
  }
}

function checkRef(line: string, remote: string): void {
  if (!/^([0-9a-f]{40}|unborn) \S+( \S+)*$/.test(line))
    throw new MirrorError("protocol-broken", { remote, reason: "its list of refs is malformed" });
}
