/**
 * Reading and writing Kafka's protocol primitives. kafkajs has such a pair, whose 64-bit integers are BigInts and whose
 * byte strings are copied at every level of nesting: the two costs that the hot requests of this adapter avoid.
 * https://kafka.apache.org/protocol#protocol_types
 */

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const TWO_32 = 2 ** 32;

/** A cursor over bytes. 64-bit integers are numbers: offsets, times and producer ids stay below 2^53. */
export class WireReader {
  position: number;
  readonly #view: DataView;
  constructor(readonly bytes: Uint8Array, position = 0) {
    this.position = position;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.byteLength - this.position;
  }

  skip(bytes: number): void {
    this.position += bytes;
  }

  int8(): number {
    return this.#view.getInt8(this.position++);
  }

  int16(): number {
    const value = this.#view.getInt16(this.position);
    this.position += 2;
    return value;
  }

  int32(): number {
    const value = this.#view.getInt32(this.position);
    this.position += 4;
    return value;
  }

  uint32(): number {
    const value = this.#view.getUint32(this.position);
    this.position += 4;
    return value;
  }

  int64(): number {
    const value = this.#view.getInt32(this.position) * TWO_32 + this.#view.getUint32(this.position + 4);
    this.position += 8;
    return value;
  }

  /** Unsigned, at most 32 bits. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.position++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new RangeError(`Cannot read a varint: more than 5 bytes at ${this.position}`);
  }

  /** Zigzag, at most 32 bits. */
  varint(): number {
    const first = this.bytes[this.position];
    if (first < 0x80) {
      this.position++;
      return (first >>> 1) ^ -(first & 1);
    }
    const value = this.uvarint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** Zigzag, at most 64 bits, exact up to 2^52: the sign takes a bit. */
  varlong(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 10; count++) {
      const byte = this.bytes[this.position++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      factor *= 128;
    }
    throw new RangeError(`Cannot read a varlong: more than 10 bytes at ${this.position}`);
  }

  string(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.#text(length);
  }

  compactString(): string | null {
    const length = this.uvarint();
    return length === 0 ? null : this.#text(length - 1);
  }

  array<T>(item: () => T): T[] {
    const length = this.int32();
    return length < 0 ? [] : Array.from({ length }, item);
  }

  compactArray<T>(item: () => T): T[] {
    const length = this.uvarint();
    return length === 0 ? [] : Array.from({ length: length - 1 }, item);
  }

  /** Skips a flexible version's tagged fields. */
  tags(): void {
    for (let count = this.uvarint(); count > 0; count--) {
      this.uvarint();
      this.skip(this.uvarint());
    }
  }

  #text(length: number): string {
    const text = decoder.decode(this.bytes.subarray(this.position, this.position + length));
    this.position += length;
    return text;
  }
}

/**
 * Grows as it is written to. Meant for the frame of a request; the record batches in it are made elsewhere and appended
 * whole.
 */
export class WireWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** What was written, without a copy: the writer is not used afterwards. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  int8(value: number): this {
    const at = this.#reserve(1);
    this.#view.setInt8(at, value);
    return this;
  }

  int16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setInt16(at, value);
    return this;
  }

  int32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setInt32(at, value);
    return this;
  }

  int64(value: number): this {
    const at = this.#reserve(8);
    this.#view.setInt32(at, Math.floor(value / TWO_32));
    this.#view.setUint32(at + 4, value >>> 0);
    return this;
  }

  uvarint(value: number): this {
    while (value > 0x7f) {
      this.int8((value & 0x7f) | 0x80);
      value >>>= 7;
    }
    return this.int8(value);
  }

  string(text: string | null): this {
    if (text === null) return this.int16(-1);
    const bytes = encoder.encode(text);
    return this.int16(bytes.length).raw(bytes);
  }

  compactString(text: string): this {
    const bytes = encoder.encode(text);
    return this.uvarint(bytes.length + 1).raw(bytes);
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length);
    for (const item of items) write(item);
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Makes room and returns where. Called before `#view` is looked at, which it may replace. */
  #reserve(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}
