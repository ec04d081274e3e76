import type { SinkPlan } from "../../plan/physical.ts";
import { encodedLine } from "../../processor/line_writer.ts";
import { isDigestOfText } from "../../record/digest.ts";
import { ProcessorError } from "../../record/errors.ts";
import { type Key, keyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { REPLACED, SHOWN_BEFORE } from "../../state/entries.ts";
import type { Loading, Slot } from "../../state/slots.ts";
import { keyLineOf } from "./key_line.ts";
import { FOREIGN_DIGEST, ShownDigests } from "./shown_digests.ts";
import { newSinkCounts, type SinkCounts } from "./sink_counts.ts";
import { SinkLines } from "./sink_lines.ts";
import type { SinkOutputOptions } from "./sink_options.ts";

/** A row that ClickHouse refused: it is not tried again before it is another one. */
interface Refused {
  readonly digest: number;
  /** A start wrote it, and so left what was shown before the start. */
  readonly kept: boolean;
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
  /** Shown and missing: to be deleted when the start is complete, or held. */
  readonly #missing = new Set<Slot>();
  /** How many were missing when the start was complete. */
  #gone = 0;
  /** By entry: digest of the row shown. */
  readonly digests: ShownDigests;
  readonly #lines: SinkLines;

  constructor(options: SinkOutputOptions) {
    this.#options = options;
    this.digests = new ShownDigests(options.entries);
    this.#lines = new SinkLines(options.plan);
  }

  get plan(): SinkPlan {
    return this.#options.plan;
  }

  /** Whether rows of this key are this task's to write: not all that it wrote before the partitions changed. */
  owns(key: Key): boolean {
    return this.#options.owns(key);
  }

  /** The entry is no more. */
  forget(entry: Slot): void {
    if (this.#missing.size > 0) this.#missing.delete(entry);
    if (this.#refused.size > 0) this.#refused.delete(this.#options.entries.keys.keyOf(entry));
  }

  /** What ClickHouse shows of this entry from an earlier epoch. */
  base(entry: Slot, digest: number): void {
    // It may be told twice, when an answer of ClickHouse breaks off.
    if (this.digests.get(entry) !== digest) this.counts.base++;
    this.digests.base(entry, digest);
  }

  /** ClickHouse shows what a snapshot remembers, of all entries that {@link base} was not told of. In steps. */
  confirm(): Loading {
    return this.digests.confirm(() => this.counts.base++);
  }

  /** What {@link base} was told is forgotten; nothing was shown since. In steps. */
  forgetBase(): Loading {
    this.counts.base = 0;
    return this.digests.forgetBase();
  }

  /** Keys of which ClickHouse has refused a row, so that the next start must try them again. */
  refusedKeys(): Iterable<Key> {
    return this.#refused.keys();
  }

  /** Shows a row (null: nothing) for the entry. */
  show(entry: Slot, given: Row | null): void {
    const { entries, dressed } = this.#options;
    const row = given === null || dressed === null ? given : dressed(entry, given);
    const key = entries.keys.keyOf(entry);
    const shown = this.digests.get(entry);
    const digest = row === null ? null : this.#encode(key, row);
    if (digest === null) {
      if (this.#refused.size > 0 && this.#refused.delete(key)) this.#options.onReplaced(key);
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
      this.digests.set(entry, null);
      this.#delete(key);
      return;
    }
    if (this.#missing.size > 0) this.#missing.delete(entry);
    if (digest === shown) return;
    if (shown !== null && isDigestOfText(shown) && this.#lines.textDigest(row!) === shown) return;
    if (this.#refused.size > 0 && this.#isRefused(entry, digest)) return;
    this.digests.set(entry, digest);
    this.counts.written++;
    if (shown !== null && !this.#options.complete()) this.counts.rewritten++;
    this.touched?.add(key);
    const { task, epoch, nextSeq, put, complete } = this.#options;
    const seq = nextSeq();
    if (!complete()) {
      this.#startSeq = seq;
      if (shown !== null) entries.raise(entry, REPLACED);
    }
    put({ id: key, line: encodedLine(), task, key: keyText(key), digest, epoch, seq });
  }

  /**
   * ClickHouse refused this row of the entry for good. Whatever older version it shows is deleted, unless a newer one
   * is under way, or a start wrote the row over what was shown before.
   */
  refuse(entry: Slot, row: { readonly digest: number; readonly seq: number }): void {
    const { entries, onReplaced } = this.#options;
    const { digest } = row;
    const key = entries.keys.keyOf(entry);
    if (this.digests.get(entry) !== digest) return onReplaced(key);
    const started = row.seq <= this.#startSeq;
    const kept = started && entries.is(entry, SHOWN_BEFORE);
    this.#refused.set(key, { digest, kept });
    if (kept) {
      // What is shown is not known here; the next comparison finds it out.
      this.digests.set(entry, FOREIGN_DIGEST);
      return;
    }
    this.digests.set(entry, null);
    // A start that has nothing to change writes nothing, though it tries what was refused once more.
    if (!started || entries.is(entry, REPLACED)) this.#bury(key);
  }

  /** Whether this very row was refused before; then nothing is shown of the entry, unless the start left something. */
  #isRefused(entry: Slot, digest: number): boolean {
    const key = this.#options.entries.keys.keyOf(entry);
    const refused = this.#refused.get(key);
    if (refused === undefined) return false;
    if (refused.digest !== digest) {
      this.#refused.delete(key);
      this.#options.onReplaced(key);
      return false;
    }
    if (!refused.kept && this.shows(entry)) {
      this.digests.set(entry, null);
      this.#delete(key);
    }
    return true;
  }

  /** ClickHouse shows something else than it should: the next {@link show} writes whatever is right. */
  distrust(entry: Slot): void {
    this.digests.set(entry, FOREIGN_DIGEST);
  }

  /** Nothing is to be shown of the entry, whatever comes late of former incarnations. */
  bury(entry: Slot): void {
    this.digests.set(entry, null);
    this.#bury(this.#options.entries.keys.keyOf(entry));
  }

  /** Keys of the rows shown before the start that are deleted when it is complete: none that it wrote itself. */
  doomed(): Key[] {
    const { entries, suspecting } = this.#options;
    const holds = suspecting(this.#gone);
    const doomed = [...this.#missing].filter((entry) => entries.is(entry, SHOWN_BEFORE) && !holds(entry));
    return doomed.map((entry) => entries.keys.keyOf(entry));
  }

  /** Entries whose rows are missing and still shown. */
  held(): Iterable<Slot> {
    return this.#missing;
  }

  /** How many rows a start has left because something failed, or ClickHouse refused what should replace them. */
  get heldRows(): number {
    if (!this.#options.complete()) return 0;
    return this.#missing.size + [...this.#refused.values()].filter(({ kept }) => kept).length;
  }

  /** Whether ClickHouse refused the row of this entry, which would be written again otherwise. */
  refuses(entry: Slot): boolean {
    return this.#refused.has(this.#options.entries.keys.keyOf(entry));
  }

  /** Whether the row of this entry, which is missing, must not be deleted. */
  holds(entry: Slot): boolean {
    return this.#options.suspecting(this.#gone)(entry);
  }

  /** Whether ClickHouse shows something of this entry. */
  shows(entry: Slot): boolean {
    return this.digests.get(entry) !== null;
  }

  /** Digest of what ClickHouse should show now; null for nothing. */
  expected(entry: Slot): number | null {
    return this.digests.get(entry);
  }

  /**
   * Whether it is right that ClickHouse shows this of the entry (null: nothing). Where a start left what was shown
   * before, because the row was refused or is missing, it becomes known here.
   */
  agrees(entry: Slot, shown: number | null): boolean {
    if (this.expected(entry) === shown) return true;
    if (!this.#missing.has(entry) && this.#refused.get(this.#options.entries.keys.keyOf(entry))?.kept !== true) {
      return false;
    }
    this.digests.set(entry, shown);
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
      return this.#lines.write(key, row);
    } catch (cause) {
      this.#options.onError(new ProcessorError(`sink ${this.#options.plan.name}`, keyText(key), { cause, row }));
      return null;
    }
  }
}
