import type { DeadLetter } from "../../ports/dead_letters.ts";

/** What is to be changed of a record before it is replayed. */
export interface LetterEdit {
  /** Another key, as text; null: none. Only of events: a table's record has the row of its own key. */
  readonly key?: string | null;
  /** Another value, as text; null: a tombstone. */
  readonly value?: string | null;
  /** Columns of the value, by name, as the record writes them; what `JSON.rawJSON` gave keeps its digits. */
  readonly set?: Readonly<Record<string, unknown>>;
}

/** A dead letter to be replayed. */
export interface ReplayRequest {
  readonly letter: DeadLetter;
  /** Null: the record as it lies in the log. */
  readonly edit: LetterEdit | null;
}

/** What became of it. */
export interface ReplayResult {
  /**
   * `replayed`: it counts from now on, and again after every restart; `refused`: it must not, and nothing was changed;
   * `failed`: it still cannot be processed, or nobody knows whether it could be written.
   */
  readonly outcome: "replayed" | "refused" | "failed";
  /** Why, and what to do next. */
  readonly sentence: string;
  /** The sentence without what may quote the record; absent: it quotes nothing of it. */
  readonly brief?: string;
}

export function replayed(sentence: string): ReplayResult {
  return { outcome: "replayed", sentence };
}

export function refused(sentence: string): ReplayResult {
  return { outcome: "refused", sentence };
}

/** `brief`: the sentence without what may quote the record, if it may. */
export function failed(sentence: string, brief?: string): ReplayResult {
  return { outcome: "failed", sentence, ...brief === undefined ? {} : { brief } };
}
