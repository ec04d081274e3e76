import { crc32 } from "node:zlib";
import type { SectionReader, SectionWriter } from "./slots.ts";

/** What a file begins with: its kind and its version, which changes with everything that a section may hold. */
const MAGIC = "WEIRSNP3";
const HEAD_BYTES = 16;
/** Sections begin where any typed array may. */
const ALIGNMENT = 8;

type Kind = "array" | "text";
const KINDS: readonly Kind[] = ["array", "text"];

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder("utf-8", { fatal: true }) };

/** A section before its head is made. */
interface Section {
  readonly kind: Kind;
  readonly bytes: Uint8Array;
}

/** Texts that were taken, before two sections are made of them. */
interface TakenTexts {
  readonly taken: readonly (string | null)[];
}

/**
 * A snapshot's bytes: `MAGIC`, then sections, each of a head (length as 64 bits, CRC-32 that begins with the kind,
 * kind), its bytes, and zeros up to the next multiple of 8; then the sum of all lengths, so that a file that was cut at
 * the end of a section is told. Numbers are little-endian, as typed arrays are on every machine that Deno runs on.
 *
 * Taking a section copies it; its checksum is made when the file is written, which takes many turns of the event loop.
 * Of texts, which never change, the list alone is copied: their bytes are made then, too.
 */
export class SnapshotWriter implements SectionWriter {
  #sections: (Section | TakenTexts)[] = [];
  #bytes = 0;

  /** Of all sections whose bytes are made, without their heads: of texts these are made when the file is written. */
  get bytes(): number {
    return this.#bytes;
  }

  array(values: ArrayBufferView): void {
    this.#section("array", new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice());
  }

  texts(values: readonly (string | null)[]): void {
    this.#sections.push({ taken: values.slice() });
  }

  /** What another one has written, which must not be ended, with the number of its sections before it. */
  group(other: SnapshotWriter): void {
    this.array(Float64Array.of(other.#sections.reduce((sum, section) => sum + ("taken" in section ? 2 : 1), 0)));
    for (const section of other.#sections) this.#sections.push(section);
    this.#bytes += other.#bytes;
  }

  /**
   * Ends the file; nothing else may be written. `first`: texts before all else, which are known last. Its bytes come
   * once, and each part is there until the next one is asked for: then its memory is given back, as the collector would
   * do much later.
   */
  *end(first?: readonly string[]): Generator<Uint8Array> {
    yield utf8.encoder.encode(MAGIC);
    const sections = [...first === undefined ? [] : [{ taken: first }], ...this.#sections].reverse();
    this.#sections = [];
    for (let next = sections.pop(); next !== undefined; next = sections.pop()) {
      for (const section of "taken" in next ? textSections(next.taken) : [next]) {
        if ("taken" in next) this.#bytes += section.bytes.length;
        yield* partsOf(section);
      }
    }
    yield* partsOf({ kind: "array", bytes: new Uint8Array(Float64Array.of(this.#bytes).buffer) });
  }

  #section(kind: Kind, bytes: Uint8Array): void {
    this.#sections.push({ kind, bytes });
    this.#bytes += bytes.length;
  }
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
function* partsOf({ kind, bytes }: Section): Generator<Uint8Array> {
  const head = new DataView(new ArrayBuffer(HEAD_BYTES));
  head.setBigUint64(0, BigInt(bytes.length), true);
  head.setUint32(8, crc32(bytes, KINDS.indexOf(kind)), true);
  head.setUint32(12, KINDS.indexOf(kind), true);
  yield new Uint8Array(head.buffer);
  yield bytes;
  const rest = bytes.length % ALIGNMENT;
  if (rest > 0) yield new Uint8Array(ALIGNMENT - rest);
  (bytes.buffer as ArrayBuffer).transfer(0);
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
    const whole = kind === "text" ? decoded(bytes) : textOf(bytes);
    const texts: (string | null)[] = [];
    let at = 0;
    for (const length of lengths) texts.push(length === NO_TEXT ? null : whole.slice(at, at += length));
    if (at !== whole.length) throw damaged("texts of another length");
    return texts;
  }

  /** What {@link SnapshotWriter.group} wrote is read next. Returns what passes over it instead. */
  group(): () => void {
    const sections = this.array(Float64Array)[0];
    return () => {
      for (let left = sections; left > 0; left--) this.#section();
    };
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
