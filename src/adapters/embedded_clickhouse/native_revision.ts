import { Buffer } from "node:buffer";
import { Exception } from "./clickhouse_exception.ts";
import { type Layout, layoutOf } from "./native_layout.ts";

/** Revisions in which answers can be written, beside 0. Below the first, `LowCardinality` would have to be unpacked. */
const FIRST = 54_405;
/** From the next on, there is more in front of a block. */
const LAST = 54_479;
/** From this one on, each column has a byte that tells how its values stand. */
const CUSTOM_SERIALIZATION = 54_454;
/** Neither overflowed nor of a bucket: field 1 is false, field 2 is -1, then the end of the fields. */
const BLOCK_INFO = new Uint8Array([1, 0, 2, 255, 255, 255, 255, 0]);
/** The values stand as they always did. */
const NOT_CUSTOM = new Uint8Array([0]);
/** Of a dictionary's flags: the width of places in it, and that it belongs to a former block. */
const WIDTH = 0xffn;
const SHARED = 0x100n;

/**
 * The revision of the format Native that a client asks for (`client_protocol_version`); 0 if it asks for none.
 * @throws Exception 48 (NOT_IMPLEMENTED) for one in which answers cannot be written
 */
export function revisionOf(asked: string | null): number {
  if (asked === null || asked === "0") return 0;
  const revision = /^\d+$/.test(asked) ? Number(asked) : NaN;
  if (revision >= FIRST && revision <= LAST) return revision;
  throw new Exception(
    { code: 48, codeName: "NOT_IMPLEMENTED" },
    `Cannot answer in Native of client_protocol_version ${asked}: the embedded server writes 0 and ${FIRST} to ` +
      `${LAST}. Use a client that asks for one of these, or ask for another format, such as JSONEachRow or RowBinary`,
  );
}

export interface NativeAnswer {
  /** Blocks in revision 0, as the engine writes them. */
  readonly bytes: Uint8Array;
  readonly revision: number;
  /**
   * Names of the columns' types, asked for when a column's type is `DateTime`: revision 0 leaves its time zone out.
   * Null if they cannot be known.
   */
  readonly types: () => Promise<readonly string[] | null>;
}

/**
 * Writes an answer of the engine, which knows revision 0 alone, in the revision that was asked for.
 * @throws Exception 48 (NOT_IMPLEMENTED) for a column of a type whose values' end is not known
 */
export async function inRevision({ bytes, revision, types }: NativeAnswer): Promise<Uint8Array> {
  const reader = new BlockReader(bytes);
  const pieces: Uint8Array[] = [];
  let names: readonly string[] | null | undefined;
  while (reader.at < bytes.length) {
    pieces.push(BLOCK_INFO);
    const start = reader.at;
    const [columns, rows] = [reader.varint(), reader.varint()];
    pieces.push(bytes.subarray(start, reader.at));
    for (let column = 0; column < columns; column++) {
      const nameStart = reader.at;
      const name = reader.text();
      const typeStart = reader.at;
      const type = reader.text();
      if (type === "DateTime" && names === undefined) names = await types();
      pieces.push(bytes.subarray(nameStart, typeStart));
      pieces.push(type === "DateTime" ? textBytes(names?.[column] ?? type) : bytes.subarray(typeStart, reader.at));
      if (revision >= CUSTOM_SERIALIZATION) pieces.push(NOT_CUSTOM);
      const dataStart = reader.at;
      const layout = layoutOf(type) ?? refuse({ name, type, revision });
      if (rows > 0) reader.column(layout, rows);
      pieces.push(bytes.subarray(dataStart, reader.at));
    }
  }
  return Buffer.concat(pieces);
}

function refuse({ name, type, revision }: { name: string; type: string; revision: number }): never {
  throw new Exception(
    { code: 48, codeName: "NOT_IMPLEMENTED" },
    `Cannot write column "${name}" of type ${type} in Native of client_protocol_version ${revision}: the embedded ` +
      "server can in every type but JSON, Dynamic, Variant, AggregateFunction and what holds them. Select " +
      "toString(...) or finalizeAggregation(...) of the column, or ask for another format",
  );
}

function textBytes(text: string): Uint8Array {
  const content = Buffer.from(text);
  // No type's name is so long that its length needs a second byte, but an Enum's, which is none of these.
  return Buffer.concat([new Uint8Array([content.length]), content]);
}

/** Reads blocks of revision 0. @throws RangeError where they end too early */
class BlockReader {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  varint(): number {
    let value = 0;
    for (let factor = 1;; factor *= 128) {
      const byte = this.#bytes.readUInt8(this.at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const length = this.varint();
    this.#skip(length);
    return this.#bytes.toString("utf8", this.at - length, this.at);
  }

  /** Goes behind a column of at least one row: all dictionaries' versions come first. */
  column(layout: Layout, rows: number): void {
    this.#skip(8 * dictionariesIn(layout));
    this.#values(layout, rows);
  }

  #values(layout: Layout, rows: number): void {
    // Elements of lists that are all empty: nothing is written.
    if (rows === 0) return;
    switch (layout.kind) {
      case "fixed":
        return this.#skip(rows * layout.bytes);
      case "text":
        for (let row = 0; row < rows; row++) this.#skip(this.varint());
        return;
      case "nullable":
        this.#skip(rows);
        return this.#values(layout.of, rows);
      case "list": {
        this.#skip(8 * rows);
        return this.#values(layout.of, Number(this.#bytes.readBigUInt64LE(this.at - 8)));
      }
      case "columns":
        for (const column of layout.of) this.#values(column, rows);
        return;
      case "dictionary":
        return this.#dictionary(layout.of);
    }
  }

  #dictionary(layout: Layout): void {
    const flags = this.#uint64();
    if ((flags & SHARED) !== 0n) throw new RangeError("A dictionary belongs to a former block");
    this.#values(layout, Number(this.#uint64()));
    this.#skip(Number(this.#uint64()) * 2 ** Number(flags & WIDTH));
  }

  #uint64(): bigint {
    this.#skip(8);
    return this.#bytes.readBigUInt64LE(this.at - 8);
  }

  #skip(bytes: number): void {
    this.at += bytes;
    // Also for what is no number.
    if (!(this.at <= this.#bytes.length)) throw new RangeError("A block ends within a column");
  }
}

function dictionariesIn(layout: Layout): number {
  switch (layout.kind) {
    case "fixed":
    case "text":
      return 0;
    case "columns":
      return layout.of.reduce((sum, column) => sum + dictionariesIn(column), 0);
    case "nullable":
    case "list":
      return dictionariesIn(layout.of);
    case "dictionary":
      return 1;
  }
}
