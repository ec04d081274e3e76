/** Characters of a value that are shown in a cell, and where somebody looks at it alone. */
const CELL_CHARACTERS = 160;
export const WHOLE_CHARACTERS = 20_000;

/** Values within a JSON text that are looked at; a row may have more columns than anybody can read. */
const FIELDS_MAX = 200;
const DEPTH_MAX = 6;

/**
 * Any value as a text that may be shown: at most `most` characters, the rest counted; control characters, and those
 * that turn the direction of writing, as signs that can be seen.
 */
export function shown(value: unknown, most = CELL_CHARACTERS): string {
  return shownText(textOf(value), most);
}

/** The same of a text. */
export function shownText(text: string, most = CELL_CHARACTERS): string {
  if (text.length <= most) return visible(text);
  // Never half of a pair of surrogates.
  const cut = /[\uD800-\uDBFF]$/.test(text.slice(0, most)) ? most - 1 : most;
  return `${visible(text.slice(0, cut))}… (${grouped(text.length)} characters)`;
}

/** Control, format and bidirectional characters, unpaired surrogates: what would be obeyed instead of shown. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\uFFFC]/gu;

function visible(text: string): string {
  return text.replaceAll(UNSEEN, (character) => {
    const code = character.codePointAt(0)!;
    if (character === "\n" || character === "\t") return character;
    // Unicode has a picture of each of the first ones.
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** Texts as they are, everything else as JSON. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "null";
  if (typeof value !== "object") return String(value);
  return JSON.stringify(bounded(value, 0));
}

function bounded(value: unknown, depth: number): unknown {
  if (value === null || typeof value !== "object") return value;
  if (depth >= DEPTH_MAX) return "…";
  if (Array.isArray(value)) {
    const items = value.slice(0, FIELDS_MAX).map((item) => bounded(item, depth + 1));
    return value.length > FIELDS_MAX ? [...items, `… ${value.length - FIELDS_MAX} more`] : items;
  }
  const names = Object.keys(value);
  const fields = names.slice(0, FIELDS_MAX).map((name) =>
    [name, bounded((value as Record<string, unknown>)[name], depth + 1)] as const
  );
  const rest = names.length > FIELDS_MAX ? [["…", `${names.length - FIELDS_MAX} more`] as const] : [];
  return Object.fromEntries([...fields, ...rest]);
}

/** `1234567` as `1,234,567`. */
export function grouped(value: number | string): string {
  return String(typeof value === "number" ? Math.round(value) : value).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 row`, `2 rows`. */
export function counted(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** `0`, `0.4`, `12`, `3.4k`, `1.2M`. */
export function brief(value: number): string {
  if (value === 0) return "0";
  if (value < 0.05) return "<0.1";
  if (value < 9.95) return value.toFixed(1).replace(/\.0$/, "");
  if (value < 999.5) return String(Math.round(value));
  if (value < 999_500) return `${trimmed(value / 1_000)}k`;
  if (value < 999_500_000) return `${trimmed(value / 1_000_000)}M`;
  return `${trimmed(value / 1_000_000_000)}G`;
}

/** `312 MB`. */
export function bytes(value: number): string {
  if (value < 1_000) return `${value} B`;
  const at = Math.min(3, Math.floor(Math.log10(value) / 3));
  return `${trimmed(value / 1_000 ** at)} ${["B", "kB", "MB", "GB"][at]}`;
}

function trimmed(value: number): string {
  return (value < 99.95 ? value.toFixed(1) : String(Math.round(value))).replace(/\.0$/, "");
}

/** `14:03:22`, by the clock of whoever looks. */
export function clock(ms: number | string): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "?" : date.toTimeString().slice(0, 8);
}

/** `2026-03-01 14:03:22`, by the same clock; the date alone is left out today. */
export function moment(ms: number | string): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return "?";
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0"));
  return date.toDateString() === new Date().toDateString() ? clock(ms) : `${day.join("-")} ${clock(ms)}`;
}

/** `12 s`, `4 min`, `2 h 10 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A price as the shop writes it, with two digits: of a decimal ClickHouse leaves out the zeros at its end. */
export function price(value: unknown): string {
  return Number(value).toFixed(2);
}
