import type { SinkPlan } from "../../plan/physical.ts";
import type { ShownRow, UpsertRow } from "../../ports/warehouse.ts";
import type { Group } from "../../processor/group.ts";
import { keyGuard } from "../../processor/key_guard.ts";
import { type ShareEncoder, shareEncoder } from "../../processor/share_row.ts";
import { encodedLine } from "../../processor/line_writer.ts";
import { isDigestOfText } from "../../record/digest.ts";
import { ProcessorError } from "../../record/errors.ts";
import { type Key, keyText, parseKeyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { type Chore, LOOKS_PER_STEP } from "../../state/chores.ts";
import type { Refusals } from "../../state/refusals.ts";
import type { GroupOutput } from "./group_output.ts";
import { keyLineOf, shownKeyOf } from "./key_line.ts";
import { FOREIGN_DIGEST, newSinkCounts, type SinkCounts } from "./sink_output.ts";
import type { OutgoingRow } from "../delivery/waiting_rows.ts";

/** What a sink of shares needs of its task. */
export interface ShareSinkOptions {
  readonly plan: SinkPlan;
  readonly output: GroupOutput;
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
  readonly #options: ShareSinkOptions;
  readonly #encoder: ShareEncoder;
  readonly #guardKey: ((row: Row) => void) | null;
  /** Digests that ClickHouse shows from an earlier epoch, until the start is complete. */
  readonly #base = new Map<Key, number>();
  readonly #adopted: ShownRow[] = [];
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
    this.#encoder = shareEncoder(options.plan.table, options.output.plan.aggregate);
    this.#guardKey = keyGuard(options.plan.table.columns, options.plan.table.key);
  }

  get plan(): SinkPlan {
    return this.#options.plan;
  }

  /** ClickHouse shows a share of this group from an earlier epoch. */
  base(key: Key, digest: number): void {
    this.#base.set(key, digest);
    this.counts.base++;
  }

  /** Shares of tasks that no longer exist: deleted when the start is complete. */
  adopt(rows: readonly ShownRow[]): void {
    this.#adopted.push(...rows);
  }

  /** What {@link base} and {@link adopt} were told is forgotten. */
  forgetBase(): void {
    this.counts.base = 0;
    this.#base.clear();
    this.#adopted.length = 0;
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
    for (const group of this.#options.output.groups.values()) {
      if (group.rows > 0 && !this.#base.has(group.key) && this.#encodeMark(group) === null) {
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
    return (this.#options.output.groups.get(key)?.rows ?? 0) > 0;
  }

  /**
   * The start is complete: every share that differs from what is shown is written, those of vanished groups are
   * deleted.
   */
  *complete(): Chore {
    const { output } = this.#options;
    this.#doomed = [];
    let looks = 0;
    for (const [key, digest] of this.#base) {
      this.#base.delete(key);
      const group = output.groups.get(key);
      const held = !this.hasShare(key) && this.#suspect;
      if (held) this.#held.set(key, digest);
      else if (group === undefined) this.#delete(key);
      else group.sent = digest;
      if (held || group === undefined || ++looks % LOOKS_PER_STEP === 0) yield;
    }
    for (const row of this.#adopted.splice(0)) {
      this.#delete(shownKeyOf(this.plan, row.key), row.task);
      yield;
    }
    // All of them are written now; what changes meanwhile is written again.
    output.forgetDirty();
    for (const group of output.groups.values()) {
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
    return this.#options.output.groups.get(key)?.sent ?? this.#held.get(key) ?? null;
  }

  /** Keys of the groups whose share ClickHouse should show. */
  *shownKeys(): Generator<Key> {
    for (const group of this.#options.output.groups.values()) if (group.sent !== null) yield group.key;
    yield* this.#held.keys();
  }

  /** Writes the group again, or deletes it, because ClickHouse shows something else. */
  repair(key: Key): void {
    this.#held.delete(key);
    const group = this.#options.output.groups.get(key);
    if (group === undefined) return this.#delete(key);
    group.sent = FOREIGN_DIGEST;
    this.#write(group);
  }

  /**
   * ClickHouse refused this share: a mark takes its place, as of one that cannot be written, since what was there
   * before would stay in the total. A newer share, or a mark that is refused itself, is left alone.
   */
  refuse(row: UpsertRow): void {
    const key = parseKeyText(row.key);
    const group = this.#options.output.groups.get(key);
    if (group === undefined || group.sent !== row.digest) return this.#replaced(key);
    this.#refused.add(key);
    const digest = this.#encodeMark(group);
    if (digest !== null && digest !== row.digest) this.#put(group, digest);
  }

  #write(group: Group): void {
    const { output } = this.#options;
    if (group.rows === 0) {
      this.#mended(group.key);
      if (group.sent !== null) this.#delete(group.key);
      group.sent = null;
      output.drop(group);
      return;
    }
    const digest = this.#encode(group);
    if (digest === null || digest === group.sent) return;
    if (
      group.sent !== null && isDigestOfText(group.sent) &&
      this.#encoder.textDigest(group.columns, output.parts(group)) === group.sent
    ) return;
    if (this.#refused.size > 0 && this.#refused.delete(group.key)) this.#replaced(group.key);
    if (this.#completing && group.sent !== null) this.counts.rewritten++;
    this.#put(group, digest);
  }

  /** Puts the line encoded last. */
  #put(group: Group, digest: number): void {
    const { task, epoch, nextSeq, put } = this.#options;
    group.sent = digest;
    if (this.#held.size > 0) this.#held.delete(group.key);
    this.counts.written++;
    this.touched?.add(group.key);
    const key = keyText(group.key);
    put({ id: `${task} ${key}`, line: encodedLine(), task, key, digest, epoch, seq: nextSeq() });
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
  #encode(group: Group): number | null {
    const { output, refusals } = this.#options;
    try {
      this.#checkColumns(group);
      const digest = this.#encoder.write(group.columns, output.parts(group));
      refusals.keyMended(this.#operator, group.key);
      return digest;
    } catch (cause) {
      const error = new ProcessorError(this.#operator, keyText(group.key), { cause, row: group.columns });
      refusals.other(error, { columns: Object.keys(group.columns).sort() });
    }
    return this.#encodeMark(group);
  }

  /** Encodes the mark of a share that cannot be written; null when not even the group's columns can. */
  #encodeMark(group: Group): number | null {
    try {
      this.#checkColumns(group);
      return this.#encoder.writeRefused(group.columns);
    } catch {
      // What is wrong with the columns is told where the share is encoded.
      return null;
    }
  }

  #checkColumns(group: Group): void {
    const { key } = this.#options.plan.table;
    const names = Object.keys(group.columns).sort().join(", ");
    if (names !== [...key].sort().join(", ")) {
      throw new TypeError(`the sink's key (${key.join(", ")}) must be the group's columns (${names})`);
    }
    this.#guardKey?.(group.columns);
  }
}
