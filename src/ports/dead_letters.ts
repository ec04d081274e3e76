import type { Position } from "./log.ts";

/** A record or row that could not be processed, kept for a person to look at. */
export interface DeadLetter {
  readonly topology: string;
  readonly stage: "decode" | "callback" | "sink";
  /** Short machine-readable reason: `not_json`, `missing_column`, `callback_threw`, ... */
  readonly reason: string;
  /** Operator that refused, or the source's topic. */
  readonly operator: string;
  readonly error: string;
  /**
   * Where the record lies that could not be read. Of a row: where its newest record lies, if it was taken just before
   * the row was evaluated; of a row of a global table the record that was being read. Else null, as are the next two.
   */
  readonly topic: string | null;
  readonly partition: number | null;
  readonly offset: number | null;
  /** What is known of when it happened: `start` is an evaluation of all rows by a start; null is any other. */
  readonly occasion: "start" | null;
  /** JSON with the key columns by name, or the key of the record as it was; shortened to 1 KiB. */
  readonly key: string | null;
  /** The record, or what the callback was given as JSON; shortened to 64 KiB. */
  readonly record: string | null;
  /** Lines of the stack that are not Weir's own, the innermost first; null if there are none. Shortened to 4 KiB. */
  readonly stack: string | null;
  /** Who wrote it: a task, or a global table. Null in letters of versions before this field. */
  readonly task: string | null;
  /** One life of that task; greater in each later one. */
  readonly epoch: number;
  /** What the letter is about, in one form for equal keys; null if that is not known. */
  readonly subject: string | null;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
}

/** Letters that no longer apply, and why. Those that are resolved already stay as they are. */
export type Resolution =
  & { readonly topology: string; readonly why: string; readonly timestampMs: number }
  & (
    /** Those of a task, of this epoch or earlier, about one thing. */
    | {
      readonly kind: "subject";
      readonly task: string;
      readonly epoch: number;
      readonly stage: DeadLetter["stage"];
      readonly operator: string;
      readonly subject: string;
      /** Of stage `decode`: those of records up to this offset; absent: of all. */
      readonly upTo?: number;
    }
    /**
     * Those of a task that were not written again in this epoch or later; but those of records that the task has not
     * read again, which lie below one of `unread`.
     */
    | { readonly kind: "start"; readonly task: string; readonly epoch: number; readonly unread: readonly Position[] }
    /** Those of no task, or of one that is not among these. */
    | { readonly kind: "gone"; readonly tasks: readonly string[] }
  );

/** How many letters of one stage and reason are not resolved. */
export interface OpenLetters {
  readonly stage: DeadLetter["stage"];
  readonly reason: string;
  readonly letters: number;
}

/** What letters are asked for: those that any of these tasks has written about the subject. */
export interface LetterSubject {
  readonly topology: string;
  readonly tasks: readonly string[];
  readonly subject: string;
}

/**
 * Durable keeping of dead letters. A letter of the same task, topology, stage, topic, partition, offset, operator and
 * subject is kept once; rows are told apart without topic, partition and offset. Written again it opens a resolved one,
 * and takes the place of one with another error or record; of a smaller epoch than the one kept it is ignored.
 */
export interface DeadLetters {
  put(letters: readonly DeadLetter[]): Promise<void>;
  /** Marks letters as resolved, in the order given. */
  resolve(resolutions: readonly Resolution[]): Promise<void>;
  /** What is not resolved of a topology. */
  open(topology: string): Promise<readonly OpenLetters[]>;
  /** Letters about one thing that are not resolved, the newest first; at most 100. */
  about(thing: LetterSubject): Promise<readonly DeadLetter[]>;
}
