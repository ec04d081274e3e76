import type { SinkPlan } from "../../plan/physical.ts";
import type { ShownRow, UpsertRow } from "../../ports/warehouse.ts";
import { encodedLine } from "../../processor/line_writer.ts";
import type { Groups } from "../../processor/group.ts";
import { isDigestOfText } from "../../record/digest.ts";
import { ProcessorError } from "../../record/errors.ts";
import { type Key, keyText, parseKeyText } from "../../record/key.ts";
import { type Chore, LOOKS_PER_STEP } from "../../state/chores.ts";
import type { Refusals } from "../../state/refusals.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";
import type { ChangedGroups } from "./changed_groups.ts";
import { keyLineOf, shownKeyOf } from "./key_line.ts";
import { RememberedShares, type ShownShares } from "./remembered_shares.ts";
import { ShareLines } from "./share_lines.ts";
import { newSinkCounts, type SinkCounts } from "./sink_counts.ts";
import { FOREIGN_DIGEST } from "./shown_digests.ts";
import type { OutgoingRow } from "../delivery/waiting_rows.ts";

/** What a sink of shares needs of its task. */
export interface ShareSinkOptions {
  readonly plan: SinkPlan;
  readonly output: ChangedGroups;
  readonly task: string;
  readonly epoch: number;
  readonly nextSeq: () => number;
  /** `row.line` is overwritten by the next row. */
  readonly put: (row: OutgoingRow) => void;
  /** Whether groups may be missing only because something failed. */
  readonly suspect: () => boolean;
  /** Rows may be deleted, whatever failed. */
  readonly allowDeletes: boolean;
  readonly refusals: Refusals;
}

/**
 * Writes one home's shares straight to ClickHouse, one row for each (group, task); the view adds them up. Nothing is
 * written before the start is complete, so that no total is ever too small for a moment. A share that cannot be written
 * is replaced by a mark, for which the view sets the group aside: what was there before must not stay in the total.
 * Shares of groups that a start finds missing are held while something has failed.
 */
export class ShareSink {
  readonly counts: SinkCounts = newSinkCounts();
  /** While set: keys written since, which a comparison under way must leave alone. */
  touched: Set<Key> | null = null;
  readonly remembered = new RememberedShares();
  readonly #options: ShareSinkOptions;
  readonly #lines: ShareLines;
  /** Digests that ClickHouse shows from an earlier epoch, until the start is complete. */
  readonly #base = new Map<Key, number>();
  readonly #adopted = new Map<string, ShownRow>();
  #doomed: readonly Key[] = [];
  /** A group of this start cannot be written. */
  #unwritable = false;
  /** Digests of shares that ClickHouse shows of groups that are missing. */
  readonly #held = new Map<Key, number>();
  #completing = false;
  /** Groups whose share ClickHouse refused. */
  readonly #refused = new Set<Key>();
  /** As dead letters name it. */
  readonly #operator: string;

  constructor(options: ShareSinkOptions) {
    this.#options = options;
    this.#operator = `sink ${options.plan.name}`;
    this.#lines = new ShareLines(options.plan, options.output.plan.aggregate);
  }

  get plan(): SinkPlan {
    return this.#options.plan;
  }

  get #groups(): Groups {
    return this.#options.output.groups;
  }

  /** ClickHouse shows a share of this group from an earlier epoch. */
  base(key: Key, digest: number): void {
    this.#base.set(key, digest);
    this.counts.base++;
  }

  /** Shares of tasks that no longer exist: deleted when the start is complete. They may be told twice. */
  adopt(rows: readonly ShownRow[]): void {
    for (const row of rows) this.#adopted.set(`${row.task} ${row.key}`, row);
  }

  /** What {@link base} was told is forgotten. */
  forgetBase(): void {
    this.counts.base = 0;
    this.#base.clear();
  }

  /** Finds out what {@link complete} would delete. */
  *survey(): Chore {
    const doomed: Key[] = [];
    let looks = 0;
    for (const key of this.#base.keys()) {
      if (!this.hasShare(key)) doomed.push(key);
      if (++looks % LOOKS_PER_STEP === 0) yield;
    }
    this.#doomed = doomed;
    if (doomed.length > 0) yield* this.#findUnwritable();
  }

  /** A group that cannot be written may be one of those missing, by another name. */
  *#findUnwritable(): Chore {
    let looks = 0;
    const groups = this.#groups;
    for (const group of groups.keys.used()) {
      const rows = groups.rows(group);
      if (rows > 0 && !this.#base.has(groups.keys.keyOf(group)) && this.#encodeMark(group) === null) {
        this.#unwritable = true;
        return;
      }
      if (++looks % LOOKS_PER_STEP === 0) yield;
    }
  }

  /** Whether groups may be missing only because something failed. */
  get #suspect(): boolean {
    return this.#options.suspect() || (this.#unwritable && !this.#options.allowDeletes);
  }

  /** Keys of the shares that {@link complete} would delete, as {@link survey} has found them. */
  doomed(): readonly Key[] {
    return this.#suspect ? [] : this.#doomed;
  }

  /** How many shares a start has left because something failed. */
  get heldRows(): number {
    return this.#held.size;
  }

  /** Deletes what is held, unless something still speaks against it. */
  *reconsider(): Chore {
    for (const key of this.#held.keys()) {
      if (this.#suspect) return;
      this.#held.delete(key);
      this.#delete(key);
      yield;
    }
  }

  /** Whether this task has rows of the group. */
  hasShare(key: Key): boolean {
    const group = this.#groups.keys.find(key);
    return group !== NO_SLOT && this.#groups.rows(group) > 0;
  }

  /**
   * The start is complete: every share that differs from what is shown is written, those of vanished groups are
   * deleted.
   */
  *complete(): Chore {
    const groups = this.#groups;
    this.#doomed = [];
    let looks = 0;
    for (const [key, digest] of this.#base) {
      this.#base.delete(key);
      const group = groups.keys.find(key);
      const held = !this.hasShare(key) && this.#suspect;
      if (held) this.#held.set(key, digest);
      else if (group === NO_SLOT) this.#delete(key);
      else groups.sent.set(group, digest);
      if (held || group === NO_SLOT || ++looks % LOOKS_PER_STEP === 0) yield;
    }
    for (const row of this.#adopted.values()) {
      this.#delete(shownKeyOf(this.plan, row.key), row.task);
      yield;
    }
    this.#adopted.clear();
    // All of them are written now; what changes meanwhile is written again.
    this.#options.output.forgetDirty();
    for (const group of groups.keys.used()) {
      this.#completing = true;
      this.#write(group);
      this.#completing = false;
      yield;
    }
  }

  /** Writes the shares that changed. */
  flush(): void {
    for (const group of this.#options.output.takeDirty()) this.#write(group);
  }

  /** Digest that ClickHouse should show for the group; null for nothing. */
  expected(key: Key): number | null {
    const group = this.#groups.keys.find(key);
    return (group === NO_SLOT ? null : this.#groups.sent.get(group)) ?? this.#held.get(key) ?? null;
  }

  /** The shares that ClickHouse should show. */
  get shares(): ShownShares {
    return { groups: this.#groups, held: this.#held };
  }

  /** Writes the group again, or deletes it, because ClickHouse shows something else. */
  repair(key: Key): void {
    this.#held.delete(key);
    const group = this.#groups.keys.find(key);
    if (group === NO_SLOT) return this.#delete(key);
    this.#groups.sent.set(group, FOREIGN_DIGEST);
    this.#write(group);
  }

  /**
   * ClickHouse refused this share: a mark takes its place, as of one that cannot be written, since what was there
   * before would stay in the total. A newer share, or a mark that is refused itself, is left alone.
   */
  refuse(row: UpsertRow): void {
    const key = parseKeyText(row.key);
    const group = this.#groups.keys.find(key);
    if (group === NO_SLOT || this.#groups.sent.get(group) !== row.digest) return this.#replaced(key);
    this.#refused.add(key);
    const digest = this.#encodeMark(group);
    if (digest !== null && digest !== row.digest) this.#put(group, digest);
  }

  #write(group: Slot): void {
    const groups = this.#groups;
    const key = groups.keys.keyOf(group);
    const sent = groups.sent.get(group);
    if (groups.rows(group) === 0) {
      this.#mended(key);
      if (sent !== null) this.#delete(key);
      this.#options.output.drop(group);
      return;
    }
    const digest = this.#encode(group);
    if (digest === null || digest === sent || this.#isSameText(group, sent)) return;
    if (this.#refused.size > 0 && this.#refused.delete(key)) this.#replaced(key);
    if (this.#completing && sent !== null) this.counts.rewritten++;
    this.#put(group, digest);
  }

  /** Whether what is shown has the digest that earlier versions took of the same text. */
  #isSameText(group: Slot, sent: number | null): boolean {
    if (sent === null || !isDigestOfText(sent)) return false;
    return this.#lines.textDigest(this.#groups.columns(group), this.#groups.parts(group)) === sent;
  }

  /** Puts the line encoded last. */
  #put(group: Slot, digest: number): void {
    const { task, epoch, nextSeq, put } = this.#options;
    const key = this.#groups.keys.keyOf(group);
    this.#groups.sent.set(group, digest);
    if (this.#held.size > 0) this.#held.delete(key);
    this.counts.written++;
    this.touched?.add(key);
    const text = keyText(key);
    put({ id: `${task} ${text}`, line: encodedLine(), task, key: text, digest, epoch, seq: nextSeq() });
  }

  #delete(key: Key, task = this.#options.task): void {
    const { plan, epoch, nextSeq, put } = this.#options;
    this.counts.deleted++;
    this.touched?.add(key);
    const text = keyText(key);
    put({ id: `${task} ${text}`, keyLine: keyLineOf(plan, key), task, key: text, epoch, seq: nextSeq() });
  }

  #mended(key: Key): void {
    const { refusals } = this.#options;
    refusals.keyMended(this.#operator, key);
    if (this.#refused.size > 0 && this.#refused.delete(key)) this.#replaced(key);
  }

  #replaced(key: Key): void {
    this.#options.refusals.rowReplaced(this.#operator, key);
  }

  /**
   * Encodes the share, or a mark in its place; gives the digest, or null when not even the group's columns can be
   * written.
   */
  #encode(group: Slot): number | null {
    const { refusals } = this.#options;
    const key = this.#groups.keys.keyOf(group);
    const columns = this.#groups.columns(group);
    try {
      const digest = this.#lines.write(columns, this.#groups.parts(group));
      refusals.keyMended(this.#operator, key);
      return digest;
    } catch (cause) {
      const error = new ProcessorError(this.#operator, keyText(key), { cause, row: columns });
      refusals.other(error, { columns: Object.keys(columns).sort() });
    }
    return this.#encodeMark(group);
  }

  /** Encodes the mark of a share that cannot be written; null when not even the group's columns can. */
  #encodeMark(group: Slot): number | null {
    return this.#lines.writeMark(this.#groups.columns(group));
  }
}
