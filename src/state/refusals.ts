import type { ProcessorError } from "../record/errors.ts";
import { type Key, parseKeyText } from "../record/key.ts";
import { subjectOf } from "../record/subject_of.ts";

/** Keys remembered. Of those beyond nothing is said to be mended. */
const KEYS_MAX = 100_000;

/** Something could not be processed. */
export interface Refusal {
  readonly error: ProcessorError;
  /** Of the row; null for what is no row of this table: a share, a total, a foreign key. */
  readonly key: Key | null;
  /** What it is about: see {@link subjectOf}. */
  readonly subject: string;
  /** Names of the key's columns, in its order. */
  readonly columns: readonly string[];
}

/** What was refused is no longer so. */
export interface Mended {
  /** `sink`: by ClickHouse. */
  readonly stage: "callback" | "sink";
  readonly operator: string;
  readonly subject: string;
}

/** Who is told. */
export interface RefusalListener {
  /** Names of the columns of a row's key. */
  columns(): readonly string[];
  refused(refusal: Refusal): void;
  mended(mended: Mended): void;
}

/**
 * Which operators refused which rows at their last evaluation, so that it can be told when they no longer do: the row
 * was evaluated again with all partners known, and this operator did not refuse it, or it is gone.
 */
export class Refusals {
  readonly #listener: RefusalListener;
  readonly #rows = new Map<Key, Set<string>>();
  /** By operator: subjects that are no rows of this table. */
  readonly #others = new Map<string, Set<string>>();
  /** Operators that have refused since {@link begin}. */
  readonly #now = new Set<string>();

  constructor(listener: RefusalListener) {
    this.#listener = listener;
  }

  /** A row is about to be evaluated. */
  begin(): void {
    if (this.#now.size > 0) this.#now.clear();
  }

  /** A row of this table was refused. */
  readonly row = (error: ProcessorError): void => {
    const key = parseKeyText(error.key);
    this.#now.add(error.operator);
    const operators = this.#rows.get(key);
    if (operators !== undefined) operators.add(error.operator);
    else if (this.#rows.size < KEYS_MAX) this.#rows.set(key, new Set([error.operator]));
    this.#listener.refused({ error, key, subject: subjectOf(key), columns: this.#listener.columns() });
  };

  /** The row was evaluated with all its partners known. */
  evaluated(key: Key): void {
    if (this.#rows.size === 0) return;
    const operators = this.#rows.get(key);
    if (operators === undefined) return;
    for (const operator of operators) {
      if (this.#now.has(operator)) continue;
      operators.delete(operator);
      this.#listener.mended({ stage: "callback", operator, subject: subjectOf(key) });
    }
    if (operators.size === 0) this.#rows.delete(key);
  }

  /** Whether the operator refused the row, or something else of this key, when it met it last, as far as is known. */
  isRefused(operator: string, key: Key): boolean {
    return this.#rows.get(key)?.has(operator) === true || this.#others.get(operator)?.has(subjectOf(key)) === true;
  }

  /** Something else was refused, whose key has these columns. `subject`: that of the error's key if absent. */
  other(error: ProcessorError, about: { readonly columns: readonly string[]; readonly subject?: string }): void {
    const { columns, subject = subjectOf(parseKeyText(error.key)) } = about;
    let subjects = this.#others.get(error.operator);
    if (subjects === undefined) this.#others.set(error.operator, subjects = new Set());
    if (subjects.size < KEYS_MAX) subjects.add(subject);
    this.#listener.refused({ error, key: null, subject, columns });
  }

  /** Something else is as it should be, or gone. */
  otherMended(operator: string, subject: string): void {
    if (this.#others.get(operator)?.delete(subject)) this.#listener.mended({ stage: "callback", operator, subject });
  }

  /** As {@link otherMended}, of what has this key. */
  keyMended(operator: string, key: Key): void {
    if (this.hasOthers(operator)) this.otherMended(operator, subjectOf(key));
  }

  /** Whether the operator has refused anything that is no row. */
  hasOthers(operator: string): boolean {
    return this.#others.size > 0 && (this.#others.get(operator)?.size ?? 0) > 0;
  }

  /** The row of this sink that ClickHouse refused is another one now, or gone. */
  rowReplaced(operator: string, key: Key): void {
    this.#listener.mended({ stage: "sink", operator, subject: subjectOf(key) });
  }
}
