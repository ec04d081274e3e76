import type { Chore, Chores } from "../../state/chores.ts";
import { type Entries, FAILED } from "../../state/entries.ts";
import type { Slot } from "../../state/slots.ts";
import type { SinkCounts } from "../outputs/sink_counts.ts";
import type { Failures } from "./failures.ts";
import { countsOf, type TaskOutputs } from "./task_outputs.ts";

/** What the end of a start needs of its task. */
export interface StartEndOptions {
  readonly chores: Chores;
  readonly outputs: TaskOutputs;
  readonly entries: Entries;
  readonly evaluate: (entry: Slot) => unknown;
  /** Rows may be deleted, whatever failed. */
  readonly allowDeletes: boolean;
}

/**
 * The end of a task's start, when every row is known: it is found out what would be deleted; if that may be, entries
 * whose rows are gone are evaluated once more, which deletes these rows or holds them, and shares are written. Both are
 * chores.
 */
export class StartEnd {
  /** What would be deleted is known. */
  surveyed = false;
  /** Rows may be deleted. */
  begun = false;
  /** All is written and deleted. */
  done = false;
  /** What the start did, by sink; empty before it is done. */
  counts: readonly { readonly sink: string; readonly counts: SinkCounts }[] = [];
  #surveying = false;
  #reconsidering = false;
  readonly #held = new Set<Slot>();
  readonly #options: StartEndOptions;

  constructor(options: StartEndOptions) {
    this.#options = options;
  }

  /** The entry shows a row that is deleted at the end of the start. */
  hold(entry: Slot): void {
    this.#held.add(entry);
  }

  /** The entry is no more. */
  forget(entry: Slot): void {
    this.#held.delete(entry);
  }

  /** Every row is known. */
  survey(): void {
    if (this.#surveying) return;
    this.#surveying = true;
    this.#options.chores.add(this.#survey());
  }

  /** What was found out may be done. */
  begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.#options.chores.add(this.#finish());
  }

  *#survey(): Chore {
    for (const sink of this.#options.outputs.shareSinks) if (sink !== null) yield* sink.survey();
    this.surveyed = true;
  }

  *#finish(): Chore {
    const { outputs, entries, evaluate, allowDeletes } = this.#options;
    for (const entry of this.#held) {
      this.#held.delete(entry);
      // It would fail again, and be told twice.
      if (allowDeletes || !entries.is(entry, FAILED)) evaluate(entry);
      yield;
    }
    for (const sink of outputs.shareSinks) if (sink !== null) yield* sink.complete();
    this.counts = countsOf(outputs);
    this.done = true;
  }

  /** What is held is looked at again: it is deleted where nothing speaks against it any more. */
  reconsider(): void {
    if (this.#reconsidering) return;
    this.#reconsidering = true;
    this.#options.chores.add(this.#reconsider());
  }

  *#reconsider(): Chore {
    const { outputs, evaluate } = this.#options;
    for (const sink of outputs.sinks) {
      for (const entry of sink.held()) {
        if (!sink.holds(entry)) evaluate(entry);
        yield;
      }
    }
    for (const sink of outputs.shareSinks) if (sink !== null) yield* sink.reconsider();
    this.#reconsidering = false;
  }
}

/** A task as {@link forgetEntry} sees it, and the end of its start. */
interface Forgetting {
  readonly task: Pick<TaskOutputs, "sinks"> & {
    readonly entries: Entries;
    readonly failures: Failures;
    readonly pendingEntries: { settle(entry: Slot): void };
  };
  readonly end: { forget(entry: Slot): void };
}

/** Nothing is kept of the entry any more, and nobody is told: it has no row and shows none, or its window has gone. */
export function forgetEntry(
  { task: { entries, failures, pendingEntries, sinks }, end }: Forgetting,
  entry: Slot,
): void {
  pendingEntries.settle(entry);
  for (const sink of sinks) sink.forget(entry);
  failures.rows.forget(entry);
  end.forget(entry);
  entries.keys.remove(entry);
}
