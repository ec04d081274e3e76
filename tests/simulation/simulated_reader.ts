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
}

/** Reads the simulated log for one process; what a poll brings, and how much of it, the seed decides. */
export class SimulatedReader implements Reader {
  readonly #log: ReadableLog;
  readonly #owner: Owner;
  readonly #positions = new Map<string, { topic: string; partition: number; offset: number; paused: boolean }>();
  #closed = false;

  constructor(log: ReadableLog, owner: Owner) {
    this.#log = log;
    this.#owner = owner;
  }

  seek(topic: string, partition: number, offset: number): void {
    const stored = this.#log.topics.get(topic)!.partitions[partition];
    const { inboxFromEnd, inboxFromStart } = this.#log.bugs;
    const isInbox = topic.startsWith("weir.");
    const from = isInbox && inboxFromEnd ? stored.end : isInbox && inboxFromStart ? stored.start : offset;
    this.#positions.set(`${topic}/${partition}`, { topic, partition, offset: from, paused: false });
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
    return scheduler.request(this.#owner, global ? "poll globals" : "poll", {
      enabled: () => this.#closed || this.#readable().length > 0,
      run: () => {
        if (this.#log.faults && scheduler.choices.strikes("fetch-failed", 0.01)) {
          throw new ProductionError("the fetch failed", { retriable: true });
        }
        return this.#readable().filter(() => scheduler.choices.chance(0.7)).map((position) => this.#fetch(position));
      },
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #readable() {
    return [...this.#positions.values()].filter(({ topic, partition, offset, paused }) => {
      const stored = this.#log.topics.get(topic)?.partitions[partition];
      return !paused && stored !== undefined && offset !== stored.end;
    });
  }

  #fetch(position: { topic: string; partition: number; offset: number }): Fetched {
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
    const most = 1 + this.#log.scheduler.choices.below(6);
    const available = stored.records.filter((record) => record.offset >= position.offset);
    const records = available.slice(0, most);
    position.offset = available.length <= most ? end : records[records.length - 1].offset + 1;
    return { topic, partition, fromOffset, records, nextOffset: position.offset, endOffset: end };
  }
}
