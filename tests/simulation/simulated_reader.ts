import type { Fetched, Reader } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import type { Owner, Scheduler } from "./scheduler.ts";
import type { LogBugs, StoredTopic } from "./stored_topic.ts";

/** The log that is read. */
export interface ReadableLog {
  readonly topics: ReadonlyMap<string, StoredTopic>;
  readonly scheduler: Scheduler;
  readonly bugs: LogBugs;
  readonly faults: boolean;
  /** A partition whose data cannot be read. */
  readonly damaged: { readonly topic: string; readonly partition: number } | null;
  /** Nothing comes to standbys for a while. */
  readonly standbysSleep: boolean;
  /** What is read now. */
  readonly readers: Set<SimulatedReader>;
  /** A topic of which nothing comes for a while. */
  readonly silent: { readonly topic: string; readonly untilMs: number } | null;
}

interface Position {
  readonly topic: string;
  readonly partition: number;
  offset: number;
  paused: boolean;
  /** It was told that the data cannot be read; it is tried again then, as the clock says. */
  retryMs: number | null;
}

/** What is told of data that cannot be read. */
export const DAMAGE = "simulated damage";
/** So long a reader waits before it tries damaged data again. */
const RETRY_MS = 1_000;
/** A poll without records ends so late, later than a real one: each takes a step. */
const EMPTY_MS = 10_000;

/** Reads the simulated log for one process; what a poll brings, and how much of it, the seed decides. */
export class SimulatedReader implements Reader {
  readonly #log: ReadableLog;
  readonly #owner: Owner;
  readonly #standby: boolean;
  readonly #positions = new Map<string, Position>();
  #closed = false;

  constructor(log: ReadableLog, { owner, standby }: { readonly owner: Owner; readonly standby: boolean }) {
    this.#log = log;
    this.#owner = owner;
    this.#standby = standby;
    log.readers.add(this);
  }

  /** Whether a living task, or a global table, has not read everything. */
  get behind(): boolean {
    if (this.#standby || this.#owner.dead) return false;
    return [...this.#positions.values()].some(({ topic, partition, offset }) => {
      const stored = this.#log.topics.get(topic)!;
      return stored.compacted && offset !== stored.partitions[partition].end;
    });
  }

  seek(topic: string, partition: number, offset: number): void {
    const stored = this.#log.topics.get(topic)!.partitions[partition];
    const { inboxFromEnd, inboxFromStart } = this.#log.bugs;
    const isInbox = topic.startsWith("weir.");
    const from = isInbox && inboxFromEnd ? stored.end : isInbox && inboxFromStart ? stored.start : offset;
    this.#positions.set(`${topic}/${partition}`, { topic, partition, offset: from, paused: false, retryMs: null });
  }

  stop(topic: string, partition: number): void {
    this.#positions.delete(`${topic}/${partition}`);
  }

  pause(topic: string, partition: number): void {
    const position = this.#positions.get(`${topic}/${partition}`);
    if (position !== undefined) position.paused = true;
  }

  resume(topic: string, partition: number): void {
    const position = this.#positions.get(`${topic}/${partition}`);
    if (position !== undefined) position.paused = false;
  }

  poll(): Promise<Fetched[]> {
    const { scheduler } = this.#log;
    const global = [...this.#positions.values()].some(({ topic }) => topic === "sim.goods" || topic === "sim.makers");
    const emptyMs = scheduler.nowMs + EMPTY_MS;
    return scheduler.request(this.#owner, global ? "poll globals" : "poll", {
      enabled: () => this.#closed || this.#readable().length > 0 || scheduler.nowMs >= emptyMs,
      run: () => {
        if (this.#log.faults && scheduler.choices.strikes("fetch-failed", 0.01)) {
          throw new ProductionError("the fetch failed", { retriable: true });
        }
        const parts = this.#readable().filter(() => scheduler.choices.chance(0.7)).map((at) => this.#fetch(at));
        return this.#owner.bug && !global ? this.#bugged(parts) : parts;
      },
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#log.readers.delete(this);
    return Promise.resolve();
  }

  /** Whoever takes the records meets a bug. */
  #bugged(parts: readonly Fetched[]): Fetched[] {
    const owner = this.#owner;
    return parts.map((part) => ({
      ...part,
      get records(): never {
        owner.bug = false;
        throw new TypeError("simulated bug");
      },
    }));
  }

  #readable(): Position[] {
    const { topics, scheduler, standbysSleep } = this.#log;
    if (this.#standby && standbysSleep) return [];
    return [...this.#positions.values()].filter((position) => {
      const { topic, partition, offset, paused, retryMs } = position;
      const stored = topics.get(topic)?.partitions[partition];
      if (paused || stored === undefined || this.#isSilent(topic)) return false;
      return retryMs === null ? offset !== stored.end : retryMs <= scheduler.nowMs || !this.#isDamaged(position);
    });
  }

  #isSilent(topic: string): boolean {
    const { silent, scheduler } = this.#log;
    return topic === silent?.topic && scheduler.nowMs < silent.untilMs;
  }

  #isDamaged({ topic, partition }: Position): boolean {
    const { damaged } = this.#log;
    return topic === damaged?.topic && partition === damaged.partition;
  }

  #fetch(position: Position): Fetched {
    const { topic, partition, offset } = position;
    const stored = this.#log.topics.get(topic)!.partitions[partition];
    const { start, end } = stored;
    const fromOffset = offset;
    if (offset < start || offset > end) {
      if (this.#log.bugs.noRange === true) position.offset = Math.min(Math.max(offset, start), end);
      else {
        this.stop(topic, partition);
        return {
          topic,
          partition,
          fromOffset,
          records: [],
          nextOffset: offset,
          endOffset: end,
          outOfRange: { startOffset: start, endOffset: end },
        };
      }
    }
    if (this.#isDamaged(position)) {
      position.retryMs = this.#log.scheduler.nowMs + RETRY_MS;
      return { topic, partition, fromOffset, records: [], nextOffset: offset, endOffset: end, problem: DAMAGE };
    }
    position.retryMs = null;
    const most = 1 + this.#log.scheduler.choices.below(6);
    const available = stored.records.filter((record) => record.offset >= position.offset);
    const records = available.slice(0, most);
    position.offset = available.length <= most ? end : records[records.length - 1].offset + 1;
    const told = this.#log.bugs.noLeaderEpochs === true ? {} : { leaderEpoch: stored.leaderEpoch };
    return { topic, partition, fromOffset, records, nextOffset: position.offset, endOffset: end, ...told };
  }
}
