/** Four numbers up to 255 without leading zeros. */
const BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`);
const GROUPS = 8;
/** First of the two groups that are written as an IPv4 address, in the two ranges that embed one. */
const EMBEDDED_AT = 6;

/** Whether a text is an IPv4 address as ClickHouse shows it. */
export function isIPv4(text: string): boolean {
  return IPV4.test(text);
}

/**
 * The text under which ClickHouse shows an IPv6 address; null for what is none, and for an IPv4 address, of which
 * ClickHouse would make one (`::ffff:1.2.3.4`). Its rules are inet_ntop's: lower case without leading zeros, the
 * longest run of zeros as `::`, the first of equal ones, and IPv4 notation behind `::` and `::ffff:`.
 */
export function shownIPv6(text: string): string | null {
  const groups = groupsOf(text);
  if (groups === null) return null;
  const { start, length } = longestZeros(groups);
  const embedded = start === 0 && (length === EMBEDDED_AT || (length === EMBEDDED_AT - 1 && groups[5] === 0xffff));
  const parts = groups.map((group) => group.toString(16));
  if (embedded) {
    const bytes = [groups[6] >> 8, groups[6] & 255, groups[7] >> 8, groups[7] & 255];
    parts.splice(EMBEDDED_AT, 2, bytes.join("."));
  }
  if (length < 2) return parts.join(":");
  return `${parts.slice(0, start).join(":")}::${parts.slice(start + length).join(":")}`;
}

/** Numbers in whose order ClickHouse has addresses: the bytes of IPv4, the groups of IPv6. Of shown addresses only. */
export function addressNumbers(text: string): readonly number[] {
  return isIPv4(text) ? text.split(".").map(Number) : groupsOf(text) ?? [];
}

function groupsOf(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return null;
  const [head, tail] = halves.map((half, index) => {
    return half === "" ? [] : half.split(":").flatMap((part, place, parts) => {
      const last = index === halves.length - 1 && place === parts.length - 1;
      return last && isIPv4(part) ? embeddedGroups(part) : [/^[0-9a-f]{1,4}$/i.test(part) ? parseInt(part, 16) : NaN];
    });
  });
  const given = head.length + (tail?.length ?? 0);
  if ([...head, ...(tail ?? [])].some(Number.isNaN)) return null;
  if (tail === undefined) return given === GROUPS ? head : null;
  return given < GROUPS ? [...head, ...new Array<number>(GROUPS - given).fill(0), ...tail] : null;
}

function embeddedGroups(text: string): number[] {
  const [a, b, c, d] = text.split(".").map(Number);
  return [a * 256 + b, c * 256 + d];
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  });
  return best;
}
