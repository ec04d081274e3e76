import { crc32 } from "node:zlib";
import { giveBack } from "./loans.ts";
import { type LaterSections, type Loading, ownSections, type SectionReader, type SectionWriter } from "./slots.ts";

/** What a file begins with: its kind and its version, which changes with everything that a section may hold. */
const MAGIC = "WEIRSNP4";
const HEAD_BYTES = 16;
/** Sections begin where any typed array may. */
const ALIGNMENT = 8;

type Kind = "array" | "text" | "end";
const KINDS: readonly Kind[] = ["array", "text", "end"];

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder("utf-8", { fatal: true }) };

/** A section before its head is made. */
interface Section {
  readonly kind: Kind;
  readonly bytes: Uint8Array;
  /** Its memory is somebody else's. */
  readonly foreign?: true;
}

/** What a group of sections ends with. */
const GROUP_END: Section = { kind: "end", bytes: new Uint8Array(0), foreign: true };

/**
 * A snapshot's bytes: `MAGIC`, then sections, each of a head (length as 64 bits, CRC-32 that begins with the kind,
 * kind), its bytes, and zeros up to the next multiple of 8; then the sum of all lengths, so that a file that was cut at
 * the end of a section is told. Numbers are little-endian, as typed arrays are on every machine that Deno runs on.
 *
 * Taking an array copies it, and of texts, which never change, the list; what comes {@link later} is taken as it is.
 * Bytes of texts and checksums are made when the file is written, which takes many turns of the event loop. A writer
 * whose file was not written to its end must be {@link discard}ed.
 */
export class SnapshotWriter implements SectionWriter {
  readonly #parts: (Section | LaterSections)[] = [];
  #bytes = 0;

  /** Of all sections whose bytes are made, without their heads: all, when the file is written. */
  get bytes(): number {
    return this.#bytes;
  }

  array(values: ArrayBufferView): void {
    this.#parts.push({ kind: "array", bytes: bytesOf(values).slice() });
  }

  texts(values: readonly (string | null)[]): void {
    const taken = values.slice();
    this.later(ownSections(function* (to) {
      to.texts(taken);
      yield;
    }));
  }

  later(sections: LaterSections): void {
    this.#parts.push(sections);
  }

  /** What another one has taken, as a group that may be passed over; the other is empty then. */
  group(other: SnapshotWriter): void {
    for (const part of other.#parts.splice(0)) this.#parts.push(part);
    this.#parts.push(GROUP_END);
  }

  /**
   * Ends the file; nothing else may be written. `first`: texts before all else, which are known last. Its bytes come
   * once, and each part is there until the next one is asked for: then its memory is given back, as the collector would
   * do much later.
   */
  *end(first?: readonly string[]): Generator<Uint8Array> {
    yield utf8.encoder.encode(MAGIC);
    this.#parts.reverse();
    try {
      if (first !== undefined) yield* this.#bytesOf(textSections(first));
      for (let part = this.#parts.at(-1); part !== undefined; part = this.#parts.at(-1)) {
        if (!("write" in part)) yield* this.#bytesOf([part]);
        else {
          const made = new MadeSections();
          for (const _ of part.write(made)) yield* this.#bytesOf(made.take());
          yield* this.#bytesOf(made.take());
          part.release();
        }
        this.#parts.pop();
      }
      yield* partsOf({ kind: "array", bytes: new Uint8Array(Float64Array.of(this.#bytes).buffer) });
    } finally {
      this.discard();
    }
  }

  /** Nothing of it is written any more; it may have been written to its end. */
  discard(): void {
    for (const part of this.#parts.splice(0)) if ("write" in part) part.release();
  }

  *#bytesOf(sections: readonly Section[]): Generator<Uint8Array> {
    for (const section of sections) {
      this.#bytes += section.bytes.length;
      yield* partsOf(section);
    }
  }
}

/** Sections that are written before anything that they were made of changes. */
class MadeSections implements SectionWriter {
  #sections: Section[] = [];

  take(): Section[] {
    return this.#sections.splice(0);
  }

  array(values: ArrayBufferView): void {
    this.#sections.push({ kind: "array", bytes: bytesOf(values), foreign: true });
  }

  texts(values: readonly (string | null)[]): void {
    this.#sections.push(...textSections(values));
  }

  later({ write, release }: LaterSections): void {
    for (const _ of write(this));
    release();
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Their lengths, and all of them as one. */
function textSections(values: readonly (string | null)[]): Section[] {
  const lengths = new Uint32Array(values.length);
  const parts: string[] = [];
  for (let index = 0; index < values.length; index++) {
    const text = values[index];
    lengths[index] = text === null ? NO_TEXT : text.length;
    if (text !== null) parts.push(text);
  }
  const whole = parts.join("");
  return [
    { kind: "array", bytes: new Uint8Array(lengths.buffer) },
    // UTF-8 has no half characters: such texts are kept as the units that they are.
    whole.isWellFormed() ? { kind: "text", bytes: utf8.encoder.encode(whole) } : unitsOf(whole),
  ];
}

function unitsOf(text: string): Section {
  const units = new Uint16Array(text.length);
  for (let index = 0; index < text.length; index++) units[index] = text.charCodeAt(index);
  return { kind: "array", bytes: new Uint8Array(units.buffer) };
}

/** A section's bytes with its head. */
function* partsOf({ kind, bytes, foreign }: Section): Generator<Uint8Array> {
  const head = new DataView(new ArrayBuffer(HEAD_BYTES));
  head.setBigUint64(0, BigInt(bytes.length), true);
  head.setUint32(8, crc32(bytes, KINDS.indexOf(kind)), true);
  head.setUint32(12, KINDS.indexOf(kind), true);
  yield new Uint8Array(head.buffer);
  if (bytes.length > 0) yield bytes;
  const rest = bytes.length % ALIGNMENT;
  if (rest > 0) yield new Uint8Array(ALIGNMENT - rest);
  if (foreign === undefined) giveBack(bytes);
}

/** Stands for null among lengths of texts: none is so long. */
const NO_TEXT = 0xffffffff;

/** Reads what {@link SnapshotWriter} wrote. Everything throws a RangeError for bytes that are not that. */
export class SnapshotReader implements SectionReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = MAGIC.length;
  #read = 0;

  /** @throws RangeError for what is no snapshot of this version */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
    if (magic !== MAGIC) throw new RangeError("it is of another version, or no snapshot");
  }

  array<T extends ArrayBufferView>(make: new (buffer: ArrayBuffer) => T): T {
    const { kind, bytes } = this.#section();
    if (kind !== "array") throw damaged("an array was expected");
    // A RangeError of its own unless the length is a multiple of the element's.
    return new make(bytes.slice().buffer as ArrayBuffer);
  }

  texts(): (string | null)[] {
    const lengths = this.array(Uint32Array);
    const { kind, bytes } = this.#section();
    if (kind === "end") throw damaged("texts were expected");
    const whole = kind === "text" ? decoded(bytes) : textOf(bytes);
    const texts: (string | null)[] = [];
    let at = 0;
    for (const length of lengths) texts.push(length === NO_TEXT ? null : whole.slice(at, at += length));
    if (at !== whole.length) throw damaged("texts of another length");
    return texts;
  }

  /** What {@link SnapshotWriter.group} wrote was read. */
  endGroup(): void {
    if (this.#section().kind !== "end") throw damaged("the end of a group was expected");
  }

  /** Passes over all sections up to the end of the group; in steps, as each is checked. */
  *skipGroup(): Loading {
    while (this.#section().kind !== "end") yield;
  }

  /** Everything was read, and there is nothing else. */
  end(): void {
    const read = this.#read;
    if (this.array(Float64Array)[0] !== read || this.#at !== this.#bytes.length) throw damaged("it ends elsewhere");
  }

  #section(): { kind: Kind; bytes: Uint8Array } {
    const at = this.#at;
    if (at + HEAD_BYTES > this.#bytes.length) throw damaged("it ends early");
    const length = Number(this.#view.getBigUint64(at, true));
    const from = at + HEAD_BYTES;
    if (!(Number.isSafeInteger(length) && length >= 0 && from + length <= this.#bytes.length)) {
      throw damaged("it ends early");
    }
    const bytes = this.#bytes.subarray(from, from + length);
    const index = this.#view.getUint32(at + 12, true);
    const kind = KINDS[index];
    if (kind === undefined) throw damaged("a section of no kind");
    if (crc32(bytes, index) !== this.#view.getUint32(at + 8, true)) throw damaged("a checksum does not match");
    this.#at = from + Math.ceil(length / ALIGNMENT) * ALIGNMENT;
    this.#read += length;
    return { kind, bytes };
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decoder.decode(bytes);
  } catch {
    throw damaged("a text is no UTF-8");
  }
}

function textOf(bytes: Uint8Array): string {
  const units = new Uint16Array(bytes.slice().buffer);
  let text = "";
  for (let at = 0; at < units.length; at += 8_192) text += String.fromCharCode(...units.subarray(at, at + 8_192));
  return text;
}

function damaged(what: string): RangeError {
  return new RangeError(`it is damaged: ${what}`);
}
