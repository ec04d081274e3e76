import type {
  AppendBatch,
  Fetched,
  GroupOptions,
  Log,
  LogRecord,
  Membership,
  NewTopic,
  Reader,
  TopicDescription,
} from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import type { Group } from "./simulated_group.ts";
import type { Owner, Scheduler } from "./scheduler.ts";
import { partitionsOf, splitAppend } from "./split_append.ts";

const SPLIT_SHARE = 0.25;
/** The second part of an append comes at most so many steps after the first. */
const SPLIT_STEPS_MAX = 40;

/** One partition's records; `end` grows for ever, `start` only when a prefix is cut off. */
export interface StoredPartition {
  records: LogRecord[];
  start: number;
  end: number;
}

/** A topic of the simulated log. */
export interface StoredTopic {
  readonly name: string;
  readonly id: string;
  readonly compacted: boolean;
  readonly partitions: StoredPartition[];
}

/** What is still to be stored of an append of which a part is stored. */
export interface UnfinishedAppend {
  readonly owner: Owner;
  readonly rest: readonly AppendBatch[];
  /** Not before this step. */
  dueStep: number;
  /** The reader of one of its partitions was moved meanwhile. */
  interrupted: boolean;
}

/** Ways in which the simulated log may break its promises, for deliberate bugs. */
export interface LogBugs {
  /** Reading an inbox begins at its end, whatever was asked for. */
  inboxFromEnd?: boolean;
  /** Reading an inbox begins at its first record, whatever was asked for. */
  inboxFromStart?: boolean;
  /** Appends to one partition may change places. */
  disorder?: boolean;
  /** An acknowledged append is sometimes not stored. */
  lose?: boolean;
  /** HELLOs get no offset of their own. */
  noEpoch?: boolean;
  /** Positions that are gone are silently moved to the start of the log. */
  noRange?: boolean;
}

/** The log that all simulated processes share. */
export class SimulatedLog {
  readonly topics = new Map<string, StoredTopic>();
  /** Requests carried out once may arrive again, later. */
  readonly ghosts: (() => void)[] = [];
  /** Appends of which a part is stored. */
  unfinished: UnfinishedAppend[] = [];
  faults = true;
  /** Append batches carried out. */
  appends = 0;
  #topicIds = 0;
  readonly scheduler: Scheduler;
  readonly bugs: LogBugs;
  readonly group: Group;

  constructor(scheduler: Scheduler, group: Group, bugs: LogBugs) {
    this.scheduler = scheduler;
    this.group = group;
    this.bugs = bugs;
  }

  create(topic: NewTopic): StoredTopic {
    const known = this.topics.get(topic.name);
    if (known !== undefined) return known;
    const partitions = Array.from({ length: topic.partitions }, () => ({ records: [], start: 0, end: 0 }));
    const stored = {
      name: topic.name,
      id: `id${this.#topicIds++}`,
      compacted: topic.cleanup === "compact",
      partitions,
    };
    this.topics.set(topic.name, stored);
    return stored;
  }

  /** Stores at once; returns the first offset. */
  store(batch: AppendBatch): number {
    const partition = this.topics.get(batch.topic)!.partitions[batch.partition];
    const base = partition.end;
    for (const { key, value } of batch.records) {
      partition.records.push({ offset: partition.end++, timestampMs: this.scheduler.nowMs, key, value });
    }
    return base;
  }

  /** The log as one process sees it. */
  portFor(owner: Owner): Log {
    const { scheduler, topics } = this;
    const request = <T>(kind: string, run: () => T) =>
      scheduler.request(owner, kind, { run: () => this.#mayFail(run) });
    return {
      topics: (names) =>
        request(
          "topics",
          () => new Map(names.flatMap((name) => topics.has(name) ? [[name, describe(topics.get(name)!)]] : [])),
        ),
      createTopic: (topic) => request("createTopic", () => void this.create(topic)),
      alterTopic: () => Promise.reject(new TypeError("no simulated topic has limits")),
      offsets: (topic) =>
        request("offsets", () => {
          const { partitions } = topics.get(topic)!;
          return { start: partitions.map(({ start }) => start), end: partitions.map(({ end }) => end) };
        }),
      append: (batches) => scheduler.request(owner, "append", { run: () => this.#append(owner, batches) }),
      reader: () => new SimulatedReader(this, owner),
      join: (options) => this.#join(owner, options),
      close: () => Promise.resolve(),
    };
  }

  #mayFail<T>(run: () => T): T {
    if (this.faults && this.scheduler.choices.strikes("log-silent", 0.02)) {
      throw new ProductionError("the log does not answer", { retriable: true });
    }
    return run();
  }

  /** Some appends are stored in two parts, with anything in between: a log keeps their order and promises no more. */
  #append(owner: Owner, batches: readonly AppendBatch[]): number[] | Promise<number[]> {
    const { choices } = this.scheduler;
    const records = batches.reduce((sum, batch) => sum + batch.records.length, 0);
    const what = () => partitionsOf(batches);
    if (!this.faults || records < 2 || !choices.strikes("append-split", SPLIT_SHARE, what)) return this.#store(batches);
    const [first, rest] = splitAppend(batches, choices);
    const offsets = this.#store(first);
    const dueStep = this.scheduler.steps + choices.below(SPLIT_STEPS_MAX);
    const unfinished = { owner, rest, dueStep, interrupted: false };
    this.unfinished.push(unfinished);
    return this.scheduler.request(owner, "append rest", {
      enabled: () => !this.faults || this.scheduler.steps >= unfinished.dueStep,
      run: () => {
        this.unfinished = this.unfinished.filter((other) => other !== unfinished);
        const later = this.#store(rest);
        return [...offsets, ...later.slice(first.length + rest.length - batches.length)];
      },
    });
  }

  /** The acknowledgement may be lost before or after the records are stored; what was stored may arrive once more. */
  #store(batches: readonly AppendBatch[]): number[] {
    const { choices } = this.scheduler;
    const what = () => partitionsOf(batches);
    this.appends++;
    if (this.faults && choices.strikes("append-lost", 0.02, what)) {
      throw new ProductionError("the request was lost", { retriable: true });
    }
    const order = this.bugs.disorder === true
      ? [...batches].map((b) => ({ ...b, records: [...b.records].reverse() }))
      : batches;
    const kept = (batch: AppendBatch) =>
      !(this.bugs.lose === true && this.faults && choices.strikes("append-swallowed", 0.05)) || isHello(batch);
    const offsets = order.map((batch) =>
      kept(batch) ? this.store(batch) : this.topics.get(batch.topic)!.partitions[batch.partition].end
    );
    if (this.faults && choices.strikes("append-repeated", 0.02, what)) {
      this.ghosts.push(() => batches.forEach((batch) => this.store(batch)));
    }
    if (this.faults && choices.strikes("append-answer-lost", 0.02, what)) {
      throw new ProductionError("the acknowledgement was lost", { retriable: true });
    }
    return this.bugs.noEpoch === true && isHello(batches[0]) ? offsets.map((offset) => Math.min(offset, 0)) : offsets;
  }

  #join(owner: Owner, options: GroupOptions): Promise<Membership> {
    return this.scheduler.request(owner, "join", {
      run: () => {
        this.group.join(owner, options);
        return {
          commit: () => Promise.resolve(),
          leave: () => this.scheduler.request(owner, "leave", { run: () => this.group.leave(owner) }),
        };
      },
    });
  }
}

function isHello(batch: AppendBatch): boolean {
  return String(batch.records[0]?.value).startsWith('{"hello"');
}

function describe(topic: StoredTopic): TopicDescription {
  const { name, id, compacted } = topic;
  return {
    name,
    id,
    compacted,
    partitions: topic.partitions.length,
    deletes: !compacted,
    retentionMs: compacted ? -1 : 86_400_000,
    deleteRetentionMs: 1e15,
    messageBytesMax: 2 ** 30,
  };
}

class SimulatedReader implements Reader {
  readonly #log: SimulatedLog;
  readonly #owner: Owner;
  readonly #positions = new Map<string, { topic: string; partition: number; offset: number; paused: boolean }>();
  #closed = false;

  constructor(log: SimulatedLog, owner: Owner) {
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
    if (offset < start || offset > end) {
      if (this.#log.bugs.noRange === true) position.offset = Math.min(Math.max(offset, start), end);
      else {
        this.stop(topic, partition);
        return {
          topic,
          partition,
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
    return { topic, partition, records, nextOffset: position.offset, endOffset: end };
  }
}
