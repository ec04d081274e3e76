import type {
  AppendBatch,
  GroupOptions,
  Log,
  Membership,
  NewRecord,
  NewTopic,
  Position,
  TopicDescription,
} from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import type { Group } from "./simulated_group.ts";
import type { Owner, Scheduler } from "./scheduler.ts";
import type { LogBugs, StoredTopic } from "./stored_topic.ts";
import { SimulatedProgress } from "./simulated_progress.ts";
import { SimulatedReader } from "./simulated_reader.ts";
import { CORRECTIONS_TOPIC } from "../../src/record/correction.ts";
import { HeaderReader, isTableTopic } from "./table_topics.ts";
import { canSplit, partitionsOf, splitAppend } from "./split_append.ts";

const SPLIT_SHARE = 0.25;
/** The second part of an append comes at most so many steps after the first. */
const SPLIT_STEPS_MAX = 40;

/** What is still to be stored of an append of which a part is stored. */
export interface UnfinishedAppend {
  readonly owner: Owner;
  readonly rest: readonly AppendBatch[];
  /** Not before this step. */
  dueStep: number;
  /** The reader of one of its partitions was moved meanwhile. */
  interrupted: boolean;
}

/** The log that all simulated processes share. */
export class SimulatedLog {
  readonly topics = new Map<string, StoredTopic>();
  /** Requests carried out once may arrive again, later. */
  readonly ghosts: (() => void)[] = [];
  /** Appends of which a part is stored. */
  unfinished: UnfinishedAppend[] = [];
  faults = true;
  /** An inbox partition that takes nothing but HELLOs. */
  refusing: { readonly topic: string; readonly partition: number } | null = null;
  /** Longest record that an inbox takes, in UTF-16 units. What it says of itself is more. */
  recordLengthMax = Infinity;
  /** A topic from which no table can be rebuilt, as it keeps too little. */
  unusable: string | null = null;
  /** A partition whose data cannot be read. */
  damaged: { readonly topic: string; readonly partition: number } | null = null;
  /** A topic of which nothing comes for a while, as when its partitions have no leader. */
  silent: { readonly topic: string; readonly untilMs: number } | null = null;
  /** Nothing comes to standbys for a while. */
  standbysSleep = false;
  /** Reads topics of tables for others. */
  readonly headers = new HeaderReader();
  /** What is read now. */
  readonly readers = new Set<SimulatedReader>();
  /** How long tombstones stay readable; for ever, if it does not matter. */
  deleteRetentionMs = 1e15;
  /** Append batches carried out. */
  appends = 0;
  #topicIds = 0;
  readonly scheduler: Scheduler;
  readonly bugs: LogBugs;
  readonly group: Group;
  /** Groups of other topologies, by name. */
  readonly groups = new Map<string, Group>();
  readonly progress = new SimulatedProgress(this);

  constructor(scheduler: Scheduler, group: Group, bugs: LogBugs) {
    this.scheduler = scheduler;
    this.group = group;
    this.bugs = bugs;
  }

  create(topic: NewTopic): StoredTopic {
    const known = this.topics.get(topic.name);
    if (known !== undefined) return known;
    const partitions = Array.from({ length: topic.partitions }, () => ({
      records: [],
      start: 0,
      end: 0,
      leaderEpoch: 0,
      ends: [],
      replicated: 0,
    }));
    const stored = {
      name: topic.name,
      id: `id${this.#topicIds++}`,
      compacted: topic.cleanup === "compact",
      retentionMs: topic.retentionMs,
      partitions,
    };
    this.topics.set(topic.name, stored);
    return stored;
  }

  /** Stores at once; returns the first offset. */
  store(batch: AppendBatch): number {
    const partition = this.topics.get(batch.topic)!.partitions[batch.partition];
    const base = partition.end;
    this.headers.take(batch);
    for (const { timestampMs: _, ...record } of batch.records) {
      partition.records.push({ ...record, offset: partition.end++, timestampMs: Math.floor(this.scheduler.nowMs) });
    }
    return base;
  }

  /** The log as one process sees it. */
  portFor(owner: Owner): Log {
    const { scheduler, topics } = this;
    let readers = 0;
    const request = <T>(kind: string, run: () => T) => scheduler.request(owner, kind, { run: () => this.mayFail(run) });
    return {
      topics: (names) =>
        request(
          "topics",
          () => new Map(names.flatMap((name) => topics.has(name) ? [[name, this.#describe(topics.get(name)!)]] : [])),
        ),
      createTopic: (topic) => request("createTopic", () => void this.create(topic)),
      alterTopic: () => Promise.reject(new TypeError("no simulated topic has limits")),
      offsets: (topic) =>
        request("offsets", () => {
          const { partitions, compacted } = topics.get(topic)!;
          const known = compacted || this.bugs.noEnd !== true;
          return {
            start: partitions.map(({ start }) => start),
            end: partitions.map(({ end }) => known ? end : 0),
          };
        }),
      epochEnds: (topic, epochs) =>
        request("epochs of leaders", () => {
          const { partitions } = topics.get(topic)!;
          return epochs.map(({ partition, leaderEpoch }) => {
            const { end, ends } = partitions[partition];
            return Math.min(end, ...ends.slice(leaderEpoch));
          });
        }),
      truncateBefore: (topic, place) => request("truncateBefore", () => this.#truncate({ topic, ...place })),
      append: (batches) => scheduler.request(owner, "append", { run: () => this.#append(owner, batches) }),
      // A runner asks for one for its tasks and one for global tables before it has any standby.
      // So it does for corrections, where there are any.
      reader: () => new SimulatedReader(this, { owner, standby: readers++ >= (topics.has(CORRECTIONS_TOPIC) ? 3 : 2) }),
      join: (options) => this.#join(owner, options),
      close: () => Promise.resolve(),
    };
  }

  /** Carries out a request, or does not answer. */
  mayFail<T>(run: () => T): T {
    if (this.faults && this.scheduler.choices.strikes("log-silent", 0.02)) {
      throw new ProductionError("the log does not answer", { retriable: true });
    }
    return run();
  }

  /** The answer may be lost. */
  #truncate({ topic, partition: at, offset }: Position): void {
    const { compacted, partitions } = this.topics.get(topic)!;
    if (compacted) throw new ProductionError("the topic is compacted", { retriable: false });
    const partition = partitions[at];
    partition.start = Math.max(partition.start, Math.min(offset, partition.end));
    partition.records = partition.records.filter((record) => record.offset >= partition.start);
    const what = () => `${topic}/${at} before ${offset}`;
    if (this.faults && this.scheduler.choices.strikes("truncation-answer-lost", 0.02, what)) {
      throw new ProductionError("the answer was lost", { retriable: true });
    }
  }

  /** Some appends are stored in two parts, with anything in between: a log keeps their order and promises no more. */
  #append(owner: Owner, batches: readonly AppendBatch[]): number[] | Promise<number[]> {
    const { choices } = this.scheduler;
    const { refusing } = this;
    const refuses = (batch: AppendBatch) =>
      batch.topic === refusing?.topic && batch.partition === refusing.partition && !isHello(batch);
    if (batches.some(refuses)) throw new ProductionError("the log refuses the messages", { retriable: false });
    if (batches.some((batch) => batch.records.some((record) => this.#isLarge(batch.topic, record)))) {
      return this.#refuseLarge(batches);
    }
    const what = () => partitionsOf(batches);
    if (!this.faults || !canSplit(batches) || !choices.strikes("append-split", SPLIT_SHARE, what)) {
      return this.#store(batches);
    }
    const [first, rest] = splitAppend(batches, choices);
    const offsets = this.#store(first, batches);
    const dueStep = this.scheduler.steps + choices.below(SPLIT_STEPS_MAX);
    const unfinished = { owner, rest, dueStep, interrupted: false };
    this.unfinished.push(unfinished);
    return this.scheduler.request(owner, "append rest", {
      enabled: () => !this.faults || this.scheduler.steps >= unfinished.dueStep,
      run: () => {
        this.unfinished = this.unfinished.filter((other) => other !== unfinished);
        const later = this.#store(rest, batches);
        return [...offsets, ...later.slice(first.length + rest.length - batches.length)];
      },
    });
  }

  /** A stage's head says where it is with each of its sources: far less than logs take, and more than is tried here. */
  #isLarge(topic: string, { value }: NewRecord): boolean {
    return !topic.endsWith(".changelog") && !isTableTopic(topic) && String(value).length > this.recordLengthMax;
  }

  /** What comes before a record that is too large, in its partition, is stored; nothing of a batch that is whole. */
  #refuseLarge(batches: readonly AppendBatch[]): number[] {
    if (this.bugs.dropLarge === true) return batches.map(() => 0);
    const refused = new Set<string>();
    for (const batch of batches) {
      const place = partitionsOf([batch]);
      if (refused.has(place)) continue;
      const at = batch.records.findIndex((record) => this.#isLarge(batch.topic, record));
      if (at >= 0) refused.add(place);
      this.store(at < 0 ? batch : { ...batch, records: batch.whole === true ? [] : batch.records.slice(0, at) });
    }
    const reason = this.bugs.noReason === true ? undefined : "too_large";
    throw new ProductionError("a record is too large", { retriable: false, reason });
  }

  /**
   * The acknowledgement may be lost before or after the records are stored; what was stored may arrive once more. It
   * does so even if it was acknowledged, which is worse than the port allows, unless the append has a batch that is
   * whole. `append`: of which these are all or a part.
   */
  #store(batches: readonly AppendBatch[], append = batches): number[] {
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
      isHello(batch) && this.bugs.silences?.(batch) === true
        ? this.#lastHello(batch)
        : kept(batch)
        ? this.store(batch)
        : this.topics.get(batch.topic)!.partitions[batch.partition].end
    );
    const repeated = this.faults && choices.strikes("append-repeated", this.bugs.repeats ?? 0.02, what);
    const unanswered = this.faults && choices.strikes("append-answer-lost", 0.02, what);
    if (repeated && (unanswered || append.every(({ whole }) => whole !== true))) {
      this.ghosts.push(() => batches.forEach((batch) => this.store(batch)));
    }
    if (unanswered) throw new ProductionError("the acknowledgement was lost", { retriable: true });
    return this.bugs.noEpoch === true && isHello(batches[0]) ? offsets.map((offset) => Math.min(offset, 0)) : offsets;
  }

  #lastHello({ topic, partition }: AppendBatch): number {
    const { records } = this.topics.get(topic)!.partitions[partition];
    return records.findLast(({ key, value }) => isHello({ topic, partition, records: [{ key, value }] }))?.offset ?? 0;
  }

  #join(owner: Owner, options: GroupOptions): Promise<Membership> {
    return this.scheduler.request(owner, "join", {
      run: () => {
        const group = this.groups.get(options.group) ?? this.group;
        const member = group.join(owner, options);
        return {
          commit: () => Promise.resolve(),
          addresses: () => [],
          ...this.progress.portFor({ name: options.group, group, member }),
          leave: () => this.scheduler.request(owner, "leave", { run: () => group.leave(member) }),
        };
      },
    });
  }

  #describe(topic: StoredTopic): TopicDescription {
    const { name, id, compacted } = topic;
    const unusable = name === this.unusable;
    return {
      name,
      id,
      compacted,
      partitions: topic.partitions.length,
      deletes: !compacted || unusable,
      retentionMs: unusable ? 86_400_000 : topic.retentionMs,
      deleteRetentionMs: this.deleteRetentionMs,
      messageBytesMax: 2 ** 30,
    };
  }
}

function isHello(batch: AppendBatch): boolean {
  return String(batch.records[0]?.value).startsWith('{"hello"');
}
