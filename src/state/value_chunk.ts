import { Decimal } from "../record/decimal.ts";
import { wireEquals } from "../record/wire.ts";
import { type ChunkForm, FormLoan, lengthened, NO_BYTES, NO_DOUBLES, NO_HALVES, NO_INTEGERS } from "./chunk_form.ts";
import { heapBytesOf, mapBytes } from "./heap_bytes.ts";
import type { Lent } from "./loans.ts";
import {
  DOUBLES,
  EMPTY,
  FLAG_VALUES,
  FLAGS,
  INTEGERS,
  kindOf,
  kindOfMost,
  NONE,
  OTHER_FLAG,
  scaleOf,
  VALUES,
  WORDS_16,
  WORDS_32,
  WORDS_8,
} from "./value_kinds.ts";
import { NULL_WORD, OTHER_WORD, type WordList } from "./word_list.ts";

/** An empty chunk itself. */
const CHUNK_BYTES = 160;

/** Values beside the others that a chunk may always have. */
const OTHERS_FREE = 16;
/** As a share of a chunk, the values beside the others at most; beyond it the chunk finds another kind. */
const OTHERS_SHARE = 1 / 16;

/**
 * The values of up to 65,536 slots of one column, in the smallest form that holds nearly all of them; the others stand
 * beside in a map. The form is found from the first value. One that holds too few of them is changed for another, all
 * values of the chunk at once, which takes a few milliseconds and is seldom. Nothing is lost: `get` gives what was set.
 *
 * Each kind has an array of its own, since a function that meets several kinds of arrays in one place is slow for each.
 */
export class ValueChunk implements ChunkForm {
  kind: number = EMPTY;
  scale = -1;
  bytes8: Uint8Array = NO_BYTES;
  halves: Uint16Array = NO_HALVES;
  integers: Int32Array = NO_INTEGERS;
  doubles: Float64Array = NO_DOUBLES;
  values: unknown[] = [];
  others: Map<number, unknown> | null = null;
  /** A snapshot reads it as it is, so it is copied before it changes. */
  lent: FormLoan | null = null;
  /** Of what stands in `values` and `others`. */
  #heapBytes = 0;
  readonly #words: WordList;

  /** `length`: places that there is room for. */
  constructor(public length: number, words: WordList) {
    this.#words = words;
  }

  get(at: number): unknown {
    switch (this.kind) {
      case INTEGERS: {
        const value = this.integers[at];
        if (value === NONE) return this.#other(at);
        return this.scale < 0 ? value : Decimal.of(value, this.scale);
      }
      case DOUBLES: {
        const value = this.doubles[at];
        if (value !== value) return this.#other(at);
        return this.scale < 0 ? value : Decimal.of(value, this.scale);
      }
      case WORDS_8:
        return this.#word(at, this.bytes8[at]);
      case WORDS_16:
        return this.#word(at, this.halves[at]);
      case WORDS_32:
        return this.#word(at, this.integers[at]);
      case VALUES:
        return this.values[at];
      case FLAGS:
        return this.bytes8[at] === OTHER_FLAG ? this.#other(at) : FLAG_VALUES[this.bytes8[at]];
      default:
        return this.#other(at);
    }
  }

  #word(at: number, id: number): unknown {
    return id === OTHER_WORD ? this.#other(at) : this.#words.texts[id];
  }

  #other(at: number): unknown {
    if (this.others === null) return null;
    const value = this.others.get(at);
    return value === undefined && !this.others.has(at) ? null : value;
  }

  /** What `wireEquals` says of the value held and this one, mostly without the former being made. */
  equals(at: number, value: unknown): boolean {
    if (this.kind === INTEGERS || this.kind === DOUBLES) {
      const held = this.kind === INTEGERS ? this.integers[at] : this.doubles[at];
      if (held !== NONE && held === held) {
        if (typeof value === "number") return this.scale < 0 && held === value;
        if (this.scale < 0) return false;
        if (value instanceof Decimal && value.scale === this.scale) return value.units === held;
      }
    }
    const held = this.get(at);
    return held === value || wireEquals(held, value);
  }

  /** What it holds now. */
  lend(): Lent<ChunkForm> {
    this.lent ??= new FormLoan(this, () => this.lent = null);
    return this.lent.lend();
  }

  #own(loan: FormLoan): void {
    Object.assign(this, loan.take(this));
    this.lent = null;
  }

  /** Puts exactly this value. */
  set(at: number, value: unknown): void {
    if (this.lent !== null) this.#own(this.lent);
    if (this.others !== null) this.#dropOther(at);
    switch (this.kind) {
      case EMPTY:
        if (value === null || this.#begin(at, value)) return;
        break;
      case INTEGERS:
      case DOUBLES:
        if (this.#setNumber(at, value)) return;
        break;
      case FLAGS: {
        const flag = FLAG_VALUES.indexOf(value);
        if (flag < 0) break;
        this.bytes8[at] = flag;
        return;
      }
      case VALUES:
        this.#heapBytes += heapBytesOf(value) - heapBytesOf(this.values[at]);
        this.values[at] = value;
        return;
      default:
        if (this.#setWord(at, value)) return;
    }
    this.#setOther(at, value);
  }

  /** Finds the kind from the first value that has one. */
  #begin(at: number, value: unknown): boolean {
    const kind = kindOf(value, this.#words);
    // One text that is kept as it is will be followed by others.
    if (kind === VALUES && typeof value !== "string") return false;
    const others = this.others ?? [];
    this.become(kind, scaleOf(value));
    for (const [place, other] of others) this.set(place, other);
    this.set(at, value);
    return true;
  }

  #setNumber(at: number, value: unknown): boolean {
    let number = NaN;
    if (typeof value === "number") number = this.scale < 0 ? value : NaN;
    else if (value instanceof Decimal && value.scale === this.scale && typeof value.units === "number") {
      number = value.units;
    }
    if (number !== number && value !== null) return false;
    if (this.kind === INTEGERS) {
      if (value === null) {
        this.integers[at] = NONE;
        return true;
      }
      // -0 is an integer that 4 bytes do not tell.
      if ((number | 0) === number && number !== NONE && (number !== 0 || 1 / number > 0)) {
        this.integers[at] = number;
        return true;
      }
      this.#widenIntegers();
    }
    this.doubles[at] = number;
    return true;
  }

  #widenIntegers(): void {
    const narrow = this.integers;
    this.doubles = new Float64Array(narrow.length);
    for (let at = 0; at < narrow.length; at++) this.doubles[at] = narrow[at] === NONE ? NaN : narrow[at];
    this.integers = NO_INTEGERS;
    this.kind = DOUBLES;
  }

  #setWord(at: number, value: unknown): boolean {
    const before = this.#idAt(at);
    if (typeof value === "string") {
      if (this.#words.texts[before] === value) return true;
      const id = this.#words.acquire(value);
      if (id === OTHER_WORD) return false;
      this.#setId(at, id);
    } else if (value === null) this.#setId(at, NULL_WORD);
    else return false;
    this.#words.release(before);
    return true;
  }

  #idAt(at: number): number {
    return this.kind === WORDS_8 ? this.bytes8[at] : this.kind === WORDS_16 ? this.halves[at] : this.integers[at];
  }

  #setId(at: number, id: number): void {
    if (this.kind === WORDS_8 && id > 0xff) {
      this.halves = Uint16Array.from(this.bytes8);
      this.bytes8 = NO_BYTES;
      this.kind = WORDS_16;
    }
    if (this.kind === WORDS_16 && id > 0xffff) {
      this.integers = Int32Array.from(this.halves);
      this.halves = NO_HALVES;
      this.kind = WORDS_32;
    }
    if (this.kind === WORDS_8) this.bytes8[at] = id;
    else if (this.kind === WORDS_16) this.halves[at] = id;
    else this.integers[at] = id;
  }

  #dropOther(at: number): void {
    const others = this.others as Map<number, unknown>;
    if (!others.has(at)) return;
    this.#heapBytes -= heapBytesOf(others.get(at));
    others.delete(at);
    if (others.size === 0) this.others = null;
  }

  #setOther(at: number, value: unknown): void {
    if (this.kind === INTEGERS) this.integers[at] = NONE;
    else if (this.kind === DOUBLES) this.doubles[at] = NaN;
    else if (this.kind === FLAGS) this.bytes8[at] = OTHER_FLAG;
    else if (this.kind !== EMPTY) {
      this.#words.release(this.#idAt(at));
      this.#setId(at, OTHER_WORD);
    }
    this.restoreOther(at, value);
    if (this.others!.size > (this.kind === EMPTY ? OTHERS_FREE : this.#othersMax)) this.#findKind();
  }

  get #othersMax(): number {
    return Math.max(OTHERS_FREE, this.length * OTHERS_SHARE);
  }

  /** Puts a value beside the others at a place whose cell says so already. */
  restoreOther(at: number, value: unknown): void {
    this.others ??= new Map();
    this.others.set(at, value);
    this.#heapBytes += heapBytesOf(value);
  }

  /** Takes the kind that most values have, if few would stand beside; else keeps all as they are. */
  #findKind(): void {
    const values = Array.from({ length: this.length }, (_, at) => this.get(at));
    const most = kindOfMost(values, this.#words);
    // Words that did not pay here will not pay in the chunks to come.
    if (most.kind === WORDS_8 && this.kind >= WORDS_8) this.#words.abandoned = true;
    const fits = most.others <= this.#othersMax / 2;
    if (fits && !(most.kind === WORDS_8 && this.#words.abandoned)) this.become(most.kind, most.scale);
    else this.become(VALUES, -1);
    for (let at = 0; at < values.length; at++) if (values[at] !== null) this.set(at, values[at]);
  }

  /** Holds nulls alone from now on, in this kind. */
  become(kind: number, scale: number): void {
    if (this.kind >= WORDS_8 && this.kind <= WORDS_32) {
      for (let at = 0; at < this.length; at++) this.#words.release(this.#idAt(at));
    }
    const { length } = this;
    this.kind = kind;
    this.scale = scale;
    this.bytes8 = kind === FLAGS || kind === WORDS_8 ? new Uint8Array(length) : NO_BYTES;
    this.halves = kind === WORDS_16 ? new Uint16Array(length) : NO_HALVES;
    this.integers = kind === INTEGERS || kind === WORDS_32 ? new Int32Array(length) : NO_INTEGERS;
    if (kind === INTEGERS) this.integers.fill(NONE);
    this.doubles = kind === DOUBLES ? new Float64Array(length).fill(NaN) : NO_DOUBLES;
    this.values = kind === VALUES ? new Array(length).fill(null) : [];
    this.others = null;
    this.#heapBytes = 0;
  }

  /** Makes room for `length` places. */
  lengthen(length: number): void {
    if (length > this.length) Object.assign(this, lengthened(this, length), { length });
  }

  /** Held, that of the words excepted. */
  get bytes(): number {
    const { bytes8, halves, integers, doubles } = this;
    const cells = bytes8.byteLength + halves.byteLength + integers.byteLength + doubles.byteLength;
    const others = this.others === null ? 0 : mapBytes(this.others.size);
    return CHUNK_BYTES + cells + 8 * this.values.length + others + this.#heapBytes;
  }
}
