import type { StreamPlan } from "../../plan/physical.ts";
import type { Fetched, Held, Membership, Reader } from "../../ports/log.ts";
import { retry, STOPPED } from "../../ports/retry.ts";
import type { InsertPace } from "../delivery/insert_pace.ts";
import type { Instance, StreamView } from "../lifecycle/instance.ts";
import { appendProblem, appendWriterOf } from "./append_writer_of.ts";
import type { AppendWriter } from "./append_writer.ts";
import { BatchQueue } from "./batch_queue.ts";
import { rowsBySink, type StreamBatch } from "./stream_batch.ts";
import { broken, StreamBroken, StreamProgress } from "./stream_progress.ts";
import { type StreamStart, streamStart, tellStart } from "./stream_start.ts";
import { type StreamContext, StreamTask } from "./stream_task.ts";
import type { TableClock } from "./table_clock.ts";

const RETRY = { firstMs: 100, lastMs: 5_000 };
const RESTART_MS = 1_000;
const LOOK_MS = 100;

/** What the hosts of one instance have in common. */
export interface StreamSurroundings {
  readonly instance: Instance;
  readonly context: StreamContext;
  readonly membership: Promise<Membership>;
  readonly reader: Pick<Reader, "seek" | "stop" | "pause" | "resume">;
  readonly tableClock: TableClock;
  readonly pace: (plan: StreamPlan) => InsertPace;
  /** A task has begun to run. */
  readonly onRunning: () => void;
}

/** What is known of the partition from one start of the task to the next. */
interface Life {
  readonly start: StreamStart;
  readonly queue: BatchQueue;
  readonly progress: StreamProgress;
  readonly writer: AppendWriter;
}

/**
 * One partition of a stream on the instance that has it: reads from where its progress says, and adds what its events
 * make to the append tables, range by range. A range is announced before its rows are sent, and the group takes an
 * announcement from the owner alone; so whoever comes next knows which rows may be there without its knowledge.
 */
export class StreamHost implements StreamView {
  readonly id: string;
  readonly plan: StreamPlan;
  readonly partition: number;
  /** `waiting`: something has stopped it, and it is about to start again. */
  state: StreamView["state"] = "starting";
  /** Where the partition ends, as known. */
  end = 0;
  readonly #surroundings: StreamSurroundings;
  readonly #task: StreamTask;
  readonly #pace: InsertPace;
  #life: Life | null = null;
  #writing: StreamBatch | null = null;
  #reading = false;
  /** Nothing is written any more. */
  #closed = false;
  /** What was read is written, and nothing more is read. */
  #draining = false;
  #broken: string | null = null;
  #wake = new AbortController();

  constructor(
    { plan, partition }: { readonly plan: StreamPlan; readonly partition: number },
    surroundings: StreamSurroundings,
  ) {
    this.plan = plan;
    this.partition = partition;
    this.#surroundings = surroundings;
    this.#task = new StreamTask({ plan, partition }, surroundings.context);
    this.id = this.#task.id;
    this.#pace = surroundings.pace(plan);
  }

  /** The next offset to read. */
  get position(): number {
    return this.#life?.queue.position ?? 0;
  }

  get topic(): string {
    return this.plan.source.topic;
  }

  pendingRows(): ReadonlyMap<string, number> {
    const batches = [...this.#life?.queue.batches ?? [], ...this.#writing === null ? [] : [this.#writing]];
    return rowsBySink(this.plan.sinks, batches);
  }

  /** Id of the topic that is read; undefined while none is. */
  get topicId(): string | null | undefined {
    return this.#life?.start.topicId;
  }

  /** Runs until it is closed, or drained. @throws whatever is a bug */
  async run(): Promise<void> {
    const { instance: { ports: { clock }, problems, onEvent } } = this.#surroundings;
    while (!this.#closed && !this.#draining) {
      this.#broken = null;
      this.state = "starting";
      try {
        const life = this.#life = await this.#begin();
        if (life === null) continue;
        this.state = "running";
        this.#surroundings.onRunning();
        await this.#write(life);
      } catch (error) {
        if (!(error instanceof StreamBroken)) throw error;
        if (this.#closed || this.#draining) break;
        this.state = "waiting";
        this.#forget();
        problems.set(`task ${this.id}`, `Task "${this.id}" was started again: ${error.message}`);
        onEvent({ kind: "restart", task: this.id, reason: error.message });
        await clock.sleep(RESTART_MS);
      }
    }
    this.#forget();
    problems.set(`task ${this.id}`, null);
  }

  /** The task begins anew. */
  restart(reason: string): void {
    this.#broken ??= reason;
    this.#wake.abort();
  }

  /** Reads no more, and ends when everything is written. */
  drain(): void {
    this.#draining = true;
    this.#stopReading();
    this.#wake.abort();
  }

  /** Another member has the partition now, or nobody: nothing more is written. */
  close(): void {
    this.#closed = true;
    this.#stopReading();
    this.#wake.abort();
  }

  /** Another host may read the partition by now. */
  #stopReading(): void {
    if (this.#reading) this.#surroundings.reader.stop(this.topic, this.partition);
    this.#reading = false;
  }

  #forget(): void {
    const { problems } = this.#surroundings.instance;
    this.#stopReading();
    this.#life = this.#writing = null;
    problems.set(`stream ${this.id}`, null);
    for (const sink of this.plan.sinks) problems.set(appendProblem(this.#task, sink), null);
  }

  /** Takes what was fetched. Parts are taken in order, each in one turn. */
  take(part: Fetched): void {
    const { queue } = this.#life ?? {};
    if (queue === undefined || part.fromOffset !== queue.position || this.#ended) return;
    if (part.outOfRange !== undefined) return this.restart(`position in "${part.topic}" is out of range`);
    this.end = Math.max(part.endOffset, part.nextOffset);
    queue.take(part);
    if (queue.full) this.#surroundings.reader.pause(part.topic, part.partition);
    this.#wake.abort();
  }

  /** Finds where to go on, and begins to read there. Resolves to null if it is not wanted any more. */
  async #begin(): Promise<Life | null> {
    const { instance, membership, reader, tableClock } = this.#surroundings;
    const { ports: { clock, log, warehouse }, options, problems } = instance;
    const { plan, partition, topic } = this;
    const held = await this.#held();
    if (held === null) return null;
    const lastAppended = (source: string) =>
      Promise.all(plan.sinks.map(({ table }) => warehouse.lastAppended(table, { source, partition })));
    const start = await this.#patiently(() =>
      streamStart(plan, { partition, progress: held.progress, log, lastAppended })
    );
    if (start === null || !await this.#globalsRead()) return null;
    const { position, announced, topicId } = start;
    const progress = new StreamProgress({
      membership: await membership,
      tenure: held.tenure,
      place: { topic, partition },
      topicId,
      clock,
      tableClock,
      onState: this.#say,
      closed: () => this.#closed,
    }, announced?.from ?? position);
    // Where to begin would be chosen again after a crash. And in the own name, before anybody looks what is there:
    // after that no former owner announces anything more.
    await progress.begin(announced, start.lost?.records ?? 0);
    if (this.#ended) return null;
    tellStart(this.#task, start, instance);
    const queue = new BatchQueue({
      position,
      announcedTo: announced?.to ?? null,
      rowsMax: options.batchRowsMax,
      evaluate: (records, batch) => this.#task.take(records, batch),
    });
    this.end = start.end;
    this.#reading = true;
    reader.resume(topic, partition);
    reader.seek(topic, partition, position);
    problems.set(`task ${this.id}`, null);
    const writer = appendWriterOf(this.#task, {
      instance,
      letters: this.#surroundings.context.letters,
      closed: () => this.#closed,
      progress,
      tableClock,
      sourceMs: () => this.#writing?.sourceMs ?? 0,
    });
    return { start, queue, progress, writer };
  }

  /** What the group says of the partition, as soon as it is this member's. */
  async #held(): Promise<Held | null> {
    const { instance: { ports: { clock } }, membership } = this.#surroundings;
    const { topic, partition } = this;
    while (!this.#ended) {
      const found = await this.#patiently(async () => (await membership).held([{ topic, partition }]));
      if (found === null) return null;
      if (found.length > 0) return found[0];
      await clock.sleep(LOOK_MS);
    }
    return null;
  }

  /** Waits until all that is looked up is there. Resolves to false if it is not wanted any more. */
  async #globalsRead(): Promise<boolean> {
    const { globals, ports: { clock } } = this.#surroundings.instance;
    if (this.plan.lookups.length === 0) return !this.#ended;
    const targets = await this.#patiently(() => globals.ends());
    while (targets !== null && !this.#ended && !globals.reached(targets)) await clock.sleep(LOOK_MS);
    return targets !== null && !this.#ended;
  }

  get #ended(): boolean {
    return this.#closed || this.#draining || this.#broken !== null;
  }

  readonly #say = (error: Error | null) =>
    this.#surroundings.instance.problems.set(`stream ${this.id}`, error?.message ?? null);

  /** Repeats what fails for now. Resolves to null when it is not wanted any more. @throws StreamBroken */
  async #patiently<T>(action: () => Promise<T>): Promise<T | null> {
    const { clock } = this.#surroundings.instance.ports;
    const done = await retry(action, { clock, ...RETRY, onState: this.#say, stopped: () => this.#ended }).catch(broken);
    if (done === STOPPED) this.#say(null);
    return done === STOPPED ? null : done;
  }

  /** Adds batch by batch. Ends when it is closed, or drained. @throws StreamBroken */
  async #write(life: Life): Promise<void> {
    const { queue, progress } = life;
    for (let batch = await this.#next(life); batch !== null; batch = await this.#next(life)) {
      this.#writing = batch;
      if (!await this.#add(batch, life)) return;
      this.#writing = null;
      if (!queue.full && this.#reading) this.#surroundings.reader.resume(this.topic, this.partition);
    }
    if (this.#broken !== null) throw new StreamBroken(this.#broken);
    // Of an announced range that is not read to its end, the announcement stays.
    if (!this.#closed && !queue.recovers) await progress.settle(queue.quietTo);
  }

  /** Adds what a batch holds. Resolves to false if it was closed. */
  async #add(batch: StreamBatch, { start: { source, announced }, progress, writer }: Life): Promise<boolean> {
    const { from, to, digest } = batch;
    const range = { source, partition: this.partition, from, to };
    if (announced !== null && from < announced.to) {
      const same = announced.from === from && announced.to === to && announced.digest === digest;
      return await writer.complete(batch, { range, same, deadlineMs: progress.deadlineMs });
    }
    this.#pace.begin();
    const deadlineMs = await progress.announce(from, { to, digest });
    const added = await writer.append(batch, { range, deadlineMs });
    this.#pace.end(batch.rowCount);
    return added;
  }

  /** The next batch, when it may be added; null: there is none any more. @throws StreamBroken */
  async #next({ queue, progress }: Life): Promise<StreamBatch | null> {
    const { ports: { clock }, options: { commitEveryMs } } = this.#surroundings.instance;
    while (!this.#closed && this.#broken === null) {
      this.#wake = new AbortController();
      const waitMs = this.#draining ? 0 : this.#pace.waitMs;
      const { hasNext } = queue;
      if (hasNext && waitMs === 0) return queue.next();
      if (!hasNext && this.#draining) return null;
      // Events that make no rows are not read again after a crash.
      const quietMs = progress.atMs + commitEveryMs - clock.nowMs();
      if (!hasNext && quietMs <= 0 && !queue.recovers) await progress.settle(queue.quietTo);
      await clock.sleep(hasNext ? waitMs : Math.max(LOOK_MS, quietMs), this.#wake.signal);
    }
    return null;
  }
}
