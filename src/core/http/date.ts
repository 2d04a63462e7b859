/** Seconds since the Unix epoch as an IMF-fixdate (RFC 9110 §5.6.7), e.g. `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function httpDate(seconds: number): string {
  // ECMAScript defines toUTCString in this very form for the years 0000–9999.
  return new Date(Math.min(Math.max(0, Math.floor(seconds)), 253_402_300_799) * 1000).toUTCString();
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const imf = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const rfc850 = /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
const asctime = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/**
 * Seconds since the Unix epoch, or null for what is not an HTTP-date. Accepts the three forms of RFC 9110 §5.6.7;
 * a two-digit year more than 50 years after `nowSeconds` belongs to the century before.
 */
export function parseHttpDate(text: string, nowSeconds: number): number | null {
  const modern = imf.exec(text);
  if (modern) return seconds(Number(modern[3]), modern[2]!, modern[1]!, modern.slice(4));
  const old = rfc850.exec(text);
  if (old) {
    const thisYear = new Date(nowSeconds * 1000).getUTCFullYear();
    let year = thisYear - (thisYear % 100) + Number(old[3]);
    if (year > thisYear + 50) year -= 100;
    return seconds(year, old[2]!, old[1]!, old.slice(4));
  }
  const c = asctime.exec(text);
  if (c) return seconds(Number(c[6]), c[1]!, c[2]!, c.slice(3, 6));
  return null;
}

function seconds(year: number, monthName: string, dayText: string, time: readonly string[]): number | null {
  const month = months.indexOf(monthName);
  const day = Number(dayText);
  const [hour, minute, second] = time.map(Number) as [number, number, number];
  const date = new Date(Date.UTC(year, month, day, hour, minute, second));
  if (month < 0 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 60) return null;
  return date.getTime() / 1000;
}
