import { CountedMarks, MARKS_MAX } from "../state/counted_marks.ts";
import type { Slot, SlotOwner } from "../state/slots.ts";

/** What became of the row that came to a step; 0: none came, or it is not known whether there is one. */
export const OUT = 1;
/** A filter left it out, it has expired, or a join found no partner: whether it goes on then is the join's kind. */
export const LEFT_OUT = 2;
/** A callback threw, or it cannot be written. */
export const FAILED = 3;
/** Its foreign key is null, or it is in no group. */
export const NULL_KEY = 4;
/** Its partner has not answered yet. */
export const WAITING = 5;

const BITS = 3;
/** Steps whose outcomes one small integer tells: the engine adds and compares these without making an object. */
const STEPS_PER_WORD = 10;
const CODES = 2 ** BITS;
/** So many words there can be. */
const WORDS = CODES ** STEPS_PER_WORD;

/** Which word tells of a step, and how far its outcome is shifted there. */
export function placeOf(step: number): { readonly word: number; readonly shift: number } {
  return { word: Math.floor(step / STEPS_PER_WORD), shift: step % STEPS_PER_WORD * BITS };
}

/** How often each outcome was found at one step; by outcome. */
export type OutcomeCounts = readonly number[];

/**
 * Which sequences of outcomes there are at the steps of one table, and how often each was found since the topology
 * began here, whichever of its tasks found it. There are few: rows of a table meet much the same.
 */
export class OutcomePatterns {
  /** Steps that are told of. */
  readonly steps: number;
  /** By pattern, whose number is more than 0: its words. */
  readonly words: (readonly number[])[] = [[]];
  /** By pattern: evaluations. */
  readonly found: number[] = [0];
  /** By word: from the number of the words before it, and the word, to a number. The last one's are the patterns. */
  readonly #numbers: Map<number, number>[];

  constructor(steps: number) {
    this.steps = steps;
    this.#numbers = Array.from({ length: Math.ceil(steps / STEPS_PER_WORD) }, () => new Map());
  }

  /** How many words an evaluation has. */
  get width(): number {
    return this.#numbers.length;
  }

  /** The number of a pattern; 0 if there are too many to tell it apart. */
  numberOf(words: Int32Array): number {
    const last = words.length - 1;
    let number = 0;
    for (let index = 0; index < last; index++) number = this.#prefix(index, number * WORDS + words[index]);
    return this.#numbers[last]?.get(number * WORDS + words[last]) ?? this.#added(words, number);
  }

  /** The number of the words up to one that is not the last. */
  #prefix(index: number, key: number): number {
    const numbers = this.#numbers[index];
    return numbers.getOrInsert(key, numbers.size);
  }

  #added(words: Int32Array, before: number): number {
    if (words.length === 0 || this.words.length >= MARKS_MAX) return 0;
    const pattern = this.words.push([...words]) - 1;
    this.#numbers.at(-1)!.set(before * WORDS + words[words.length - 1], pattern);
    this.found.push(0);
    return pattern;
  }

  /** How many times each outcome is at `step`, if each pattern counts `times`. */
  countsAt(step: number, times: (pattern: number) => number): OutcomeCounts {
    const counts = new Array(CODES).fill(0);
    const { word, shift } = placeOf(step);
    for (let pattern = 1; pattern < this.words.length; pattern++) {
      counts[this.words[pattern][word] >> shift & (CODES - 1)] += times(pattern);
    }
    return counts;
  }
}

/**
 * What became of each row of one task, or of one global table, at each step of its program when it was evaluated last.
 * So how many rows are filtered out, or without a partner, is known at any time without a look at them; an evaluation
 * that changes nothing costs two additions.
 */
export class Outcomes {
  /** Of the evaluation under way. A program writes all of them. */
  readonly words: Int32Array;
  readonly patterns: OutcomePatterns;
  /** Whether it ever was found out only afterwards that a row failed. */
  failsLater = false;
  /** By entry: its pattern. */
  readonly #marks: CountedMarks;
  /** The only word found last, which is likely to come again, and its pattern. */
  #last = -1;
  #pattern = 0;

  constructor(patterns: OutcomePatterns, entries: SlotOwner) {
    this.patterns = patterns;
    this.words = new Int32Array(patterns.width);
    this.#marks = entries.attach(new CountedMarks());
  }

  /** A step of the evaluation under way, which is still 0 there. */
  put(step: number, outcome: number): void {
    if (step < STEPS_PER_WORD) this.words[0] |= outcome << step * BITS;
    else this.words[(step / STEPS_PER_WORD) | 0] |= outcome << step % STEPS_PER_WORD * BITS;
  }

  /** The entry was evaluated: its outcomes are in {@link words}. */
  note(entry: Slot): void {
    const { words } = this;
    // Nearly all programs have few steps.
    if (words.length !== 1) this.#pattern = this.patterns.numberOf(words);
    else if (words[0] !== this.#last) {
      this.#last = words[0];
      this.#pattern = this.patterns.numberOf(words);
    }
    this.patterns.found[this.#pattern]++;
    this.#marks.set(entry, this.#pattern);
  }

  /** If a row of the entry went out at this step, it is found out only now that it failed there. */
  failedLater(entry: Slot, step: number): void {
    this.failsLater = true;
    const pattern = this.#marks.get(entry);
    const words = Int32Array.from(this.patterns.words[pattern]);
    const { word, shift } = placeOf(step);
    if (pattern === 0 || (words[word] >> shift & CODES - 1) !== OUT) return;
    words[word] ^= (OUT ^ FAILED) << shift;
    this.#marks.set(entry, this.patterns.numberOf(words));
  }

  /** How many entries have each outcome at `step` now. Of those that were not evaluated yet nothing is counted. */
  rowsAt(step: number): OutcomeCounts {
    return this.patterns.countsAt(step, (pattern) => this.#marks.count(pattern));
  }
}
