import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** Which addresses named by opam files may be connected to. What the operator names on the command line is not asked of this. */
export interface AddressRule {
  /** Allows 127.0.0.0/8, ::1 and any port, for sources on this machine. */
  readonly loopback: boolean;
}

/** What opam files use, and what other web servers are usually reached by. */
const ports: ReadonlySet<string> = new Set(["", "80", "443", "8080", "8443"]);

/** IPv4 addresses that are not globally reachable (IANA IPv4 Special-Purpose Address Registry), multicast and reserved ones. */
const privateIpv4 = blockList("ipv4", [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
]);

/**
 * Global unicast is 2000::/3 and nothing else (RFC 4291 §2.4), which leaves out every form of an IPv4 address in an IPv6 one below ::/3
 * (mapped, compatible, translated, NAT64), unique and site local, link local and multicast addresses.
 */
const globalIpv6 = blockList("ipv6", [["2000::", 3]]);

/** Of these not globally reachable, or an IPv4 address in disguise (Teredo, 6to4): IANA IPv6 Special-Purpose Address Registry. */
const privateIpv6 = blockList("ipv6", [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
]);

const loopback = blockList("ipv4", [["127.0.0.0", 8]]);
loopback.addAddress("::1", "ipv6");

function blockList(
  family: "ipv4" | "ipv6",
  ranges: readonly (readonly [network: string, prefix: number])[],
): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family);
  return list;
}

/** Whether an IP address, as a resolver or a URL gives it, may be connected to. False for what is none, and for one with a zone. */
export function allowedAddress(address: string, rule: AddressRule): boolean {
  const version = address.includes("%") ? 0 : isIP(address);
  if (version === 4) return !privateIpv4.check(address) || (rule.loopback && loopback.check(address));
  if (version !== 6) return false;
  if (globalIpv6.check(address, "ipv6") && !privateIpv6.check(address, "ipv6")) return true;
  // Not by the list: that takes ::ffff:127.0.0.1 for 127.0.0.1.
  return rule.loopback && new URL(`http://[${address}]`).hostname === "[::1]";
}

/** Why a URL may not be asked, as far as its text tells: names are judged when they are resolved. Null when it may. */
export function refusedUrl(url: URL, rule: AddressRule): string | null {
  if (url.protocol !== "https:" && url.protocol !== "http:") return `${url.protocol} is neither http nor https`;
  if (url.username !== "" || url.password !== "") return "its address has credentials";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // Node asks no resolver for these, and so not `guardedLookup`.
  if (isIP(host) !== 0 && !allowedAddress(host, rule)) return "its address is not a public one";
  if (!ports.has(url.port) && !rule.loopback) return `port ${url.port} is not one of 80, 443, 8080, 8443`;
  return null;
}

/**
 * A resolver for `http.request`: hands out addresses that may be connected to and no others, so that what was checked is what is
 * connected to, however often the name's answer changes.
 */
export function guardedLookup(rule: AddressRule, resolve: typeof resolveAll = resolveAll): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, options, (error, found) => {
      const addresses = found.filter(({ address }) => allowedAddress(address, rule));
      const [first] = addresses;
      if (error !== null) callback(error, []);
      else if (first === undefined) callback(new Error("its name stands for no public address"), []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function resolveAll(
  hostname: string,
  options: LookupOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => callback(error, error === null ? addresses : []));
}
