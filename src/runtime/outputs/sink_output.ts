import { keyColumnsOf } from "../../plan/outputs_of.ts";
import type { SinkPlan } from "../../plan/physical.ts";
import { keyGuard } from "../../processor/key_guard.ts";
import { encodedLine, type RowWriter, rowWriter } from "../../processor/line_writer.ts";
import { isDigestOfText } from "../../record/digest.ts";
import { ProcessorError } from "../../record/errors.ts";
import { type Key, keyOf, keyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { type Entry, REPLACED, SHOWN_BEFORE } from "../../state/entry.ts";
import { keyLineOf } from "./key_line.ts";
import type { OutgoingRow } from "../delivery/waiting_rows.ts";

/** Counts of one sink's rows since the task's start. */
export interface SinkCounts {
  /** Rows that ClickHouse showed of this task when it started. */
  base: number;
  /** Of those, rows written again because they differ. */
  rewritten: number;
  /** All rows written, rewritten ones included. */
  written: number;
  deleted: number;
  /** Rows shown since before the start that are left although they are not computed, because something failed. */
  held: number;
}

/** Counts before anything happened. */
export function newSinkCounts(): SinkCounts {
  return { base: 0, rewritten: 0, written: 0, deleted: 0, held: 0 };
}

/** Digest of a row that is somebody else's or was altered: that of no row which this task writes. */
export const FOREIGN_DIGEST = -1;

/** A row that ClickHouse refused: it is not tried again before it is another one. */
interface Refused {
  readonly digest: number;
  /** A start wrote it, and so left what was shown before the start. */
  readonly kept: boolean;
}

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
  /** `row.line` is overwritten by the next row. */
  readonly put: (row: OutgoingRow) => void;
  /** The entry's row is to be looked at again when the start ends. */
  readonly hold: (entry: Entry) => void;
  /** Makes what tells whether an entry's row may be missing only because something failed; `gone`: how many are. */
  readonly suspecting: (gone: number) => (entry: Entry) => boolean;
  readonly complete: () => boolean;
  readonly onError: (error: ProcessorError) => void;
  /** The row of this key that ClickHouse refused is not the one to be shown any more. */
  readonly onReplaced: (key: Key) => void;
}

/**
 * One sink of one task: writes a row only if it differs from what ClickHouse shows, which is remembered as a digest.
 * Until the start is complete nothing is deleted, so that a start that would delete too much can be refused. What a
 * start finds missing because something failed stays held: it is deleted only when it is computed that it is gone.
 *
 * A refused row is absent, as in a computation from scratch, whoever refused it: if a callback threw, `show` is given
 * null; if the encoder refuses, `show` deletes what is shown; if ClickHouse does, {@link refuse} does so. The boundary
 * is the start: of rows that a start wrote, a refusal by ClickHouse leaves what was shown before, since a mistaken
 * deployment could have all of them refused.
 */
export class SinkOutput {
  readonly counts: SinkCounts = newSinkCounts();
  /** While set: keys written since, which a comparison under way must leave alone. */
  touched: Set<Key> | null = null;
  /** Rows that ClickHouse refused and that would be written again otherwise, by key. */
  readonly #refused = new Map<Key, Refused>();
  /** Number of the last row written before the start was complete. */
  #startSeq = 0;
  readonly #options: SinkOutputOptions;
  /** Shown since before the start, and missing: to be deleted when the start is complete, or held. */
  readonly #missing = new Set<Entry>();
  /** How many were missing when the start was complete. */
  #gone = 0;
  readonly #writer: RowWriter;
  readonly #guardKey: ((row: Row) => void) | null;
  readonly #keyColumns: readonly string[];
  /** Key columns in the order of the row key. */
  readonly #keyNames: readonly string[];

  constructor(options: SinkOutputOptions) {
    this.#options = options;
    const { table } = options.plan;
    this.#writer = rowWriter(table.columns);
    this.#guardKey = keyGuard(table.columns, table.key);
    this.#keyColumns = table.key;
    this.#keyNames = keyColumnsOf(options.plan);
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
    entry.flags |= SHOWN_BEFORE;
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
    const digest = row === null ? null : this.#encode(entry.key, row);
    if (digest === null) {
      if (this.#refused.size > 0 && this.#refused.delete(entry.key)) this.#options.onReplaced(entry.key);
      if (shown === null) return;
      if (!this.#options.complete()) {
        this.#missing.add(entry);
        this.#gone = this.#missing.size;
        return this.#options.hold(entry);
      }
      if (this.#missing.size > 0) {
        if (this.#missing.has(entry) && this.holds(entry)) return;
        this.#missing.delete(entry);
      }
      entry.cells[cell] = null;
      this.#delete(entry.key);
      return;
    }
    if (this.#missing.size > 0) this.#missing.delete(entry);
    if (digest === shown) return;
    if (shown !== null && isDigestOfText(shown) && this.#writer.textDigest(row!) === shown) return;
    if (this.#refused.size > 0 && this.#isRefused(entry, digest)) return;
    entry.cells[cell] = digest;
    this.counts.written++;
    if (shown !== null && !this.#options.complete()) this.counts.rewritten++;
    this.touched?.add(entry.key);
    const { task, epoch, nextSeq, put, complete } = this.#options;
    const seq = nextSeq();
    if (!complete()) {
      this.#startSeq = seq;
      if (shown !== null) entry.flags |= REPLACED;
    }
    put({ id: entry.key, line: encodedLine(), task, key: keyText(entry.key), digest, epoch, seq });
  }

  /**
   * ClickHouse refused this row of the entry for good. Whatever older version it shows is deleted, unless a newer one
   * is under way, or a start wrote the row over what was shown before.
   */
  refuse(entry: Entry, row: { readonly digest: number; readonly seq: number }): void {
    const { cell } = this.#options;
    const { digest } = row;
    if (entry.cells[cell] !== digest) return this.#options.onReplaced(entry.key);
    const started = row.seq <= this.#startSeq;
    const kept = started && (entry.flags & SHOWN_BEFORE) !== 0;
    this.#refused.set(entry.key, { digest, kept });
    if (kept) {
      // What is shown is not known here; the next comparison finds it out.
      entry.cells[cell] = FOREIGN_DIGEST;
      return;
    }
    entry.cells[cell] = null;
    // A start that has nothing to change writes nothing, though it tries what was refused once more.
    if (!started || (entry.flags & REPLACED) !== 0) this.#bury(entry.key);
  }

  /** Whether this very row was refused before; then nothing is shown of the entry, unless the start left something. */
  #isRefused(entry: Entry, digest: number): boolean {
    const refused = this.#refused.get(entry.key);
    if (refused === undefined) return false;
    if (refused.digest !== digest) {
      this.#refused.delete(entry.key);
      this.#options.onReplaced(entry.key);
      return false;
    }
    if (!refused.kept && entry.cells[this.#options.cell] !== null) {
      entry.cells[this.#options.cell] = null;
      this.#delete(entry.key);
    }
    return true;
  }

  /** ClickHouse shows something else than it should: the next {@link show} writes whatever is right. */
  distrust(entry: Entry): void {
    entry.cells[this.#options.cell] = FOREIGN_DIGEST;
  }

  /** Keys of the rows that are deleted when the start is complete. */
  doomed(): Key[] {
    const holds = this.#options.suspecting(this.#gone);
    return [...this.#missing].filter((entry) => !holds(entry)).map((entry) => entry.key);
  }

  /** Entries whose rows are missing and still shown. */
  held(): Iterable<Entry> {
    return this.#missing;
  }

  /** How many rows a start has left because something failed, or ClickHouse refused what should replace them. */
  get heldRows(): number {
    if (!this.#options.complete()) return 0;
    let rows = this.#missing.size;
    for (const { kept } of this.#refused.values()) if (kept) rows++;
    return rows;
  }

  /** Whether the row of this entry, which is missing, must not be deleted. */
  holds(entry: Entry): boolean {
    return this.#options.suspecting(this.#gone)(entry);
  }

  /** Whether ClickHouse shows something of this entry. */
  shows(entry: Entry): boolean {
    return entry.cells[this.#options.cell] !== null;
  }

  /** Digest of what ClickHouse should show now; null for nothing. */
  expected(entry: Entry): number | null {
    return entry.cells[this.#options.cell] as number | null;
  }

  /**
   * Whether it is right that ClickHouse shows this of the entry (null: nothing). Where a start left what was shown
   * before, because the row was refused or is missing, it becomes known here.
   */
  agrees(entry: Entry, shown: number | null): boolean {
    if (this.expected(entry) === shown) return true;
    if (!this.#missing.has(entry) && this.#refused.get(entry.key)?.kept !== true) return false;
    entry.cells[this.#options.cell] = shown;
    if (shown === null) this.#missing.delete(entry);
    return true;
  }

  #delete(key: Key): void {
    this.counts.deleted++;
    this.#bury(key);
  }

  /** Writes a tombstone, whether anything is shown or not. */
  #bury(key: Key): void {
    const { task, epoch, nextSeq, put } = this.#options;
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

  /** Encodes the row; gives its digest, or null if it is refused. */
  #encode(key: Key, row: Row): number | null {
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
      return this.#writer.write(row);
    } catch (cause) {
      this.#options.onError(new ProcessorError(`sink ${this.#options.plan.name}`, keyText(key), { cause, row }));
      return null;
    }
  }
}
