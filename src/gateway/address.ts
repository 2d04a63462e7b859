import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** Addresses of one family that begin alike; `--source-network`. */
export interface Network {
  readonly family: "ipv4" | "ipv6";
  readonly address: string;
  /** Bits. */
  readonly prefix: number;
}

/** Which addresses named by opam files may be connected to. What the operator names on the command line is not asked of this. */
export interface AddressRule {
  /** Addresses that may be connected to besides public ones, at any port. Apart, because a list with both families takes ::ffff:127.0.0.1 for 127.0.0.1. */
  readonly ipv4: BlockList;
  readonly ipv6: BlockList;
  readonly none: boolean;
}

/** Public addresses, and those of `networks`. */
export function addressRule(networks: readonly Network[]): AddressRule {
  const rule = { ipv4: new BlockList(), ipv6: new BlockList(), none: networks.length === 0 };
  for (const { family, address, prefix } of networks) rule[family].addSubnet(address, prefix, family);
  return rule;
}

/** `address[/bits]`; null for anything else. */
export function networkOf(text: string): Network | null {
  const [, address = "", bits] = /^([\da-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const version = isIP(address);
  const all = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? all : Number(bits);
  return version === 0 || prefix > all ? null : { family: version === 4 ? "ipv4" : "ipv6", address, prefix };
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
  if (isNamed(address, rule)) return true;
  const version = versionOf(address);
  if (version === 4) return !privateIpv4.check(address);
  return version === 6 && globalIpv6.check(address, "ipv6") && !privateIpv6.check(address, "ipv6");
}

/** Whether an address is of a network that the operator named. */
function isNamed(address: string, rule: AddressRule): boolean {
  const version = versionOf(address);
  return version === 4 ? rule.ipv4.check(address, "ipv4") : version === 6 && rule.ipv6.check(address, "ipv6");
}

function versionOf(address: string): number {
  return address.includes("%") ? 0 : isIP(address);
}

/** Why a URL may not be asked, as far as its text tells: names are judged when they are resolved. Null when it may. */
export function refusedUrl(url: URL, rule: AddressRule): string | null {
  if (url.protocol !== "https:" && url.protocol !== "http:") return `${url.protocol} is neither http nor https`;
  if (url.username !== "" || url.password !== "") return "its address has credentials";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const isName = isIP(host) === 0;
  // Node asks no resolver for addresses, and so not `guardedLookup`.
  if (!isName && !allowedAddress(host, rule)) return "its address is not a public one";
  if (ports.has(url.port) || (isName ? !rule.none : isNamed(host, rule))) return null;
  return `port ${url.port} is not one of 80, 443, 8080, 8443`;
}

/**
 * A resolver for `http.request` to `url`: hands out addresses that may be connected to and no others, so that what was checked is what
 * is connected to, however often the name's answer changes.
 */
export function guardedLookup(
  { port }: Pick<URL, "port">,
  rule: AddressRule,
  resolve: typeof resolveAll = resolveAll,
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, options, (error, found) => {
      const allowed = found.filter(({ address }) => allowedAddress(address, rule));
      const addresses = ports.has(port) ? allowed : allowed.filter(({ address }) => isNamed(address, rule));
      const [first] = addresses;
      if (error !== null) callback(error, []);
      else if (first === undefined)
        callback(
          new Error(
            allowed.length === 0
              ? "its name stands for no public address"
              : `port ${port} is not one of 80, 443, 8080, 8443`,
          ),
          [],
        );
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
