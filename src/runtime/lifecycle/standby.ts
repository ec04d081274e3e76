import type { Fetched, Log, PartitionOffsets, TopicDescription } from "../../ports/log.ts";
import { topicsOf } from "../../plan/member_topic.ts";
import type { TaskTable } from "../../plan/physical.ts";
import type { Correction } from "../../record/correction.ts";
import { ConfigError } from "../../record/errors.ts";
import { taskId } from "../../record/task_id.ts";
import { type Crossing, crossingAt, whyExchanged } from "./leaders.ts";
import type { StandbyRows } from "../task/standby_rows.ts";
import { type CoveredSource, isTooOld, whyNotCovered } from "./covered_sources.ts";

/** A standby that is too old before it has read everything begins anew once: something may have held it up. */
const LATE_LOADS_MAX = 1;

/** `given up`: it keeps nothing, and the task would be started without it. */
export type StandbyState = "reading" | "ready" | "given up";

/** Topics by name, as they are known to be. */
export type Sources = ReadonlyMap<string, TopicDescription>;

/** One of the task's topics, as far as it is read. */
interface Reading {
  readonly topic: string;
  readonly id: string | null;
  readonly start: number;
  /** The next offset to read. */
  position: number;
  leaderEpoch: number | null;
  /** Where it ends, as known. */
  end: number;
  /** Everything written by then was read, milliseconds since the epoch. */
  freshMs: number;
}

/**
 * The rows of one task that another instance runs, kept warm here: its topics, how far they are read, and whether what
 * was read is still the beginning of what they hold.
 */
export class Standby {
  readonly id: string;
  readonly table: TaskTable;
  readonly partition: number;
  /** Topics of the source members, in member order. */
  readonly topics: readonly string[];
  /** Null before reading begins, and when it was given up. */
  rows: StandbyRows | null = null;
  /** Why it was given up, or null. */
  useless: string | null = null;
  #readings: readonly Reading[] = [];
  /** Places at which another leader was met, of which it is not known whether it had all records before. */
  #crossings: Crossing[] = [];
  #complete = false;
  #lateLoads = 0;

  constructor({ table, partition }: { readonly table: TaskTable; readonly partition: number }) {
    this.id = taskId(table.name, partition);
    this.table = table;
    this.partition = partition;
    this.topics = topicsOf(table);
  }

  /** Whether it has read everything at least once since it began. */
  get complete(): boolean {
    return this.#complete;
  }

  get state(): StandbyState {
    return this.useless !== null ? "given up" : this.#complete && this.lag === 0 ? "ready" : "reading";
  }

  /** Records not read yet, as known. */
  get lag(): number {
    return this.#readings.reduce((sum, { position, end }) => sum + Math.max(0, end - position), 0);
  }

  /** What was read of its topics, by member. */
  get covered(): readonly CoveredSource[] {
    return this.#readings;
  }

  /** Everything that was written by then has been read. */
  get freshMs(): number {
    return Math.min(...this.#readings.map(({ freshMs }) => freshMs));
  }

  /** Begins to read into `rows`. `places`: of each topic, by member. */
  begin(
    rows: StandbyRows,
    places: readonly { readonly topic: string; readonly id: string | null; readonly start: number; end: number }[],
    { nowMs }: { readonly nowMs: number },
  ): void {
    this.rows = rows;
    this.#complete = false;
    this.#crossings = [];
    this.#readings = places.map((place) => ({ ...place, position: place.start, leaderEpoch: null, freshMs: nowMs }));
  }

  /** Throws away what was read. */
  forget(): void {
    this.rows = null;
    this.#readings = [];
    this.#complete = false;
  }

  /** Throws away what was read, and reads no more. */
  giveUp(reason: string): void {
    this.forget();
    this.useless ??= reason;
  }

  /** Whether one of its topics is not the one that was read. */
  recreated(sources: Sources): string | null {
    const other = this.#readings.find(({ topic, id }) => sources.get(topic)!.id !== id);
    return other === undefined ? null : `topic "${other.topic}" was recreated`;
  }

  /** Takes what was fetched. Returns why it must begin anew, or null. */
  take(fetched: Fetched, { sources, nowMs }: { readonly sources: Sources; readonly nowMs: number }): string | null {
    const { topic, fromOffset, outOfRange, problem, records } = fetched;
    const member = this.topics.indexOf(topic);
    const reading = this.#readings[member];
    // Fetched for what it was before it began anew.
    if (this.rows === null || fromOffset !== reading.position || problem !== undefined) return null;
    const lost = outOfRange === undefined ? this.recreated(sources) : `position in "${topic}" is out of range`;
    if (lost !== null) return lost;
    if (this.isLate(reading, { sources, nowMs })) return this.#late(topic);
    try {
      this.rows.source.take(member, records);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.giveUp(error.message);
      return null;
    }
    const crossing = crossingAt(reading, fetched);
    if (crossing !== null) this.#crossings.push(crossing);
    reading.leaderEpoch = fetched.leaderEpoch ?? reading.leaderEpoch;
    reading.position = fetched.nextOffset;
    reading.end = fetched.endOffset;
    const last = records.at(-1);
    if (last !== undefined) reading.freshMs = Math.max(reading.freshMs, Math.min(nowMs, last.timestampMs));
    this.rows.endSome();
    if (this.rows.letters.incomplete) this.giveUp("too many of its records cannot be read");
    return null;
  }

  /** Takes what corrects a record that was read. */
  correct(correction: Correction): void {
    const member = this.topics.indexOf(correction.topic);
    if (this.rows === null || correction.offset >= this.#readings[member].position) return;
    // It begins anew.
    if (this.rows.source.correct(member, correction) === "unknown") this.forget();
  }

  /** Whether tombstones behind what was read may be gone. */
  isLate({ topic, freshMs }: CoveredSource, { sources, nowMs }: { readonly sources: Sources; nowMs: number }): boolean {
    return isTooOld(sources.get(topic)!, nowMs - freshMs);
  }

  /**
   * Why the rows must not become those of the task, which has said HELLO and asked for all of this then; or null.
   * @throws ProductionError when the log does not answer
   */
  async whyUnfit({ log, ...now }: {
    readonly sources: Sources;
    readonly offsets: ReadonlyMap<string, PartitionOffsets>;
    readonly nowMs: number;
    readonly log: Pick<Log, "epochEnds">;
  }): Promise<string | null> {
    const { covered, partition } = this;
    return whyNotCovered(covered, { partition, ...now }) ??
      await whyExchanged(covered, { log, partition, crossings: this.#crossings });
  }

  #late(topic: string): string | null {
    const reason = `half of delete.retention.ms of "${topic}" has passed since it had read everything`;
    if (this.#complete || this.#lateLoads++ < LATE_LOADS_MAX) return reason;
    this.giveUp(reason);
    return null;
  }

  /** The topic ended there when it was asked for, at `askedMs`, and nothing was taken since. */
  endsAt(topic: string, { end, askedMs }: { readonly end: number; readonly askedMs: number }): void {
    const reading = this.#readings.find((candidate) => candidate.topic === topic);
    if (reading === undefined) return;
    reading.end = Math.max(reading.end, end);
    if (reading.position < reading.end) return;
    reading.freshMs = Math.max(reading.freshMs, askedMs);
    if (this.lag === 0) this.#complete = true;
  }
}

/** Memory runs out: tasks that run come first. Returns whether any was freed. */
export function giveUpStandbys(standbys: Iterable<Standby>, reason: string): boolean {
  let freed = false;
  for (const standby of standbys) {
    if (standby.rows === null) continue;
    standby.giveUp(reason);
    freed = true;
  }
  return freed;
}
