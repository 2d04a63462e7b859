import { deflateSync, gzipSync } from "node:zlib";
import type { ErrorCode } from "../../../../src/core/errors.ts";
import { contentTypes, type HostileReply, send, type Where } from "../hostile-reply.ts";

type Add = (
  title: string,
  codes: readonly ErrorCode[],
  respond: HostileReply["respond"],
  own?: Partial<HostileReply>,
) => void;

/** What can go wrong with any HTTP answer, at one of the three requests. */
export function transportReplies(where: Where): HostileReply[] {
  const out: HostileReply[] = [];
  const add: Add = (title, codes, respond, own = {}) => {
    out.push({ title: `${where}: ${title}`, where, codes, respond, ...own });
  };
  statuses(add, where);
  redirects(add);
  bodies(add, where);
  connections(add, where);
  return out;
}

const notGit = ["remote-not-git", "protocol-broken"] as const;
const cutOff = ["remote-unreachable", "protocol-broken", "pack-truncated", "remote-not-git"] as const;

function statuses(add: Add, where: Where): void {
  const list =
    where === "info-refs" ? [400, 403, 404, 405, 410, 418, 451, 500, 501, 502, 503, 504, 599] : [404, 413, 500, 502];
  for (const status of list) {
    const auth = status === 403 ? (["remote-auth"] as const) : [];
    add(`status ${status}`, ["remote-status", ...auth], (_, res) => {
      res.writeHead(status, { "Content-Type": "text/plain" });
      res.end("No \u001b[31mGit\u001b[0m here\u0007\n");
    });
  }
  add("status 204", ["remote-status", ...notGit, "remote-empty"], (_, res) => {
    res.writeHead(204);
    res.end();
  });
  add("status 503 with Retry-After", ["remote-status"], (_, res) => {
    res.writeHead(503, { "Retry-After": "120", "Content-Type": "text/html" });
    res.end("<h1>Maintenance</h1>");
  });
  for (const [title, retryAfter] of [
    ["in seconds", "7"],
    ["as a date", "Wed, 21 Oct 2037 07:28:00 GMT"],
    ["that is no time", "soon\t"],
  ] as const) {
    add(`status 429 with Retry-After ${title}`, ["remote-status"], (_, res) => {
      res.writeHead(429, { "Retry-After": retryAfter });
      res.end("Too many requests\n");
    });
  }
  const challenges = {
    "without a challenge": undefined,
    "with Basic": 'Basic realm="forge"',
    "with a scheme unknown to clients": "Negotiate",
  } as const;
  for (const [title, challenge] of Object.entries(challenges)) {
    add(`status 401 ${title}`, ["remote-auth", "remote-status"], (_, res) => {
      res.writeHead(401, challenge === undefined ? {} : { "WWW-Authenticate": challenge });
      res.end("Who are you?\n");
    });
  }
  add("status 200 with right body and status 500 in the text", notGit, (_, res) =>
    send(res, where, "HTTP/1.1 500 Internal Server Error\r\n\r\n"),
  );
}

function redirects(add: Add): void {
  const codes = ["remote-status", "remote-unreachable", "remote-not-git", "protocol-broken"] as const;
  for (const status of [301, 302, 303, 307, 308]) {
    add(`status ${status} to itself`, codes, (req, res) => {
      res.writeHead(status, { Location: req.url ?? "/" });
      res.end();
    });
  }
  add("status 302 without a Location", codes, (_, res) => {
    res.writeHead(302);
    res.end();
  });
  add("status 302 to a page", codes, (_, res) => {
    res.writeHead(302, { Location: "/login?next=repo" });
    res.end();
  });
  add("status 302 to a port that is closed", codes, (_, res) => {
    res.writeHead(302, { Location: "http://127.0.0.1:1/repo.git/info/refs" });
    res.end();
  });
  add("status 302 to a file: URL", codes, (_, res) => {
    res.writeHead(302, { Location: "file:///etc/passwd" });
    res.end();
  });
}

function bodies(add: Add, where: Where): void {
  const html = "<!doctype html><title>Sign in</title><script>alert(1)</script>";
  add("HTML", notGit, (_, res) => {
    res.writeHead(200, { "Content-Type": "text/html" });
    res.end(html);
  });
  add("HTML with the right type", notGit, (_, res) => send(res, where, html));
  add("empty", [...notGit, "pack-truncated", "remote-empty"], (_, res) => send(res, where, ""));
  add("only a flush", [...notGit, "pack-truncated", "remote-empty", "branch-missing", "object-missing"], (_, res) =>
    send(res, where, "0000"),
  );
  add(
    "right body, wrong type",
    notGit,
    async (_, res, real) => {
      res.writeHead(200, { "Content-Type": "text/plain" });
      res.end(await real());
    },
    { mayWork: true },
  );
  add(
    "right body, no type",
    notGit,
    async (_, res, real) => {
      res.writeHead(200);
      res.end(await real());
    },
    { mayWork: true },
  );
  add(
    "packed with gzip",
    cutOff,
    async (_, res, real) => send(res, where, gzipSync(await real()), { "Content-Encoding": "gzip" }),
    { mayWork: true },
  );
  add(
    "packed with deflate",
    cutOff,
    async (_, res, real) => send(res, where, deflateSync(await real()), { "Content-Encoding": "deflate" }),
    { mayWork: true },
  );
  add("packed with gzip and cut", cutOff, async (_, res, real) => {
    const packed = gzipSync(await real());
    send(res, where, packed.subarray(0, Math.floor(packed.length / 2)), { "Content-Encoding": "gzip" });
  });
  add("gzip that nobody announces", notGit, async (_, res, real) => send(res, where, gzipSync(await real())));
  add("announced as gzip, and is not", cutOff, async (_, res, real) =>
    send(res, where, await real(), { "Content-Encoding": "gzip" }),
  );
  for (const head of ["0003", "zzzz", "-001", "0x0a", " 12a", "00"]) {
    add(`pkt length ${JSON.stringify(head)} first`, [...notGit, "pack-truncated"], async (_, res, real) =>
      send(res, where, Buffer.concat([Buffer.from(head), await real()])),
    );
  }
  for (const head of ["0001", "0002"]) {
    add(
      `the special packet ${head} first`,
      notGit,
      async (_, res, real) => send(res, where, Buffer.concat([Buffer.from(head), await real()])),
      {
        // A reader may skip a delimiter where it means nothing.
        mayWork: true,
      },
    );
  }
  add("a packet longer than Git allows", [...notGit, "pack-truncated"], (_, res) =>
    send(res, where, `fff1${"x".repeat(65_521 - 4)}`),
  );
  add("a packet longer than the answer", [...notGit, "pack-truncated"], (_, res) => send(res, where, "fff0short"));
  add("an ERR packet", ["remote-refused"], (_, res) => send(res, where, packet("ERR access denied\n")));
  add("an ERR packet with control characters", ["remote-refused"], (_, res) =>
    send(res, where, packet("ERR \u001b]0;title\u0007\u001b[2J\u0000denied\r\n\u202eevil\u0085")),
  );
  add("an ERR packet of 60 kB", ["remote-refused"], (_, res) =>
    send(res, where, packet(`ERR ${"very long ".repeat(6000)}`)),
  );
}

function packet(text: string): string {
  return (Buffer.byteLength(text) + 4).toString(16).padStart(4, "0") + text;
}

function connections(add: Add, where: Where): void {
  const timeout = ["remote-timeout", "remote-unreachable", "deadline"] as const;
  add("connection closed before the head", ["remote-unreachable"], (_, res) => void res.destroy());
  add("connection closed behind the head", cutOff, (_, res) => {
    res.writeHead(200, { "Content-Type": contentTypes[where] });
    res.flushHeaders();
    res.write("00");
    setTimeout(() => res.destroy(), 20);
  });
  add("shorter than its Content-Length", cutOff, async (_, res, real) => {
    const body = await real();
    res.writeHead(200, { "Content-Type": contentTypes[where], "Content-Length": String(body.length) });
    res.write(body.subarray(0, Math.floor(body.length / 2)));
    setTimeout(() => res.destroy(), 20);
  });
  add("never answers", timeout, () => {}, { needsDeadline: true });
  add(
    "head, then silence",
    timeout,
    (_, res) => {
      res.writeHead(200, { "Content-Type": contentTypes[where] });
      res.flushHeaders();
    },
    { needsDeadline: true },
  );
  add(
    "half of the body, then silence",
    timeout,
    async (_, res, real) => {
      const body = await real();
      res.writeHead(200, { "Content-Type": contentTypes[where] });
      res.write(body.subarray(0, Math.floor(body.length / 2)));
    },
    { needsDeadline: true },
  );
  add(
    "one byte every 50 ms",
    timeout,
    async (_, res, real) => {
      const body = await real();
      res.writeHead(200, { "Content-Type": contentTypes[where] });
      let at = 0;
      const timer = setInterval(() => {
        if (at < body.length) res.write(body.subarray(at, ++at));
        else {
          clearInterval(timer);
          res.end();
        }
      }, 50);
      res.on("close", () => clearInterval(timer));
    },
    { needsDeadline: true, mayWork: true },
  );
  add(
    "right, in pieces of three bytes",
    ["protocol-broken"],
    async (_, res, real) => {
      const body = (await real()).subarray();
      res.writeHead(200, { "Content-Type": contentTypes[where] });
      for (let at = 0; at < body.length; at += at < 300 ? 3 : 60_000)
        res.write(body.subarray(at, at + (at < 300 ? 3 : 60_000)));
      res.end();
    },
    { mayWork: true },
  );
}
