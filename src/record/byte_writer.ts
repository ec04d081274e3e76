import { POWERS } from "./decimal_text.ts";
import { digestOfBytes } from "./digest.ts";

const FIRST_BYTES = 64 * 1024;
/** So many times the first room is given back before the next row. */
const GIVEN_BACK_FROM = 16;
/** Longer texts are left to the platform, whose loop is faster but takes long to call. */
const TEXT_BY_HAND_MAX = 80;
/** Most bytes of an integer, a decimal of up to 16 digits, or a date. */
const NUMBER_BYTES_MAX = 24;
/** Most bytes of a UTF-16 unit; a character of four has two units. */
const UNIT_BYTES_MAX = 3;
const CHARACTER_BYTES_MAX = 4;
const BILLION = 1_000_000_000;

const [QUOTE, MINUS, POINT, ZERO, BACKSLASH] = [34, 45, 46, 48, 92];

const encoder = new TextEncoder();

/**
 * Writes JSON as UTF-8 into room of its own, which grows with what is written and is used again for the next row. What
 * it writes is what `JSON.stringify` and `String` give, without making those texts.
 *
 * A library that writes bytes (protobufjs, msgpackr) writes binary formats; none writes JSON's numbers and texts.
 */
export class ByteWriter {
  readonly #firstBytes: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #words: Int32Array;
  #end = 0;

  /** `firstBytes`: room at first, and again after a row that needed much more. */
  constructor(firstBytes: number = FIRST_BYTES) {
    this.#firstBytes = wholeWords(firstBytes);
    this.#bytes = new Uint8Array(this.#firstBytes);
    this.#words = new Int32Array(this.#bytes.buffer);
  }

  /** How many bytes are written. */
  get length(): number {
    return this.#end;
  }

  /** Begins anew. */
  clear(): void {
    this.#end = 0;
    if (this.#bytes.length > GIVEN_BACK_FROM * this.#firstBytes) this.#use(new Uint8Array(this.#firstBytes));
  }

  /** What is written, NOT copied: it changes with the next {@link clear}. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }

  /** {@link digestOfBytes} of what is written. */
  digest(): number {
    this.#reserve(4);
    for (let at = this.#end; (at & 3) !== 0; at++) this.#bytes[at] = 0;
    return digestOfBytes(this.#words, this.#end);
  }

  /** One byte, such as a bracket. */
  byte(code: number): void {
    if (this.#end === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#end++] = code;
  }

  /** Bytes as they are. */
  bytes(other: Uint8Array): void {
    this.#reserve(other.length);
    this.#bytes.set(other, this.#end);
    this.#end += other.length;
  }

  /** A text as it is: neither quoted nor escaped. Halves of characters become U+FFFD. */
  raw(text: string): void {
    const { length } = text;
    if (length > TEXT_BY_HAND_MAX) return this.#encode(text);
    this.#reserve(length);
    const bytes = this.#bytes;
    const start = this.#end;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) return this.#encode(text);
      bytes[start + index] = code;
    }
    this.#end = start + length;
  }

  /** A text as a JSON string. */
  text(text: string): void {
    const { length } = text;
    if (length > TEXT_BY_HAND_MAX) return this.#encode(JSON.stringify(text));
    this.#reserve(UNIT_BYTES_MAX * length + 2);
    const bytes = this.#bytes;
    let at = this.#end;
    bytes[at++] = QUOTE;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code < 128) {
        if (code < 32) return this.#encode(JSON.stringify(text));
        if (code === QUOTE || code === BACKSLASH) bytes[at++] = BACKSLASH;
        bytes[at++] = code;
      } else if (code < 0x800) {
        bytes[at++] = 0xc0 | (code >> 6);
        bytes[at++] = 0x80 | (code & 63);
      } else if (code < 0xd800 || code > 0xdfff) {
        bytes[at++] = 0xe0 | (code >> 12);
        bytes[at++] = 0x80 | ((code >> 6) & 63);
        bytes[at++] = 0x80 | (code & 63);
      } else return this.#encode(JSON.stringify(text));
    }
    bytes[at++] = QUOTE;
    this.#end = at;
  }

  /** A safe integer; -0 is 0. */
  integer(value: number): void {
    this.#reserve(NUMBER_BYTES_MAX);
    this.#unsigned(this.#sign(value));
  }

  /** `units` / 10^`scale` in quotes, with `scale` fraction digits. `units`: a safe integer. `scale`: at most 15. */
  decimal(units: number, scale: number): void {
    this.#reserve(NUMBER_BYTES_MAX);
    this.#bytes[this.#end++] = QUOTE;
    const rest = this.#sign(units);
    if (scale === 0) this.#unsigned(rest);
    else {
      const power = POWERS[scale];
      // The quotient rounds up to no integer, as units are below 2^53; the product and the difference are exact.
      const whole = Math.floor(rest / power);
      this.#unsigned(whole);
      this.#bytes[this.#end++] = POINT;
      this.#padded(rest - whole * power, scale);
    }
    this.#bytes[this.#end++] = QUOTE;
  }

  /** Days since the epoch as a date in quotes, of the years 0 to 9999. */
  date(days: number): void {
    this.#reserve(NUMBER_BYTES_MAX);
    // Years begin in March here, so that a leap day is the last: H. Hinnant, chrono-Compatible Low-Level Date
    // Algorithms. 719,468 days lie between 0000-03-01 and the epoch, 146,097 in four centuries.
    const since = days + 719_468;
    const era = Math.floor(since / 146_097);
    const day = since - era * 146_097;
    const year = Math.trunc(
      (day - Math.trunc(day / 1_460) + Math.trunc(day / 36_524) - Math.trunc(day / 146_096)) / 365,
    );
    const ofYear = day - (365 * year + Math.trunc(year / 4) - Math.trunc(year / 100));
    const month = Math.trunc((5 * ofYear + 2) / 153);
    this.#bytes[this.#end++] = QUOTE;
    this.#padded(year + era * 400 + (month >= 10 ? 1 : 0), 4);
    this.#bytes[this.#end++] = MINUS;
    this.#padded(month < 10 ? month + 3 : month - 9, 2);
    this.#bytes[this.#end++] = MINUS;
    this.#padded(ofYear - Math.trunc((153 * month + 2) / 5) + 1, 2);
    this.#bytes[this.#end++] = QUOTE;
  }

  /** Writes the sign of a number, and gives the rest. */
  #sign(value: number): number {
    if (value >= 0) return value;
    this.#bytes[this.#end++] = MINUS;
    return -value;
  }

  #unsigned(value: number): void {
    if (value < BILLION) {
      let digits = 1;
      for (let limit = 10; limit <= value; limit *= 10) digits++;
      return this.#padded(value, digits);
    }
    const high = Math.floor(value / BILLION);
    this.#unsigned(high);
    this.#padded(value - high * BILLION, 9);
  }

  /** With zeros in front. 32-bit arithmetic takes a third of the time. */
  #padded(value: number, digits: number): void {
    if (digits > 9) {
      const high = Math.floor(value / BILLION);
      this.#padded(high, digits - 9);
      return this.#padded(value - high * BILLION, 9);
    }
    const bytes = this.#bytes;
    const start = this.#end;
    let rest = value | 0;
    for (let at = start + digits - 1; at >= start; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    this.#end = start + digits;
  }

  #encode(text: string): void {
    let rest = text;
    while (true) {
      const { read, written } = encoder.encodeInto(rest, this.#bytes.subarray(this.#end));
      this.#end += written;
      if (read === rest.length) return;
      rest = rest.slice(read);
      // With less room than for one character nothing would be written, over and over.
      this.#reserve(Math.max(rest.length, CHARACTER_BYTES_MAX));
    }
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(wholeWords(Math.max(needed, 2 * this.#bytes.length)));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#use(grown);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#words = new Int32Array(bytes.buffer);
  }
}

/** So many bytes that the digest can take four at a time. */
function wholeWords(bytes: number): number {
  return 4 * Math.ceil(bytes / 4);
}
