/** Headers of records, packed as Kafka's record format has them, and as texts. */

/** Headers as texts, by name; of several of one name the last one. Null: it has no value. */
export type RecordHeaders = Readonly<Record<string, string | null | undefined>>;

/** Those of a record that has none. */
export const NO_HEADERS: RecordHeaders = Object.freeze(Object.create(null));

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Packs headers, in their order; absent if there are none. Those that are undefined are left out. */
export function packHeaders(headers: RecordHeaders): Uint8Array | undefined {
  const given = Object.entries(headers).filter(([, value]) => value !== undefined);
  if (given.length === 0) return undefined;
  const bytes: number[] = [];
  writeVarint(bytes, given.length);
  for (const [name, value] of given) {
    writeText(bytes, name);
    if (value === null) writeVarint(bytes, -1);
    else writeText(bytes, value!);
  }
  return new Uint8Array(bytes);
}

/**
 * The headers of a record as texts; what is no UTF-8 has U+FFFD in its place.
 * @throws RangeError for bytes that are no headers
 */
export function readHeaders(packed: Uint8Array | undefined): RecordHeaders {
  if (packed === undefined) return NO_HEADERS;
  const headers: Record<string, string | null> = Object.create(null);
  const at = { position: 0 };
  for (let left = readVarint(packed, at); left > 0; left--) {
    const name = readText(packed, at);
    if (name === null) throw new RangeError("Cannot read the headers of a record: one of them has no name");
    headers[name] = readText(packed, at);
  }
  return headers;
}

/** A place in bytes, which moves on. */
interface Cursor {
  position: number;
}

function readText(bytes: Uint8Array, at: Cursor): string | null {
  const length = readVarint(bytes, at);
  if (length < 0) return null;
  const end = at.position + length;
  if (end > bytes.length) {
    throw new RangeError(`Cannot read the headers of a record: ${end} bytes are needed, and there are ${bytes.length}`);
  }
  const text = decoder.decode(bytes.subarray(at.position, end));
  at.position = end;
  return text;
}

/** Zigzag, at most 32 bits. */
function readVarint(bytes: Uint8Array, at: Cursor): number {
  let value = 0;
  for (let shift = 0; shift < 35 && at.position < bytes.length; shift += 7) {
    const byte = bytes[at.position++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
  }
  throw new RangeError(`Cannot read the headers of a record: there is no number before byte ${at.position}`);
}

function writeText(into: number[], text: string): void {
  const bytes = encoder.encode(text);
  writeVarint(into, bytes.length);
  for (const byte of bytes) into.push(byte);
}

function writeVarint(into: number[], value: number): void {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; zigzag > 0x7f; zigzag >>>= 7) into.push((zigzag & 0x7f) | 0x80);
  into.push(zigzag);
}
