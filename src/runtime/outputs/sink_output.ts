import type { SinkPlan } from "../../plan/physical.ts";
import { keyGuard } from "../../processor/key_guard.ts";
import { rowEncoder } from "../../processor/sink_row.ts";
import { digestOf } from "../../record/digest.ts";
import { ProcessorError } from "../../record/errors.ts";
import { type Key, keyOf, keyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { type Entry, HELD } from "../../state/entry.ts";
import { keyLineOf } from "./key_line.ts";
import type { OutgoingRow } from "../delivery/sink_writer.ts";

/** Counts of one sink's rows since the task's start. */
export interface SinkCounts {
  /** Rows that ClickHouse showed of this task when it started. */
  base: number;
  /** Of those, rows written again because they differ. */
  rewritten: number;
  /** All rows written, rewritten ones included. */
  written: number;
  deleted: number;
}

/** Counts before anything happened. */
export function newSinkCounts(): SinkCounts {
  return { base: 0, rewritten: 0, written: 0, deleted: 0 };
}

/** Digest of a row that is somebody else's or was altered: that of no row which this task writes. */
export const FOREIGN_DIGEST = -1;

/** What a sink output needs of its task. */
export interface SinkOutputOptions {
  readonly plan: SinkPlan;
  /** Index of the cell that holds the digest of the row shown. */
  readonly cell: number;
  readonly task: string;
  readonly epoch: number;
  /** Less than every epoch of this generation, and more than every one of earlier generations. */
  readonly firstEpoch: number;
  /** Whether rows of this key are this task's to write. */
  readonly owns: (key: Key) => boolean;
  readonly nextSeq: () => number;
  readonly put: (row: OutgoingRow) => void;
  readonly hold: (entry: Entry) => void;
  readonly complete: () => boolean;
  readonly onError: (error: ProcessorError) => void;
}

/**
 * One sink of one task: writes a row only if it differs from what ClickHouse shows, which is remembered as a digest.
 * Until the start is complete nothing is deleted: entries to delete are held, so that a start that would delete too
 * much can be refused.
 */
export class SinkOutput {
  readonly counts: SinkCounts = newSinkCounts();
  /** While set: keys written since, which a comparison under way must leave alone. */
  touched: Set<Key> | null = null;
  readonly #options: SinkOutputOptions;
  /** Shown, and to be deleted when the start is complete. */
  readonly #doomed = new Set<Entry>();
  readonly #encode: (row: Row) => string;
  readonly #guardKey: ((row: Row) => void) | null;
  readonly #keyColumns: readonly string[];
  /** Key columns in the order of the row key. */
  readonly #keyNames: readonly string[];

  constructor(options: SinkOutputOptions) {
    this.#options = options;
    const { table, keyOrder, byName } = options.plan;
    this.#encode = rowEncoder(table.columns);
    this.#guardKey = keyGuard(table.columns, table.key);
    this.#keyColumns = table.key;
    const names: string[] = [];
    keyOrder.forEach((part, column) => names[part] = this.#keyColumns[column]);
    this.#keyNames = byName ? [...this.#keyColumns].sort() : names;
  }

  get plan(): SinkPlan {
    return this.#options.plan;
  }

  /**
   * Whether rows of this key are this task's to write: not so for some that it wrote before the number of partitions
   * changed.
   */
  owns(key: Key): boolean {
    return this.#options.owns(key);
  }

  /** What ClickHouse shows of this entry from an earlier epoch. */
  base(entry: Entry, digest: number): void {
    this.counts.base++;
    entry.cells[this.#options.cell] = digest;
  }

  /** What {@link base} was told is forgotten; nothing was shown since. */
  forgetBase(entries: Iterable<Entry>): void {
    this.counts.base = 0;
    for (const entry of entries) entry.cells[this.#options.cell] = null;
  }

  /** Shows `row` (null: nothing) for the entry. */
  show(entry: Entry, row: Row | null): void {
    const { cell } = this.#options;
    const shown = entry.cells[cell] as number | null;
    const line = row === null ? null : this.#lineOf(entry.key, row);
    if (line === null) {
      if (shown === null) return;
      if (!this.#options.complete()) {
        this.#doomed.add(entry);
        return this.#options.hold(entry);
      }
      this.#doomed.delete(entry);
      entry.cells[cell] = null;
      this.#delete(entry.key);
      return;
    }
    if (this.#doomed.size > 0) this.#doomed.delete(entry);
    const digest = digestOf(line);
    if (digest === shown) return;
    entry.cells[cell] = digest;
    this.counts.written++;
    if (shown !== null && !this.#options.complete()) this.counts.rewritten++;
    this.touched?.add(entry.key);
    const { task, epoch, nextSeq, put } = this.#options;
    put({ id: entry.key, line, task, key: keyText(entry.key), digest, epoch, seq: nextSeq() });
  }

  /** ClickHouse shows something else than it should: the next {@link show} writes whatever is right. */
  distrust(entry: Entry): void {
    entry.cells[this.#options.cell] = FOREIGN_DIGEST;
  }

  /** Keys of the rows that are deleted when the start is complete. */
  doomed(): Key[] {
    return Array.from(this.#doomed, (entry) => entry.key);
  }

  /** Whether ClickHouse shows something of this entry. */
  shows(entry: Entry): boolean {
    return entry.cells[this.#options.cell] !== null;
  }

  /** Digest of what ClickHouse should show now; null for nothing. */
  expected(entry: Entry): number | null {
    return (entry.flags & HELD) !== 0 ? null : entry.cells[this.#options.cell] as number | null;
  }

  /** Deletes a row that the sink shows and the task does not know. */
  #delete(key: Key): void {
    const { task, epoch, nextSeq, put } = this.#options;
    this.counts.deleted++;
    this.touched?.add(key);
    put({ id: key, keyLine: keyLineOf(this.#options.plan, key), task, key: keyText(key), epoch, seq: nextSeq() });
  }

  /**
   * Deletes a row that is another task's now, if that task has not written it: with a version below all that it may
   * write, also later, and under an id of its own, as it does not supersede the other task's row while both wait.
   */
  discard(key: Key): void {
    const { plan, task, firstEpoch, put } = this.#options;
    this.counts.deleted++;
    const text = keyText(key);
    put({ id: `moved ${text}`, keyLine: keyLineOf(plan, key), task, key: text, epoch: firstEpoch, seq: 0 });
  }

  #lineOf(key: Key, row: Row): string | null {
    try {
      const names = this.#keyNames;
      if (keyOf(names.length === 1 ? [row[names[0]]] : names.map((name) => row[name])) !== key) {
        const values = this.#keyColumns.map((column) => `${column}=${String(row[column])}`).join(", ");
        throw new TypeError(
          `the sink's key columns (${values}) must carry the row's key ${keyText(key)}${
            this.#options.plan.byName ? ", under the names of the group columns" : ", in its order"
          }`,
        );
      }
      this.#guardKey?.(row);
      return this.#encode(row);
    } catch (cause) {
      this.#options.onError(new ProcessorError(`sink ${this.#options.plan.name}`, keyText(key), { cause }));
      return null;
    }
  }
}
