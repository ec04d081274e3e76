import { Buffer } from "node:buffer";

const FIRST_BYTES = 1024;
/** UTF-8 of one UTF-16 unit at most. */
const UNIT_BYTES_MAX = 3;
/** So many characters are encoded at once: a call out of JavaScript takes longer than encoding a short text. */
const PIECE_CHARS = 8 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Texts in their order as UTF-8, with a comma between two. What waits to be sent waits as bytes: a text for each would
 * be an object that the collector copies again and again, and would have to be encoded in the end anyway.
 */
export class TextBytes {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;
  /** Those that are not encoded yet, with their commas. */
  #piece = "";
  /** Where each text ends; the comma is behind it. Of those of the piece: if each character is one byte. */
  readonly #ends: number[] = [];
  /** So many are encoded. */
  #encoded = 0;

  /** How many texts there are. */
  get count(): number {
    return this.#ends.length;
  }

  /** About how many bytes there are. */
  get length(): number {
    return this.#length + this.#piece.length;
  }

  /** Adds a text. Halves of characters become U+FFFD. */
  add(text: string): void {
    this.#piece += this.#ends.length === 0 ? text : `,${text}`;
    this.#ends.push(this.length);
    if (this.#piece.length >= PIECE_CHARS) this.#encode();
  }

  /** Bytes of one of the texts. */
  lengthOf(index: number): number {
    if (index >= this.#encoded) this.#encode();
    return this.#ends[index] - this.#startOf(index);
  }

  /** One of the texts. */
  textOf(index: number): string {
    return decoder.decode(this.between(index, index + 1));
  }

  /** The texts from one to before another one, with commas between them. NOT copied. */
  between(from: number, to: number): Uint8Array {
    if (to > this.#encoded) this.#encode();
    return this.#bytes.subarray(this.#startOf(from), this.#ends[to - 1]);
  }

  /** Takes a text out. */
  remove(index: number): void {
    const texts = this.#ends.map((_, at) => this.textOf(at)).toSpliced(index, 1);
    this.#length = this.#ends.length = this.#encoded = 0;
    for (const text of texts) this.add(text);
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1] + 1;
  }

  #encode(): void {
    const piece = this.#piece;
    this.#piece = "";
    const needed = this.#length + UNIT_BYTES_MAX * piece.length;
    if (needed > this.#bytes.length) this.#grow(needed);
    const { written } = encoder.encodeInto(piece, this.#bytes.subarray(this.#length));
    if (written > piece.length) this.#correctEnds(piece);
    this.#length += written;
    this.#encoded = this.#ends.length;
  }

  /** Some characters are several bytes. */
  #correctEnds(piece: string): void {
    let [from, bytes] = [0, this.#length];
    const first = this.#length;
    for (let index = this.#encoded; index < this.#ends.length; index++) {
      const to = this.#ends[index] - first;
      bytes += Buffer.byteLength(piece.slice(from, to));
      this.#ends[index] = bytes;
      from = to;
    }
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
