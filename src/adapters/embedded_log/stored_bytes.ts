import type { Bytes } from "../../ports/log.ts";

/** UTF-8 or nothing; a byte order mark is a character like any other. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Gives every byte a character of its own. */
const singleBytes = new TextDecoder("latin1");
const encoder = new TextEncoder();

/**
 * `bytes` as SQLite keeps them: TEXT for whatever is UTF-8, BLOB otherwise, so that the same bytes are the same value
 * whether they came as text or not. Text with U+0000 is a BLOB too: SQLite's text functions, and Deno's binding with
 * them, end it there.
 */
export function stored(bytes: Bytes | null): string | Uint8Array | null {
  if (bytes === null) return null;
  if (typeof bytes === "string") return bytes.includes("\0") ? encoder.encode(bytes) : bytes;
  if (bytes.includes(0)) return bytes;
  try {
    return decoder.decode(bytes);
  } catch {
    return bytes;
  }
}

/** Bytes of a stored value; for text its UTF-16 units, near enough for limits and free to know. */
export function sizeOf(value: string | Uint8Array | null): number {
  return value === null ? 0 : value.length;
}

/** A stored key as text: equal for equal keys, different for different ones. */
export function keyIdentity(key: string | Uint8Array): string {
  // No TEXT holds U+0000, so no text equals a BLOB's identity.
  return typeof key === "string" ? key : `\0${singleBytes.decode(key)}`;
}
