import { bigPower, parseScaled } from "./decimal_text.ts";
import { type Key, keyParts } from "./key.ts";
import type { KeyColumn, KeyWire } from "./key_column.ts";

/**
 * The bytes of a message key as the producer writes them, computed from a canonical key: Kafka's default partitioner
 * hashes those bytes, so they tell in which partition a row is. Kafka Connect's JsonConverter writes with Jackson,
 * whose JSON differs from JavaScript's in two points (`UTF8JsonGenerator`): control characters without a short form
 * have upper-case digits (`\u001F`), and characters beyond U+FFFF are two escapes (`\uD83D\uDE00`).
 */
export function producerKey(columns: readonly KeyColumn[], key: Key): string {
  if (columns.length === 1) {
    const [column] = columns;
    if (column.bare) return wireText(column, key);
    return `${openingOf(column)}${typeof key === "number" && isPlain(column) ? key : wireText(column, key)}}`;
  }
  const parts = keyParts(key);
  const fields = columns.map((column, index) => `${nameOf(column)}:${wireText(column, parts[index])}`);
  return `{${fields.join(",")}}`;
}

/** JSON text as Jackson writes it. `json`: as JSON.stringify writes it. */
export function jacksonText(json: string): string {
  if (!SPECIAL.test(json)) return json;
  // A backslash and what it escapes are taken together, so that the text `\\u001f` (a backslash, then letters) stays.
  return json.replace(ESCAPES, (token) => {
    if (token.startsWith("\\")) return token.length === 6 ? `\\u${token.slice(2).toUpperCase()}` : token;
    return `\\u${token.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}

const SPECIAL = /[\ud800-\udfff]|\\u/;
const ESCAPES = /\\u[0-9a-f]{4}|\\.|[\ud800-\udfff]/g;

const openings = new WeakMap<KeyColumn, string>();

/** Made once for each column: there are a few, and millions of keys. */
function openingOf(column: KeyColumn): string {
  let opening = openings.get(column);
  if (opening === undefined) openings.set(column, opening = `{${nameOf(column)}:`);
  return opening;
}

function nameOf(column: KeyColumn): string {
  return jacksonText(JSON.stringify(column.name));
}

function isPlain(column: KeyColumn): boolean {
  return column.wire === null || column.wire.kind === "plain";
}

/** JSON text on the wire of a canonical key part. */
function wireText({ wire }: KeyColumn, part: Key): string {
  const text = typeof part === "number" ? String(part) : part;
  if (text === "null" || wire === null) return jacksonText(text);
  return WIRES[wire.kind](text, wire as never);
}

const WIRES: { readonly [K in KeyWire["kind"]]: (text: string, wire: Extract<KeyWire, { kind: K }>) => string } = {
  plain: jacksonText,
  decimal_text: (text, { scale }) => `"${withScale(text, scale)}"`,
  decimal_bytes: (text, { scale }) => `"${base64OfDecimal(text, scale)}"`,
  milliseconds: (text) => /^-?\d+$/.test(text) ? String(Math.floor(Number(text) / 1000)) : jacksonText(text),
  zoned: (text, { precision }) => /^-?\d+$/.test(text) ? `"${zonedText(Number(text), precision)}"` : jacksonText(text),
  iso_date: (text) =>
    /^-?\d+$/.test(text) ? `"${new Date(Number(text) * 86_400_000).toISOString().slice(0, 10)}Z"` : jacksonText(text),
  text: (text, { of }) => {
    const json = WIRES[of.kind](text, of as never);
    return json.startsWith('"') ? JSON.parse(json) : json;
  },
  hex: (text) => `"${hexOfBase64(JSON.parse(text))}"`,
  base64_url: (text) => `"${urlSafeBase64(JSON.parse(text))}"`,
  padded: (text, { length }) => {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "string") return jacksonText(text);
    return jacksonText(JSON.stringify(value + " ".repeat(Math.max(0, length - [...value].length))));
  },
};

/**
 * Debezium's `ZonedTimestamp` (`ZonedTimestamp.getDateTimeFormatter`): ISO text in UTC, with as many fraction digits as
 * the column's precision.
 */
export function zonedText(micros: number, precision: number): string {
  const ms = Math.floor(micros / 1000);
  const text = `${new Date(ms).toISOString().slice(0, -1)}${String(micros - ms * 1000).padStart(3, "0")}`;
  return `${precision === 0 ? text.slice(0, -7) : text.slice(0, text.length - 6 + precision)}Z`;
}

/** Plain digits with `scale` fraction digits; the text as it is when it has more. */
function withScale(text: string, scale: number): string {
  const point = text.indexOf(".");
  if (scale === 0) return text;
  return point < 0 ? `${text}.${"0".repeat(scale)}` : text.padEnd(point + 1 + scale, "0");
}

/** A decimal as `decimal.handling.mode=precise` writes it: the integer of its units of 10^-`scale`, in base64. */
export function base64OfDecimal(text: string, scale: number): string {
  return base64Of(unscaled(text, scale));
}

/** Bytes in base64 as `binary.handling.mode=hex` writes them. */
export function hexOfBase64(base64: string): string {
  return Array.from(atob(base64), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/** Bytes in base64 as `binary.handling.mode=base64-url-safe` writes them. */
export function urlSafeBase64(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_");
}

/** The integer that stands for the decimal `text` in units of 10^-`scale`. */
function unscaled(text: string, scale: number): bigint {
  // Integers may have more digits than a decimal.
  if (/^-?\d+$/.test(text)) return BigInt(text) * bigPower(scale);
  const scaled = parseScaled(text);
  if (scaled === null || scaled.scale > scale) return 0n;
  return BigInt(scaled.units) * bigPower(scale - scaled.scale);
}

/** The shortest two's complement, as Java's `BigInteger.toByteArray` gives it, in base64. */
function base64Of(value: bigint): string {
  let length = 1;
  while (value < -(1n << BigInt(8 * length - 1)) || value >= 1n << BigInt(8 * length - 1)) length++;
  let bytes = "";
  for (let index = length - 1; index >= 0; index--) {
    bytes += String.fromCharCode(Number((value >> BigInt(8 * index)) & 255n));
  }
  return btoa(bytes);
}
