import type { StagePlan, StreamPlan } from "../../plan/physical.ts";
import type { AppendBatch } from "../../ports/log.ts";
import { comesFirst } from "../../processor/stateful/group_of.ts";
import { ProductionError } from "../../record/errors.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { type Flow, flowsOf } from "../lifecycle/topics.ts";
import { Age } from "./age.ts";
import { type Claim, marksOf } from "./pack.ts";
import { LEASE_MS } from "./time_order.ts";

/** So often it is looked how far sources are, and told. */
const ROUND_MS = 3_000;
const LOOK_MS = 100;
const QUIET_MS = 10_000;
/** A source that does not move for so long is not waited for with reading. */
const STANDS_MS = 5_000;

/** A task that reads a partition of a source, as what waits for it sees it. */
export interface SourceTask {
  readonly id: string;
  readonly plan: StreamPlan | StagePlan;
  readonly topic: string;
  readonly partition: number;
  /** All that comes of the records before this offset is out; -1 while that may be of none. */
  readonly reachedTo: number;
  /** The newest time of events that are out, microseconds since the epoch; -Infinity before any. */
  readonly clockUs: number;
  /** Whether there is more to bring out, as far as is known. */
  readonly isBehind: boolean;
  /** Whether it does not know yet that nothing of an earlier time comes. */
  readonly waits: boolean;
  /** When it last began, or brought something out. Milliseconds since the epoch. */
  readonly movedMs: number;
}

/** A stage whose events come from several partitions. */
interface MarkedStage {
  readonly plan: StagePlan;
  readonly partitions: number;
  /** The topics of its sources, and their partitions. */
  readonly topics: readonly (readonly [topic: string, partitions: number])[];
  readonly feeders: ReadonlyMap<StreamPlan | StagePlan, Feeder>;
  /** How old the instance was when it told the stage something last. */
  toldMs: number;
}

interface Feeder {
  /** Which of the topics. */
  readonly topic: number;
  /** Its events wait for nothing, and all others for all of them. */
  readonly first: boolean;
}

/** How far all partitions are to be read to have what they had at a time. */
interface Target {
  readonly ageMs: number;
  readonly ends: ReadonlyMap<string, readonly number[]>;
  readonly left: Set<SourceTask>;
}

/** What the marks of one instance are made of. */
export interface SourceMarksOptions {
  readonly instance: Instance;
  /** Its tasks of streams and stages, by id. */
  readonly tasks: ReadonlyMap<string, SourceTask>;
}

/**
 * Tells the stages how far their sources are read, in their own topics: then whoever has a stage's task knows whose
 * events may still come ({@link TimeOrder}). Each instance tells of the sources that it reads. And of several that are
 * behind it reads the one that is furthest behind.
 */
export class SourceMarks {
  readonly #options: SourceMarksOptions;
  readonly #stages: readonly MarkedStage[];
  /** How many tasks these stages have, and those that feed them, on whichever instance. */
  readonly #concerned: number;
  readonly #issuer: string;
  readonly #age: Age;
  /** How old this instance was when all that a source had is known to be out. */
  readonly #completeMs = new WeakMap<SourceTask, number>();
  #target: Target | null = null;
  #roundMs = -Infinity;
  /** Something has happened since it was told last. */
  #isUntold = false;
  #turn: Promise<unknown> = Promise.resolve();
  #wake = new AbortController();
  #stopped = false;

  constructor(options: SourceMarksOptions) {
    this.#options = options;
    const { topics, ports: { clock, random } } = options.instance;
    this.#issuer = `${Math.floor(random.next() * 2 ** 48).toString(36)}.${Math.floor(clock.nowMs()).toString(36)}`;
    this.#age = new Age(clock);
    const flows = flowsOf(topics);
    this.#stages = topics.plan.stages.map((plan) => markedStage(plan, flows, options.instance))
      .filter(({ topics }) => topics.reduce((sum, [, partitions]) => sum + partitions, 0) > 1);
    const concerned = flows.filter(({ plan }) =>
      this.#stages.some((one) => one.plan === plan || one.feeders.has(plan))
    );
    this.#concerned = concerned.reduce((sum, { partitions }) => sum + partitions, 0);
  }

  /** Tells what there is to tell until it is stopped. @throws whatever is a bug */
  async run(): Promise<void> {
    const { instance: { ports: { clock }, problems } } = this.#options;
    while (!this.#stopped && this.#stages.length > 0) {
      this.#wake = new AbortController();
      try {
        await this.#look();
        problems.set("marks", null);
      } catch (error) {
        if (!(error instanceof ProductionError)) throw error;
        this.#isUntold = true;
        problems.set("marks", `Cannot tell how far the sources of stages are read: ${error.message}`);
      }
      await clock.sleep(this.#waitMs, this.#wake.signal);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#wake.abort();
  }

  /** Events of a stage were written, or other tasks are here now. */
  changed(): void {
    this.#isUntold = true;
    this.#wake.abort();
  }

  /**
   * Before a task writes events: what was told before this instance began, or long ago, does not count any more.
   * @throws ProductionError
   */
  async fresh(task: SourceTask): Promise<void> {
    const sinceMs = this.#age.ms - ROUND_MS;
    const stale = this.#stages.filter(({ feeders, toldMs }) => feeders.has(task.plan) && toldMs <= sinceMs);
    if (stale.length === 0 || this.#stopped) return;
    await this.#write(stale);
    this.changed();
  }

  /** Whether another task here is to go on first, since it is further behind. */
  isAhead(task: SourceTask): boolean {
    const { instance: { ports: { clock } }, tasks } = this.#options;
    const sinceMs = clock.nowMs() - STANDS_MS;
    return this.#stages.some(({ feeders }) => {
      if (feeders.get(task.plan)?.first !== false) return false;
      return tasks.values().some((other) => {
        const feeder = feeders.get(other.plan);
        if (feeder === undefined || other === task || !other.isBehind || other.movedMs < sinceMs) return false;
        return feeder.first || other.clockUs < task.clockUs;
      });
    });
  }

  #feeds({ plan }: SourceTask): boolean {
    return this.#stages.some(({ feeders }) => feeders.has(plan));
  }

  get #waitMs(): number {
    if (this.#target !== null) return LOOK_MS;
    return this.#isNeeded ? Math.max(LOOK_MS, this.#roundMs + ROUND_MS - this.#age.ms) : QUIET_MS;
  }

  /**
   * Nobody need be told anything while nothing comes, if all that feeds the stages is here and read to its end, and so
   * are their tasks and wait for nothing: what another instance told before may come late, and make claims void.
   */
  get #isNeeded(): boolean {
    const feeding = this.#feeding;
    if (feeding.length === 0) return false;
    const staged = [...this.#options.tasks.values()].filter(({ plan }) =>
      this.#stages.some((one) => one.plan === plan)
    );
    return this.#isUntold || new Set([...feeding, ...staged]).size < this.#concerned ||
      staged.some(({ waits }) => waits) || feeding.some((task) => !this.#isLive(task));
  }

  get #feeding(): SourceTask[] {
    return [...this.#options.tasks.values()].filter((task) => this.#feeds(task));
  }

  /** Whether none of those who were told something waits for its events. */
  #isLive(task: SourceTask): boolean {
    const liveUntilMs = (this.#completeMs.get(task) ?? -Infinity) + LEASE_MS;
    return this.#stages.every(({ feeders, toldMs }) => !feeders.has(task.plan) || toldMs <= liveUntilMs);
  }

  async #look(): Promise<void> {
    const isOver = this.#age.ms - this.#roundMs >= ROUND_MS;
    if (this.#target === null) {
      if (!isOver || !this.#isNeeded) return;
      this.#target = await this.#newTarget();
    }
    const { ageMs, ends, left } = this.#target;
    let isNew = false;
    for (const task of left) {
      const isHere = this.#options.tasks.get(task.id) === task;
      if (isHere && task.reachedTo < ends.get(task.topic)![task.partition]) continue;
      left.delete(task);
      isNew ||= !this.#isLive(task);
      this.#completeMs.set(task, ageMs);
    }
    const isDone = left.size === 0 || this.#age.ms - this.#roundMs >= ROUND_MS;
    if (isDone) this.#target = null;
    if (isNew || isDone) await this.#write(this.#stages);
  }

  async #newTarget(): Promise<Target> {
    const { log } = this.#options.instance.ports;
    this.#roundMs = this.#age.ms;
    this.#isUntold = false;
    const left = new Set(this.#feeding);
    const ageMs = this.#age.ms;
    const names = [...new Set([...left].map(({ topic }) => topic))];
    const ends = await Promise.all(names.map(async (name) => [name, (await log.offsets(name)).end] as const));
    return { ageMs, ends: new Map(ends), left };
  }

  /** One after the other. Each stage is told, whatever fails of others. @throws ProductionError */
  #write(stages: readonly MarkedStage[]): Promise<void> {
    const written = this.#turn.then(async () => {
      const done = await Promise.allSettled(stages.map((stage) => this.#tell(stage)));
      for (const one of done) if (one.status === "rejected") throw one.reason;
    });
    this.#turn = written.catch(() => {});
    return written;
  }

  async #tell(stage: MarkedStage): Promise<void> {
    const ageMs = this.#age.ms;
    const claims = this.#claimsFor(stage);
    if (this.#stopped || claims.length === 0) return;
    const value = marksOf({ issuer: this.#issuer, ageMs, topics: stage.topics, claims });
    const batches = Array.from({ length: stage.partitions }, (_, partition): AppendBatch => {
      return { topic: stage.plan.repartition, partition, records: [{ key: null, value }] };
    });
    await this.#options.instance.ports.log.append(batches);
    stage.toldMs = ageMs;
  }

  #claimsFor({ feeders }: MarkedStage): Claim[] {
    return [...this.#options.tasks.values()].flatMap((task): Claim[] => {
      const feeder = feeders.get(task.plan);
      if (feeder === undefined) return [];
      const { partition, clockUs } = task;
      const completeMs = this.#completeMs.get(task) ?? -1;
      const isKnown = !feeder.first && clockUs !== -Infinity;
      return [{ topic: feeder.topic, partition, completeMs, clockUs: isKnown ? clockUs : null }];
    });
  }
}

function markedStage(plan: StagePlan, flows: readonly Flow[], { topics: { streams } }: Instance): MarkedStage {
  const feeding = flows.filter(({ plan: { shuffles } }) => shuffles.some(({ stage }) => stage === plan.index));
  const topics = [...new Map(feeding.map(({ topic, partitions }) => [topic, partitions]))];
  const feeders = feeding.map(({ plan: feeder, topic: name }) => {
    const into = feeder.shuffles.filter(({ stage }) => stage === plan.index);
    const topic = topics.findIndex(([other]) => other === name);
    return [feeder, { topic, first: into.every(({ input }) => comesFirst(plan.node, input)) }] as const;
  });
  return {
    plan,
    partitions: streams.get(plan.repartition)!.partitions,
    topics,
    feeders: new Map(feeders),
    toldMs: -Infinity,
  };
}
