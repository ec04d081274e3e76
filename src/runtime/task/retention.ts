import type { ToldTime } from "../../formats/changelog_horizon.ts";
import { isFoldedRow } from "../../plan/folded_row.ts";
import { goByChange, retentionOf } from "../../plan/retention.ts";
import { keyColumnsOf } from "../../plan/outputs_of.ts";
import type { Member, SinkPlan, TaskTable } from "../../plan/physical.ts";
import { WINDOW_START } from "../../processor/stateful/result_of.ts";
import { type Key, keyParts } from "../../record/key.ts";
import type { Row, Value } from "../../record/row.ts";
import { ByteCells } from "../../state/cells.ts";
import { DueTimes } from "../../state/due_times.ts";
import { type Entries, FAILED } from "../../state/entries.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";

/** What keeping windows needs to know of a table. */
interface RetentionOptions {
  readonly retentionUs: number;
  /** Results go by when they changed last. */
  readonly byChange: boolean;
}

/**
 * Which windows of one task are kept, as its changelog tells: those that begin behind the horizon, and sessions that
 * changed behind it. It knows of each entry when that was, its age, and gives those that are beyond, once.
 */
export class Retention {
  /** What is of this age or an earlier one is beyond. */
  horizonUs = -Infinity;
  /** The greatest time of events that all rows which were read are made of. */
  streamTimeUs = -Infinity;
  /** Names of those who have told a horizon. */
  readonly names = new Set<string>();
  /** Is told how many entries were beyond. */
  onEnded: (rows: number) => void = () => {};
  /**
   * ClickHouse was asked, or is about to be, what it shows of all entries known by then: of others nobody knows, if
   * their windows begin beyond.
   */
  asked = false;
  /**
   * What ClickHouse shows was compared when nothing of a former incarnation was under way any more, unless it slept:
   * of entries that become known from here on it knows nothing.
   */
  compared = false;
  readonly #options: RetentionOptions;
  readonly #keys: Entries["keys"];
  readonly #ages: DueTimes;
  /** Entries of sessions that were gone when they were last looked at: as part of others, or as events made nothing. */
  readonly #gone = new Set<Slot>();
  /** 1 for entries that a former incarnation may know, and of which no row was written once more. */
  readonly #inherited: ByteCells;

  constructor(options: RetentionOptions, { keys }: Pick<Entries, "keys">) {
    this.#options = options;
    this.#keys = keys;
    this.#ages = keys.attach(new DueTimes());
    this.#inherited = keys.attach(new ByteCells());
  }

  /** Whether results go by when they changed last, and not by where their windows begin. */
  get byChange(): boolean {
    return this.#options.byChange;
  }

  /** How far the horizon may be, when all of these windows are shown: their events are too late by then. */
  get dueUs(): number {
    return Math.floor(this.streamTimeUs - this.#options.retentionUs);
  }

  /** How much it is worth to tell a horizon that is greater by so much. */
  get stepUs(): number {
    return this.#options.retentionUs / STEPS;
  }

  /** Whether entries are beyond. */
  get waits(): boolean {
    return this.#ages.first <= this.horizonUs;
  }

  isBeyond(ageUs: number): boolean {
    return ageUs <= this.horizonUs;
  }

  /**
   * Whether ClickHouse alone knows a window, by its key and where it begins: nobody knows when a session that is
   * forgotten changed last, but not before it began; and one that began long ago may be known, as it changed since.
   */
  isForgotten(key: Key, startUs: number): boolean {
    if (!this.isBeyond(startUs)) return false;
    if (!this.byChange) return true;
    const entry = this.#keys.find(key);
    return entry === NO_SLOT || this.isBeyond(this.#ages.timeOf(entry));
  }

  /** An entry is of this age. */
  note(entry: Slot, ageUs: number): void {
    this.#ages.set(entry, ageUs);
    if (!this.compared) this.#inherited.set(entry, 1);
  }

  /** ClickHouse shows a window that begins then, of which perhaps nothing else is known. */
  noteShown(entry: Slot, startUs: number): void {
    if (this.#ages.timeOf(entry) === Infinity) this.note(entry, startUs);
  }

  /** The session of an entry is gone. */
  noteGone(entry: Slot): void {
    this.#gone.add(entry);
  }

  /** Gives entries that were gone, up to an age, each once; some may have come again, or be others by now. */
  takeGone(untilUs: number): Slot[] {
    const taken = [...this.#gone].filter((entry) => this.#ages.timeOf(entry) <= untilUs);
    for (const entry of taken) this.#gone.delete(entry);
    return taken;
  }

  /** Gives entries up to an age that a former incarnation may know, each once, and `rows` at most. */
  takeInherited(untilUs: number, rows: number): Slot[] {
    const taken: Slot[] = [];
    for (const entry of this.#ages.upTo(untilUs)) {
      if (this.#inherited.get(entry) === 0) continue;
      this.#inherited.set(entry, 0);
      if (taken.push(entry) === rows) break;
    }
    return taken;
  }

  told(time: ToldTime): void {
    if (time.kind === "stream time") this.streamTimeUs = Math.max(this.streamTimeUs, time.atUs);
    else {
      this.names.add(time.name);
      // One that comes late says less, and is as true as any.
      this.horizonUs = Math.max(this.horizonUs, time.atUs);
    }
  }

  /** Gives entries that are beyond, each once, `rows` at most. */
  work(rows: number, end: (entry: Slot) => void): void {
    let ended = 0;
    for (; ended < rows && this.waits; ended++) this.#end(end);
    if (ended > 0) this.onEnded(ended);
  }

  #end(end: (entry: Slot) => void): void {
    const entry = this.#ages.take();
    this.#gone.delete(entry);
    end(entry);
  }
}

/** In one turn of the event loop. */
const WRITTEN_AT_ONCE = 1_000;

/** Places of {@link WINDOW_START} in the keys of a sink: a plan never changes. */
const places = new WeakMap<SinkPlan, number>();

/** When the window of a row begins that a sink shows. Microseconds since the epoch. */
export function windowStartOf(plan: SinkPlan, key: Key): number {
  return Number(keyParts(key)[placeOf(plan)]);
}

/** The group of a row that a sink shows: its key without the window, as canonical text. */
export function groupTextOf(plan: SinkPlan, key: Key): string {
  return keyParts(key).toSpliced(placeOf(plan), 1).join(",");
}

function placeOf(plan: SinkPlan): number {
  let place = places.get(plan);
  if (place === undefined) places.set(plan, place = keyColumnsOf(plan).indexOf(WINDOW_START));
  return place;
}

/** A horizon is told when this part of the retention lies between it and the one before: so much is kept longer. */
const STEPS = 16;

/** By the rows that they are of: whoever takes over those of a standby goes on with what that has been told. */
const known = new WeakMap<Entries, Retention>();

/** For the rows of a table; null if they do not go by age. `count`: a metric by its name. */
export function createRetention(
  { table, entries }: { readonly table: TaskTable; readonly entries: Entries },
  count: (name: string, labels: Readonly<Record<string, string>>, value: number) => void = () => {},
): Retention | null {
  const us = retentionOf(table);
  if (us === null) return null;
  const [{ node }] = table.members as Extract<Member, { kind: "folded" }>[];
  const options = { retentionUs: us, byChange: goByChange(node) };
  const retention = known.getOrInsertComputed(entries, () => new Retention(options, entries));
  retention.onEnded = (rows) => count("weir_ended_rows_total", { table: table.name }, rows);
  return retention;
}

/**
 * Deletes what may be shown of sessions that are gone and may be forgotten up to an age: what a former incarnation
 * writes late of one loses to that, though this one may never have shown it.
 */
export function buryGone(
  { retention, entries, sinks }: {
    readonly retention: Retention | null;
    readonly entries: Pick<Entries, "members">;
    readonly sinks: readonly { bury(entry: Slot): void }[];
  },
  untilUs: number,
): void {
  for (const entry of retention?.takeGone(untilUs) ?? []) {
    const row = entries.members[0].read(entry);
    if (row !== null && !isFoldedRow(row)) { for (const sink of sinks) sink.bury(entry); }
  }
}

/** A task whose rows are written once more. */
interface Inheriting {
  readonly table: Pick<TaskTable, "sinks">;
  readonly retention: Pick<Retention, "takeInherited"> | null;
  readonly sinks: readonly { distrust(entry: Slot): void; show(entry: Slot, row: Row | null): void }[];
  readonly entries: Pick<Entries, "is">;
  evaluate(entry: Slot): unknown;
  registersOf(entry: Slot): readonly Value[];
}

/**
 * Writes once more what some of the entries show, up to an age, that a former incarnation may know: what was found to
 * be right has that one's epoch, and would lose to what another one writes late. Nothing has changed, so nothing is
 * counted. Returns whether there are more.
 */
export function writeInherited(task: Inheriting, untilUs: number): boolean {
  const { table, retention, sinks, entries } = task;
  const taken = retention?.takeInherited(untilUs, WRITTEN_AT_ONCE) ?? [];
  for (const entry of taken) {
    const registers = task.registersOf(entry);
    for (const sink of sinks) sink.distrust(entry);
    // No partner is looked up behind a retention, so that every register is known.
    if (entries.is(entry, FAILED)) task.evaluate(entry);
    else sinks.forEach((sink, index) => sink.show(entry, registers[table.sinks[index].step] as Row | null));
  }
  return taken.length === WRITTEN_AT_ONCE;
}
