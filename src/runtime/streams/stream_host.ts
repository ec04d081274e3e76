import type { StagePlan, StreamPlan } from "../../plan/physical.ts";
import { taskId } from "../../record/task_id.ts";
import type { Fetched } from "../../ports/log.ts";
import { retry, SERVICE_WAITS, STOPPED, waitMsAfter } from "../../ports/retry.ts";
import type { InsertPace } from "../delivery/insert_pace.ts";
import type { StreamView } from "../lifecycle/instance.ts";
import {
  type Beginner,
  beginStream,
  clearProblems,
  completenessOf,
  globalsRead,
  heldBy,
  type Life,
} from "./stream_begin.ts";
import { Gathering } from "./gathering.ts";
import { PassingTime } from "./passing_time.ts";
import type { SourceTask } from "./source_marks.ts";
import { rowsBySink, type StreamBatch } from "./stream_batch.ts";
import { broken, StreamBroken } from "./stream_progress.ts";
import type { StreamSurroundings } from "./stream_surroundings.ts";
import { tasksBegun } from "./tasks_begun.ts";

/** Pauses double while nothing is brought out in between. */
const RESTART = { firstMs: 1_000, lastMs: 30_000 };
const LOOK_MS = 100;
const BEHIND_MS = 20;
const TAKEN = "records were taken"; // Without a reason, abort() makes an exception each time.

/**
 * One partition of a stream on the instance that has it: reads from where its progress says, and adds what its events
 * make to the append tables, range by range. A range is announced before its rows are sent, and the group takes an
 * announcement from the owner alone; so whoever comes next knows which rows may be there without its knowledge.
 */
export class StreamHost implements StreamView, SourceTask {
  readonly id: string;
  readonly plan: StreamPlan | StagePlan;
  readonly topic: string;
  readonly partition: number;
  /** `waiting`: something has stopped it, and it is about to start again. */
  state: StreamView["state"] = "starting";
  end = 0;
  readonly #surroundings: StreamSurroundings;
  readonly #beginner: Beginner;
  readonly #pace: InsertPace;
  readonly #time: PassingTime;
  readonly #gathering: Gathering;
  #life: Life | null = null;
  #writing: StreamBatch | null = null;
  #reading = false;
  /** As {@link SourceTask.movedMs}. */
  movedMs: number;
  #closed = false; // Nothing is written any more.
  #draining = false; // What was read is written, and nothing more is read.
  #broken: string | null = null;
  /** How often it began anew since it brought anything out. */
  #restarts = 0;
  #wake = new AbortController();

  constructor(
    { plan, topic, partition }: Pick<Beginner, "plan" | "topic" | "partition">,
    surroundings: StreamSurroundings,
  ) {
    [this.id, this.plan, this.topic, this.partition] = [taskId(plan.name, partition), plan, topic, partition];
    [this.#surroundings, this.#pace] = [surroundings, surroundings.pace(topic)];
    const { clock } = surroundings.instance.ports;
    [this.#time, this.#gathering] = [new PassingTime(topic, clock), new Gathering(clock)];
    this.movedMs = clock.nowMs();
    this.#beginner = {
      ...{ id: this.id, plan, topic, partition },
      closed: () => this.#closed,
      ended: () => this.#ended,
      patiently: (action) => this.#patiently(action),
      sourceMs: () => this.#writing?.sourceMs ?? 0,
      beforeEvents: () => surroundings.marks.fresh(this),
    };
  }

  get position(): number {
    return this.#life?.queue.position ?? 0;
  }

  get stage(): StreamView["stage"] {
    return this.#life?.task.view ?? null;
  }

  pendingRows(): ReadonlyMap<string, number> {
    const batches = [...this.#life?.queue.batches ?? [], ...this.#writing === null ? [] : [this.#writing]];
    const events = batches.reduce((sum, { outputs, rowCount }) => sum + outputs - rowCount, this.held);
    return new Map([...rowsBySink(this.plan.sinks, batches), [this.plan.name, events]]);
  }

  /** The source that events wait for; null if none do. */
  get waiting(): string | null {
    return this.held > 0 ? this.#life!.task.order!.waitsFor : null;
  }

  get held(): number {
    return this.#life?.task.order?.held ?? 0;
  }

  get short(): readonly string[] {
    return this.#life?.short ?? [];
  }

  get doneTo(): number | null {
    return this.#life === null ? null : this.#writing?.from ?? this.#life.queue.quietTo;
  }

  /** As {@link SourceTask.reachedTo}. */
  get reachedTo(): number {
    return this.state !== "running" || this.waits ? -1 : this.doneTo ?? -1;
  }

  get wallDueUs(): number | null {
    return this.#life?.task.wallDueUs ?? null;
  }

  get waits(): boolean {
    return this.#life?.task.order?.waits ?? false;
  }

  /** As {@link SourceTask.clockUs}. */
  get clockUs(): number {
    return this.#life?.queue.clockUs ?? -Infinity;
  }

  /** As {@link SourceTask.isBehind}. */
  get isBehind(): boolean {
    return this.#life === null || this.reachedTo < this.end;
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
        const written = this.#write(life).finally(() => life.keepers.forEach((keeper) => keeper.stop()));
        await Promise.all([written, ...life.keepers.map((keeper) => keeper.run())]);
      } catch (error) {
        if (!(error instanceof StreamBroken)) throw error;
        if (this.#closed || this.#draining) break;
        this.state = "waiting";
        this.#forget();
        problems.set(`task ${this.id}`, `Task "${this.id}" was started again: ${error.message}`);
        onEvent({ kind: "restart", task: this.id, reason: error.message });
        this.#wake = new AbortController();
        await clock.sleep(waitMsAfter(++this.#restarts, RESTART), this.#wake.signal);
      }
    }
    this.#forget();
    problems.set(`task ${this.id}`, null);
    problems.set(completenessOf(this.id), null);
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
    this.#stopReading();
    this.#life = this.#writing = null;
    clearProblems(this.#beginner, this.#surroundings);
  }

  /** Takes what was fetched. Parts are taken in order, each in one turn. */
  take(part: Fetched): void {
    const { queue, task } = this.#life ?? {};
    if (queue === undefined || task === undefined || part.fromOffset !== queue.position || this.#ended) return;
    if (part.outOfRange !== undefined) return this.restart(`position in "${part.topic}" is out of range`);
    this.end = Math.max(part.endOffset, part.nextOffset);
    const { heard } = task;
    try {
      queue.take(part);
    } catch (error) {
      if (!(error instanceof StreamBroken)) throw error;
      return this.restart(error.message);
    }
    if (task.heard !== heard) this.#time.heard();
    if (queue.full) this.#surroundings.reader.pause(part.topic, part.partition);
    this.#wake.abort(TAKEN);
  }

  /** Finds where to go on, and begins to read there. Resolves to null if it is not wanted any more. */
  async #begin(): Promise<Life | null> {
    const surroundings = this.#surroundings;
    const { reader, instance: { problems } } = surroundings;
    const { topic, partition } = this;
    const held = await heldBy(this.#beginner, surroundings);
    if (held === null || !await globalsRead(this.#beginner, surroundings.instance)) return null;
    if (!await tasksBegun(this.#beginner, surroundings.instance)) return null;
    const life = await beginStream(this.#beginner, { held, surroundings });
    if (life === null || this.#ended) return null;
    this.end = life.start.end;
    this.#time.begin();
    this.movedMs = this.#surroundings.instance.ports.clock.nowMs();
    this.#reading = true;
    reader.resume(topic, partition);
    reader.seek(topic, partition, life.queue.position);
    problems.set(`task ${this.id}`, null);
    return life;
  }

  get #ended(): boolean {
    return this.#closed || this.#draining || this.#broken !== null;
  }

  readonly #say = (error: Error | null) =>
    this.#surroundings.instance.problems.set(`stream ${this.id}`, error?.message ?? null);

  /** Repeats what fails for now. Resolves to null when it is not wanted any more. @throws StreamBroken */
  async #patiently<T>(action: () => Promise<T>): Promise<T | null> {
    const { clock } = this.#surroundings.instance.ports;
    const options = { clock, ...SERVICE_WAITS, onState: this.#say, stopped: () => this.#ended };
    const done = await retry(action, options).catch(broken);
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
    if (!this.#closed) await progress.settle(queue.quietTo);
  }

  /** Brings out what a batch holds. Resolves to false if it was closed. */
  async #add(batch: StreamBatch, { queue, progress, delivery }: Life): Promise<boolean> {
    const { instance: { ports: { clock }, options: { commitEveryMs } }, marks } = this.#surroundings;
    this.#pace.begin();
    if (!await delivery.deliver(batch)) return false;
    this.#restarts = 0;
    this.#pace.end(batch.outputs);
    queue.added(batch);
    this.movedMs = clock.nowMs();
    if (batch.shuffled.size > 0) marks.changed();
    // Of batches without rows nothing is announced that would say so.
    if (clock.nowMs() - progress.atMs >= commitEveryMs) await progress.settle(batch.to);
    return true;
  }

  /** The next batch, when it may be added; null: there is none any more. @throws StreamBroken */
  async #next(life: Life): Promise<StreamBatch | null> {
    const { instance: { ports: { clock }, options: { commitEveryMs } }, marks } = this.#surroundings;
    const { queue, progress } = life;
    while (!this.#closed && this.#broken === null) {
      this.#wake = new AbortController();
      const behindMs = marks.isAhead(this) ? BEHIND_MS : 0;
      const waitMs = this.#draining ? 0 : Math.max(this.#pace.waitMs, behindMs, this.#gathering.waitMs(life));
      const { hasNext } = queue;
      if (!hasNext && this.#draining) return null;
      const isQuiet = !hasNext && queue.position >= this.end;
      const nextMs = this.#draining ? Infinity : await this.#time.pass(life, { isQuiet });
      if (hasNext && waitMs === 0) return queue.next();
      // Events that make no rows are not read again after a crash.
      const quietMs = progress.atMs + commitEveryMs - clock.nowMs();
      if (!hasNext && quietMs <= 0) await progress.settle(queue.quietTo);
      await clock.sleep(hasNext ? waitMs : Math.max(LOOK_MS, Math.min(quietMs, nextMs)), this.#wake.signal);
    }
    return null;
  }
}
