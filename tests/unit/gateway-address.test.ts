import type { LookupAddress } from "node:dns";
import { describe, expect, test } from "vitest";
import { addressRule, allowedAddress, guardedLookup, networkOf, refusedUrl } from "../../src/gateway/address.ts";

const strict = addressRule([]);
const lenient = addressRule([networkOf("127.0.0.0/8")!, networkOf("::1")!]);

/** First, some inner and last addresses of each range, and their neighbours outside. */
const publicAddresses = `
  1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 140.82.121.3
  169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.1.255 192.0.3.0 192.88.98.255
  192.88.100.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0
  223.255.255.255 2001:200:: 2001:4860:4860::8888 2001:db7:ffff:: 2001:db9:: 2000:: 2003:: 2606:50c0:8000::153
  2a00:1450:4001:830::200e 3ffe:ffff:: 3fff:1000:: 3fff:ffff:: 2001:ffff:: 2600:: 2606:4700:4700:0:0:0:0:1111`;

const refusedAddresses = `
  0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255 127.0.0.0 127.0.0.1
  127.0.0.53 127.1.2.3 127.255.255.255 169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255 172.16.0.0 172.17.0.1
  172.31.255.255 192.0.0.0 192.0.0.8 192.0.0.192 192.0.0.255 192.0.2.0 192.0.2.255 192.88.99.0 192.88.99.255 192.168.0.0
  192.168.1.1 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255 224.0.0.0 224.0.0.251
  239.255.255.255 240.0.0.0 255.255.255.254 255.255.255.255
  :: ::1 ::2 ::7f00:1 ::127.0.0.1 ::10.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.1.2.3 ::ffff:a9fe:a9fe
  ::ffff:169.254.169.254 ::ffff:8.8.8.8 0:0:0:0:0:ffff:127.0.0.1 ::ffff:0:127.0.0.1 ::ffff:0:0:1 ::ffff:0:a00:1
  64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::8.8.8.8 64:ff9b:1::1 64:ff9b:1:ffff:ffff:ffff:7f00:1
  100:: 100::1 100:0:0:1::1 2001:: 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:1::1 2001:2::1 2001:3::1 2001:10::1 2001:20::1
  2001:1ff:ffff:: 2001:db8:: 2001:db8::1 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2002:: 2002:7f00:1:: 2002:7f00:0001::1
  2002:c0a8:101::1 2002:808:808:: 2002:ffff:ffff:: 3fff:: 3fff:fff:ffff:: 4000:: 5f00:: 5f00::1 8000:: a000:: fbff:: fc00:: fc00::1
  fd00::1 fd00:ec2::254 fdff:ffff:: fe00:: fe80:: fe80::1 fe80::1%eth0 febf:ffff:: fec0:: fec0::1 feff:: ff00:: ff02::1 ff05::2
  ff0e::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 1fff:ffff:: ::ffff:0.0.0.0 2606:50c0:8000::153%1`;

const malformed = [
  "",
  "localhost",
  "1.2.3",
  "1.2.3.4.5",
  "256.1.1.1",
  "0x8.8.8.8",
  "8.8.8.8 ",
  "[2606::1]",
  "2606::1::2",
];

const words = (text: string) => text.trim().split(/\s+/);

describe("addresses", () => {
  test("the table is a large one", () => {
    expect(words(publicAddresses).length + words(refusedAddresses).length).toBeGreaterThanOrEqual(160);
  });

  test.each(words(publicAddresses))("%s may be connected to", (address) => {
    expect(allowedAddress(address, strict)).toBe(true);
    expect(allowedAddress(address, lenient)).toBe(true);
  });

  test.each([...words(refusedAddresses), ...malformed])("%s may not", (address) => {
    expect(allowedAddress(address, strict)).toBe(false);
    const here = address === "::1" || address.startsWith("127.");
    expect(allowedAddress(address, lenient)).toBe(here);
  });
});

describe("URLs", () => {
  test.each([
    "https://github.com/x.tar.gz",
    "http://example.org/x",
    "http://example.org:8080/x",
    "https://example.org:8443/x",
    "https://example.org:80/x",
    "https://1.1.1.1/x",
    "https://[2606:50c0:8000::153]/x",
  ])("%s may be asked", (url) => expect(refusedUrl(new URL(url), strict)).toBeNull());

  test.each([
    ["ftp://example.org/x", "neither"],
    ["file:///etc/passwd", "neither"],
    ["gopher://example.org/", "neither"],
    ["data:text/plain,x", "neither"],
    ["https://user@example.org/", "credentials"],
    ["https://:secret@example.org/", "credentials"],
    ["https://example.org:22/", "port"],
    ["http://example.org:6379/", "port"],
    ["http://127.0.0.1/", "public"],
    ["http://127.1/", "public"],
    ["http://2130706433/", "public"],
    ["http://0x7f000001/", "public"],
    ["http://0177.0.0.1/", "public"],
    ["http://0/", "public"],
    ["http://127.0.0.1./", "public"],
    ["http://１２７.0.0.1/", "public"],
    ["http://[::1]/", "public"],
    ["http://[::ffff:169.254.169.254]/", "public"],
    ["http://[0:0:0:0:0:ffff:7f00:1]/", "public"],
    ["http://169.254.169.254/latest/meta-data/", "public"],
  ])("%s may not: %s", (url, reason) => expect(refusedUrl(new URL(url), strict)).toContain(reason));
});

describe("names", () => {
  const resolvingFor = (rule: typeof strict, port: string, ...addresses: string[]) =>
    guardedLookup({ port }, rule, (_name, _options, callback) =>
      callback(
        null,
        addresses.map((address): LookupAddress => ({ address, family: address.includes(":") ? 6 : 4 })),
      ),
    );
  const resolving = (...addresses: string[]) => resolvingFor(strict, "", ...addresses);
  const ask = (lookup: ReturnType<typeof guardedLookup>, all: boolean) =>
    new Promise<unknown>((resolve) =>
      lookup("name.example", { all }, (error, address, family) =>
        resolve(error?.message ?? (all ? address : { address, family })),
      ),
    );

  test.each([[["127.0.0.1"]], [["::1", "10.0.0.1"]], [["::ffff:8.8.8.8"]], [[]]])(
    "%j: nothing is left",
    async (found) => {
      expect(await ask(resolving(...found), true)).toContain("no public address");
      expect(await ask(resolving(...found), false)).toContain("no public address");
    },
  );

  test("only what may be connected to is handed out", async () => {
    const lookup = resolving("10.0.0.1", "8.8.8.8", "fd00::1", "2606:50c0:8000::153");
    expect(await ask(lookup, true)).toEqual([
      { address: "8.8.8.8", family: 4 },
      { address: "2606:50c0:8000::153", family: 6 },
    ]);
    expect(await ask(lookup, false)).toEqual({ address: "8.8.8.8", family: 4 });
  });

  test("what the system's resolver says of localhost is refused", async () => {
    expect(
      await new Promise((resolve) =>
        guardedLookup({ port: "" }, strict)("localhost", { all: true }, (error) => resolve(error?.message)),
      ),
    ).toContain("no public address");
  });

  test("of a named network, at any port; of public ones at the usual ports", async () => {
    const rule = addressRule([networkOf("10.0.0.0/8")!, networkOf("fd00::/8")!]);
    const addresses = ["10.1.2.3", "192.168.0.1", "8.8.8.8", "fd00::1", "::ffff:10.1.2.3"];
    const handedOut = async (port: string, ...found: string[]) => {
      const answer = await ask(resolvingFor(rule, port, ...found), true);
      return Array.isArray(answer) ? answer.map(({ address }: LookupAddress) => address) : answer;
    };
    expect(await handedOut("", ...addresses)).toEqual(["10.1.2.3", "8.8.8.8", "fd00::1"]);
    expect(await handedOut("3000", ...addresses)).toEqual(["10.1.2.3", "fd00::1"]);
    expect(await handedOut("3000", "8.8.8.8")).toContain("port 3000");
    expect(await handedOut("3000", "192.168.0.1")).toContain("no public address");
  });
});

describe("networks that the operator names", () => {
  const rule = addressRule(["10.0.0.0/8", "192.168.7.9", "fd00::/8"].map((text) => networkOf(text)!));

  test.each([
    ["http://10.255.0.1:3000/x", null],
    ["http://192.168.7.9/x", null],
    ["http://[fd12::1]:81/x", null],
    ["http://name.example:3000/x", null],
    ["http://1.1.1.1/x", null],
    ["http://1.1.1.1:3000/x", "port"],
    ["http://192.168.7.8/x", "public"],
    ["http://127.0.0.1/x", "public"],
    ["http://169.254.169.254/x", "public"],
    ["http://[::ffff:10.0.0.1]/x", "public"],
    ["http://me@10.0.0.1/x", "credentials"],
    ["ftp://10.0.0.1/x", "neither"],
  ])("%s: %s", (url, reason) => {
    const refused = refusedUrl(new URL(url), rule);
    if (reason === null) expect(refused).toBeNull();
    else expect(refused).toContain(reason);
  });

  test.each(["", "10.0.0.0/33", "10.0.0/8", "::/129", "fd00::%eth0/8", "example.org", "10.0.0.0/", "10.0.0.0/8/8"])(
    "%j is none",
    (text) => expect(networkOf(text)).toBeNull(),
  );
});
