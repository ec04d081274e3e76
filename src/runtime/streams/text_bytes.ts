import { Buffer } from "node:buffer";

/** So many characters are encoded at once: a call out of JavaScript takes longer than encoding a short text. */
const PIECE_CHARS = 16 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NOTHING = new Uint8Array(0);

/**
 * Texts in their order as UTF-8, with a comma between two. What waits to be sent waits as bytes: a text for each would
 * be an object that the collector copies again and again, and would have to be encoded in the end anyway.
 */
export class TextBytes {
  /** Each begins where the one before ends; but for the first with a comma. */
  readonly #pieces: { readonly start: number; readonly bytes: Uint8Array }[] = [];
  /** Bytes of these. */
  #length = 0;
  /** Those that are not encoded yet, and their length with a comma for each. */
  #texts: string[] = [];
  #chars = 0;
  /** Where each text ends; the comma is behind it. Of what is not encoded: if each character is one byte. */
  readonly #ends: number[] = [];
  /** So many are encoded. */
  #encoded = 0;

  /** How many texts there are. */
  get count(): number {
    return this.#ends.length;
  }

  /** About how many bytes there are. */
  get length(): number {
    return this.#length + this.#chars;
  }

  /** Adds a text. Halves of characters become U+FFFD. */
  add(text: string): void {
    this.#texts.push(text);
    this.#chars += this.#ends.length === 0 ? text.length : text.length + 1;
    this.#ends.push(this.length);
    if (this.#chars >= PIECE_CHARS) this.#encode();
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

  /** A copy of the texts from one to before another one, at least one, between what comes before and after them. */
  between(from: number, to: number, { before = NOTHING, after = NOTHING } = {}): Uint8Array {
    if (to > this.#encoded) this.#encode();
    const [start, end] = [this.#startOf(from), this.#ends[to - 1]];
    const all = new Uint8Array(before.length + end - start + after.length);
    all.set(before);
    let at = before.length;
    for (const piece of this.#pieces) {
      const { bytes } = piece;
      const [first, last] = [Math.max(start, piece.start), Math.min(end, piece.start + bytes.length)];
      if (first >= last) continue;
      all.set(bytes.subarray(first - piece.start, last - piece.start), at);
      at += last - first;
    }
    all.set(after, at);
    return all;
  }

  /** Takes a text out. */
  remove(index: number): void {
    const texts = this.#ends.map((_, at) => this.textOf(at)).toSpliced(index, 1);
    this.#pieces.length =
      this.#ends.length =
      this.#length =
      this.#encoded =
        0;
    for (const text of texts) this.add(text);
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1] + 1;
  }

  #encode(): void {
    const texts = this.#texts;
    const isFirst = this.#encoded === 0;
    const bytes = encoder.encode(isFirst ? texts.join() : `,${texts.join()}`);
    if (bytes.length > this.#chars) this.#correctEnds(texts);
    this.#pieces.push({ start: this.#length, bytes });
    this.#length += bytes.length;
    [this.#texts, this.#chars, this.#encoded] = [[], 0, this.#ends.length];
  }

  /** Some characters are several bytes. */
  #correctEnds(texts: readonly string[]): void {
    // Before each is a comma, but for the very first.
    let end = this.#encoded === 0 ? -1 : this.#length;
    for (const [index, text] of texts.entries()) {
      end += 1 + Buffer.byteLength(text);
      this.#ends[this.#encoded + index] = end;
    }
  }
}
