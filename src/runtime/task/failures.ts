import type { TaskTable } from "../../plan/physical.ts";
import type { ProcessorError } from "../../record/errors.ts";
import { type Entries, FAILED } from "../../state/entries.ts";
import { FailedRows } from "../../state/failed_rows.ts";
import type { Refusals } from "../../state/refusals.ts";
import type { Slot } from "../../state/slots.ts";
import type { SourceReader } from "./source_reader.ts";
import type { TaskContext } from "./task_context.ts";

/**
 * What failed in the rows of one task, and so whether a row is missing because it is gone, or only because something
 * failed: a callback threw, a value cannot be written or told, a change could not be read.
 */
export class Failures {
  /** Rows whose last evaluation failed. */
  readonly rows: FailedRows;
  /** How many errors of rows were taken note of. */
  taken = 0;
  /** Why the first row did; null before any. */
  first: ProcessorError | null = null;
  readonly #context: TaskContext;
  readonly #table: TaskTable;
  readonly #entries: Entries;
  readonly #source: SourceReader;
  readonly #refusals: Refusals;
  #spoke = { here: true, above: true };

  constructor(parts: {
    readonly context: TaskContext;
    readonly table: TaskTable;
    readonly entries: Entries;
    readonly source: SourceReader;
    readonly refusals: Refusals;
  }) {
    this.#context = parts.context;
    this.#table = parts.table;
    this.#entries = parts.entries;
    this.rows = new FailedRows(parts.entries);
    this.#source = parts.source;
    this.#refusals = parts.refusals;
  }

  /** Takes note of an error in a row of the table, and hands it on. */
  readonly take = (error: ProcessorError): void => {
    this.taken++;
    this.rows.fail();
    this.first ??= error;
    this.#refusals.row(error);
  };

  /** Whether rows of this task failed, or changes of them could not be read. */
  get any(): boolean {
    return this.rows.size > 0 || this.#source.stale.some((stale) => stale.any);
  }

  /**
   * Makes the function that tells whether an entry's row may be missing only because something failed, as it stands
   * now; `gone`: how many rows are missing. One that its source has lost is gone.
   */
  readonly suspecting = (gone: number): (entry: Slot) => boolean => {
    if (this.#context.options.allowDeletes) return () => false;
    const hasSource = this.#table.members[0].kind !== "merge";
    let above: boolean | null = null;
    return (entry) => {
      if (hasSource) {
        if (this.#source.unread(this.#entries.keys.keyOf(entry), gone)) return true;
        if (!this.#entries.hasRow(entry)) return false;
      }
      return this.#entries.is(entry, FAILED) || (above ??= this.#context.suspect(this.#table));
    };
  };

  /** Whether what speaks against deletions has ended, in this task or above it, since this was asked last. */
  ended(): boolean {
    const before = this.#spoke;
    const now = this.#spoke = { here: this.any, above: this.#context.suspect(this.#table) };
    return (before.here && !now.here) || (before.above && !now.above);
  }

  /** Whether groups may be missing only because something failed. */
  readonly suspectGroups = (): boolean =>
    !this.#context.options.allowDeletes && (this.any || this.#context.suspect(this.#table));
}
