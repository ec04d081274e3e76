import type { ToldTime } from "../../formats/changelog_horizon.ts";
import { retentionOf } from "../../plan/retention.ts";
import { keyColumnsOf } from "../../plan/outputs_of.ts";
import type { SinkPlan, TaskTable } from "../../plan/physical.ts";
import { WINDOW_START } from "../../processor/stateful/result_of.ts";
import { type Key, keyParts } from "../../record/key.ts";
import { DueTimes } from "../../state/due_times.ts";
import type { Entries } from "../../state/entries.ts";
import type { Slot } from "../../state/slots.ts";

/**
 * Which windows of one task are kept, as its changelog tells: those that begin behind the horizon. It knows of each
 * entry when its window begins, and gives those that are beyond, once.
 */
export class Retention {
  /** Windows that began then or before are beyond. */
  horizonUs = -Infinity;
  /** The greatest time of events that all rows which were read are made of. */
  streamTimeUs = -Infinity;
  /** Names of those who have told a horizon. */
  readonly names = new Set<string>();
  /** Is told how many entries were beyond. */
  onEnded: (rows: number) => void = () => {};
  readonly #retentionUs: number;
  readonly #starts: DueTimes;

  constructor(retentionUs: number, { keys }: Pick<Entries, "keys">) {
    this.#retentionUs = retentionUs;
    this.#starts = keys.attach(new DueTimes());
  }

  /** How far the horizon may be, when all of these windows are shown: their events are too late by then. */
  get dueUs(): number {
    return Math.floor(this.streamTimeUs - this.#retentionUs);
  }

  /** How much it is worth to tell a horizon that is greater by so much. */
  get stepUs(): number {
    return this.#retentionUs / STEPS;
  }

  /** Whether entries are beyond. */
  get waits(): boolean {
    return this.#starts.first <= this.horizonUs;
  }

  isBeyond(startUs: number): boolean {
    return startUs <= this.horizonUs;
  }

  /** The window of an entry begins then. */
  note(entry: Slot, startUs: number): void {
    this.#starts.set(entry, startUs);
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
    for (; ended < rows && this.waits; ended++) end(this.#starts.take());
    if (ended > 0) this.onEnded(ended);
  }
}

/** Places of {@link WINDOW_START} in the keys of a sink: a plan never changes. */
const places = new WeakMap<SinkPlan, number>();

/** When the window of a row begins that a sink shows. Microseconds since the epoch. */
export function windowStartOf(plan: SinkPlan, key: Key): number {
  let place = places.get(plan);
  if (place === undefined) places.set(plan, place = keyColumnsOf(plan).indexOf(WINDOW_START));
  return Number(keyParts(key)[place]);
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
  const retention = known.getOrInsertComputed(entries, () => new Retention(us, entries));
  retention.onEnded = (rows) => count("weir_ended_rows_total", { table: table.name }, rows);
  return retention;
}
