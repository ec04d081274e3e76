import type { Fetched, Reader } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import { StandbyRows } from "../task/standby_rows.ts";
import { type Instance, isOverloaded } from "./instance.ts";
import { partitionedTasks } from "./group_tasks.ts";
import { portionsOf } from "./portions.ts";
import { Standby } from "./standby.ts";

const RETRY_MS = 1_000;
/** While tasks read, or sinks have too much waiting, it is looked again so often whether they still do. */
const AFTER_TASKS_MS = 200;
/** While tasks have something to do, a standby rests so many times as long as it has worked. */
const REST_SHARE = 4;

/**
 * Reads the topics of this instance's standbys. It has a reader of its own, so that nothing of it stands before records
 * of tasks, takes one portion in a turn, and comes after the tasks of this instance: it stops while one of them reads
 * its topics or sinks are behind, and works a fifth of the time while they evaluate.
 */
export class StandbyReading {
  readonly #instance: Instance;
  readonly #stopping = new AbortController();
  #reader: Reader | null = null;
  #running: Promise<void> | null = null;
  #wake = Promise.withResolvers<void>();
  #nextAskMs = 0;
  /** Standbys of which it was told that they were given up. */
  readonly #told = new WeakSet<Standby>();

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** All tasks of which this instance is a standby now. Those without a topic are told by others what they hold. */
  assigned(ids: readonly string[]): void {
    const { standbys, topics } = this.#instance;
    const wanted = new Set(ids);
    for (const [id, standby] of standbys) if (!wanted.has(id)) this.#leave(standby);
    for (const { id, table, partition } of partitionedTasks(topics)) {
      if (!wanted.has(id) || standbys.has(id)) continue;
      const standby = new Standby({ table, partition });
      if (standby.topics.length > 0) standbys.set(id, standby);
    }
    if (standbys.size === 0) return;
    this.#running ??= this.#run().catch((error) => this.#instance.fail(error));
    this.#wake.resolve();
  }

  /** Hands the standby of this task over, if there is one that is of any use; it is not read on. */
  take(id: string): Standby | null {
    const standby = this.#instance.standbys.get(id);
    if (standby === undefined) return null;
    this.#leave(standby);
    return standby.rows === null ? null : standby;
  }

  /** Ends reading. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.resolve();
    await this.#reader?.close();
    await this.#running;
  }

  #leave(standby: Standby): void {
    this.#instance.standbys.delete(standby.id);
    this.#stopReading(standby);
  }

  #stopReading({ topics, partition }: Standby): void {
    for (const topic of topics) this.#reader?.stop(topic, partition);
  }

  async #run(): Promise<void> {
    const { standbys, options, ports: { clock, log } } = this.#instance;
    const { signal } = this.#stopping;
    const reader = this.#reader = log.reader();
    while (!signal.aborted) {
      if (standbys.size === 0) {
        this.#wake = Promise.withResolvers();
        await this.#wake.promise;
        continue;
      }
      await this.#afterTasks();
      if (signal.aborted) return;
      try {
        await this.#look(reader);
        for (const part of await reader.poll(options.pollWaitMs)) await this.#take(part);
      } catch (error) {
        if (!(error instanceof ProductionError)) throw error;
        // Whoever reads for the tasks says so. If it is not retriable, a partition was given up that is not named.
        if (!error.retriable) this.#seekAll(reader);
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  async #afterTasks(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted && this.#tasksComeFirst()) {
      await this.#instance.ports.clock.sleep(AFTER_TASKS_MS, signal);
    }
  }

  #tasksComeFirst(): boolean {
    if (isOverloaded(this.#instance)) return true;
    for (const host of this.#instance.hosts.values()) {
      if (host.state === "starting" || (host.state === "loading" && host.topics.length > 0 && !host.caughtUp)) {
        return true;
      }
    }
    return false;
  }

  /** Begins what is not begun, and asks now and then where the topics end: who is at the end is fresh. */
  async #look(reader: Reader): Promise<void> {
    const { standbys, topics: { sources }, options, ports: { clock } } = this.#instance;
    for (const standby of standbys.values()) {
      if (standby.useless !== null) this.#tellGivenUp(standby);
      else {
        const recreated = standby.recreated(sources);
        if (recreated !== null) this.#beginAnew(standby, recreated);
      }
    }
    const fresh = [...standbys.values()].filter(({ rows, useless }) => rows === null && useless === null);
    const isDue = clock.nowMs() >= this.#nextAskMs;
    if (fresh.length === 0 && !isDue) return;
    if (isDue) this.#nextAskMs = clock.nowMs() + options.metadataEveryMs;
    const ends = await this.#ask(isDue ? [...standbys.values()] : fresh);
    if (this.#stopping.signal.aborted) return;
    for (const standby of fresh) if (standbys.get(standby.id) === standby) this.#begin(standby, { reader, ends });
  }

  async #ask(asked: readonly Standby[]): Promise<Map<string, Offsets>> {
    const { standbys, ports: { log, clock } } = this.#instance;
    const found = new Map<string, Offsets>();
    for (const topic of new Set(asked.flatMap(({ topics }) => topics))) {
      const askedMs = clock.nowMs();
      const { start, end } = await log.offsets(topic);
      found.set(topic, { start, end });
      for (const standby of standbys.values()) standby.endsAt(topic, { end: end[standby.partition], askedMs });
    }
    return found;
  }

  #begin(
    standby: Standby,
    { reader, ends }: { readonly reader: Reader; readonly ends: ReadonlyMap<string, Offsets> },
  ): void {
    const { topics: { sources }, context, ports: { clock } } = this.#instance;
    const { table, partition, topics } = standby;
    const unnamed = topics.find((topic) => sources.get(topic)!.id === null);
    if (unnamed !== undefined) {
      return standby.giveUp(`the log does not tell whether topic "${unnamed}" is still the same`);
    }
    const places = topics.map((topic) => {
      const { start, end } = ends.get(topic)!;
      return { topic, id: sources.get(topic)!.id, start: start[partition], end: end[partition] };
    });
    standby.begin(new StandbyRows({ context, table, partition }), places, { nowMs: clock.nowMs() });
    for (const { topic, start } of places) reader.seek(topic, partition, start);
  }

  #seekAll(reader: Reader): void {
    for (const { covered, partition } of this.#instance.standbys.values()) {
      for (const { topic, position } of covered) reader.seek(topic, partition, position);
    }
  }

  async #take(part: Fetched): Promise<void> {
    const { standbys, topics: { sources }, busy, ports: { clock } } = this.#instance;
    for (const portion of portionsOf(part)) {
      await this.#afterTasks();
      const { topic, partition } = portion;
      const standby = standbys.values().find((one) => one.partition === partition && one.topics.includes(topic));
      if (standby === undefined || this.#stopping.signal.aborted) return;
      const beganMs = clock.nowMs();
      const lost = standby.take(portion, { sources, nowMs: beganMs });
      if (lost !== null) return this.#beginAnew(standby, lost);
      const tookMs = clock.nowMs() - beganMs;
      if (busy.size > 0 && tookMs > 0) await clock.sleep(REST_SHARE * tookMs, this.#stopping.signal);
      else await clock.breathe();
    }
  }

  #beginAnew(standby: Standby, reason: string): void {
    this.#stopReading(standby);
    standby.forget();
    this.#instance.onEvent({ kind: "standby begun anew", task: standby.id, reason });
  }

  #tellGivenUp(standby: Standby): void {
    if (this.#told.has(standby)) return;
    this.#told.add(standby);
    this.#stopReading(standby);
    this.#instance.onEvent({ kind: "standby given up", task: standby.id, reason: standby.useless! });
  }
}

/** Where a topic begins and ends, by partition. */
interface Offsets {
  readonly start: readonly number[];
  readonly end: readonly number[];
}
