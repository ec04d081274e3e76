import { type FactHead, neededFrom } from "../../formats/changelog_fact.ts";
import type { StagePlan, StreamPlan } from "../../plan/physical.ts";
import type { Held } from "../../ports/log.ts";
import { ProcessorError } from "../../record/errors.ts";
import { appendProblem, appendWriterOf } from "./append_writer_of.ts";
import { BatchDelivery } from "./batch_delivery.ts";
import { BatchQueue } from "./batch_queue.ts";
import { ChangesTask } from "./changes_task.ts";
import { begunStage, type ChangelogKeeper, cleaningProblem, keepersOf, stageLogOf } from "./stage_begin.ts";
import { begunLater, changesFrom, fedFrom, missedProblem, outputNames } from "./fed_outputs.ts";
import { type LoadedStage, loadStage } from "./stage_changelog.ts";
import { PART_SHARE, type StageLog } from "./stage_log.ts";
import { StageTask } from "./stage_task.ts";
import type { Instance } from "../lifecycle/instance.ts";
import type { StreamSurroundings } from "./stream_surroundings.ts";
import { StreamProgress } from "./stream_progress.ts";
import { foundRows } from "./found_rows.ts";
import { type StreamStart, streamStart, tellStart } from "./stream_start.ts";
import { type FlowTask, StreamTask } from "./stream_task.ts";

/** A changelog is read again so often when its inputs are gone. */
const READ_AGAIN = 2;
const LOOK_MS = 100;

/** What is known of the partition from one start of the task to the next. */
export interface Life {
  readonly start: StreamStart;
  readonly short: readonly string[];
  readonly queue: BatchQueue;
  readonly progress: StreamProgress;
  readonly delivery: BatchDelivery;
  readonly task: FlowTask;
  /** What deletes from the changelog what is needed no more. */
  readonly keepers: readonly ChangelogKeeper[];
}

/** The task of one partition, as its start sees it. */
export interface Beginner {
  readonly id: string;
  readonly plan: StreamPlan | StagePlan;
  readonly topic: string;
  readonly partition: number;
  readonly closed: () => boolean;
  /** It is not wanted any more. */
  readonly ended: () => boolean;
  /** Repeats what fails for now; null when it is not wanted any more. */
  readonly patiently: <T>(action: () => Promise<T>) => Promise<T | null>;
  /** Before events are written into stages. @throws ProductionError */
  readonly beforeEvents: () => Promise<void>;
  /** Timestamp of the first record behind what is written now; 0 if unknown. */
  readonly sourceMs: () => number;
}

/**
 * Finds where a task goes on, and makes all that it needs. Resolves to null if it is not wanted any more.
 * @throws StreamBroken, ConfigError
 */
export async function beginStream(
  beginner: Beginner,
  { held, surroundings }: { readonly held: Held; readonly surroundings: StreamSurroundings },
): Promise<Life | null> {
  const { id, plan, topic, partition } = beginner;
  const { instance, membership } = surroundings;
  const names = outputNames(plan, instance.topics.plan.stages);
  const place = await startOf(beginner, { held, names, surroundings });
  if (place === null) return null;
  const { start } = place;
  const done = start.announced?.from ?? start.position;
  const { task, position } = await taskOf(beginner, { ...place, done, surroundings });
  if (beginner.ended()) return null;
  const fed = fedFrom(start.fed, { names, offset: done });
  const progress = new StreamProgress({
    membership: await membership,
    tenure: held.tenure,
    place: { topic, partition },
    topicId: start.topicId,
    fed,
    clock: instance.ports.clock,
    tableClock: surroundings.tableClock,
    onState: (error) => instance.problems.set(`stream ${id}`, error?.message ?? null),
    closed: beginner.closed,
  }, done);
  // Where to begin would be chosen again after a crash. And in the own name, before anybody looks what is there:
  // after that no former owner announces anything more.
  await progress.begin(start.announced, start.lost?.records ?? 0);
  const begun = "changelog" in plan ? await begunStage(beginner, surroundings.instance) : null;
  if (beginner.ended() || await madeTold(beginner, { start, done, held, surroundings }) === null) return null;
  tellStart({ id, plan }, start, instance);
  if (begun !== null) (task as StageTask).begunAs(begun);
  const stageLog = begun === null ? null : stageLogOf(beginner, { plan: plan as StagePlan, begun, instance });
  const problem = missedProblem(fed, { names, topic, partition });
  instance.problems.set(completenessOf(id), problem, { lasting: true });
  const queue = new BatchQueue({
    position,
    doneTo: Math.max(position, done),
    announcedTo: start.announced?.to ?? null,
    rowsMax: instance.options.batchRowsMax,
    factCharsMax: instance.options.messageBytesMax * PART_SHARE,
    evaluate: ({ records, nextOffset }, batch) => {
      for (const record of records) task.take(record, batch);
      batch.to = nextOffset;
      task.taken?.(batch);
      surroundings.context.onRecords(plan.name, records.length);
    },
    sealed: (batch) => task.sealed?.(batch),
  });
  return {
    ...{ start, queue, progress, task, short: begunLater(fed, names) },
    delivery: deliveryOf(beginner, { start, progress, surroundings, stageLog }),
    keepers: task instanceof StageTask ? keepersOf(beginner, { task, stageLog: stageLog!, instance }) : [],
  };
}

/** Says what tables lack that were made anew. Resolves to null if the task is not wanted any more. */
async function madeTold(
  { id, plan, topic, partition, patiently }: Beginner,
  { start, done, held, surroundings: { appendTables } }: {
    readonly start: StreamStart;
    readonly done: number;
    readonly held: Held;
    readonly surroundings: StreamSurroundings;
  },
): Promise<true | null> {
  // Without progress and rows nothing was read before, wherever it begins.
  const offset = held.progress === null && start.announced === null ? 0 : done;
  return await patiently(async () => {
    await appendTables.begun({ id, plan, position: { topic, partition, offset } }, start.source);
    return true as const;
  });
}

/** Where a task goes on, and what a stage has. */
interface StartPlace {
  readonly start: StreamStart;
  /** Null for a stream, which keeps nothing. */
  readonly stage: LoadedStage | null;
}

async function startOf(
  beginner: Beginner,
  { held, names, surroundings }: {
    readonly held: Held;
    readonly names: readonly string[];
    readonly surroundings: StreamSurroundings;
  },
): Promise<StartPlace | null> {
  const { plan, topic, partition, patiently } = beginner;
  const { ports: { log } } = surroundings.instance;
  const found = (source: string) => foundRows(beginner, { source, instance: surroundings.instance });
  const { progress } = held;
  const from = "source" in plan ? plan.source.from : "earliest";
  const start = await patiently(() => streamStart({ topic, from }, { partition, progress, log, found }));
  if (start === null) return null;
  if (!("changelog" in plan)) return { start: plan.changes === undefined ? start : withAll(start, names), stage: null };
  const stage = await loadedStage(plan, beginner, surroundings);
  return stage === null ? null : { start: behind(start, { head: stage.head, topic }), stage };
}

/** The start of a table's changes from where a join of these has had all of them. */
function withAll(start: StreamStart, names: readonly string[]): StreamStart {
  const { fed, first, position } = start;
  return { ...start, position: changesFrom(fed, { names, first, offset: position }) };
}

async function taskOf(
  { plan, partition }: Beginner,
  { start, stage, done, surroundings: { context, instance } }: StartPlace & {
    readonly done: number;
    readonly surroundings: StreamSurroundings;
  },
): Promise<{ readonly task: FlowTask; readonly position: number }> {
  if (!("changelog" in plan)) {
    const task = plan.changes === undefined
      ? new StreamTask({ plan, partition }, context)
      : new ChangesTask({ plan, changes: plan.changes, partition }, context);
    return { task, position: start.position };
  }
  const loaded = stage!;
  const breathe = () => instance.ports.clock.breathe();
  return {
    task: await StageTask.begin({ plan, partition, loaded, mutedTo: done, breathe }, context),
    position: Math.max(start.first, Math.min(done, neededFrom(loaded.head))),
  };
}

function deliveryOf(
  { id, topic, partition, closed: stopped, sourceMs, beforeEvents }: Beginner,
  { start, progress, surroundings: { instance, context, tableClock }, stageLog: stage }: {
    readonly start: StreamStart;
    readonly progress: StreamProgress;
    readonly surroundings: StreamSurroundings;
    readonly stageLog: StageLog | null;
  },
): BatchDelivery {
  const { ports: { clock, log }, problems } = instance;
  const writer = appendWriterOf({ id, topic, partition }, {
    instance,
    letters: context.letters,
    closed: stopped,
    progress,
    tableClock,
    sourceMs,
  });
  const onState = (problem: string | null) => problems.set(`log of ${id}`, problem);
  const ports = { partition, log, clock, stopped, onState };
  return new BatchDelivery({
    ...ports,
    ...{ start, stage, progress, writer, beforeEvents },
    onWritten: (sink, records) =>
      instance.ports.metrics.count("weir_sink_rows_total", { topology: instance.topology.name, sink }, records),
    onTooLarge: (event, error) => {
      const [name, offset] = "stage" in event
        ? [event.stage.node.name, (JSON.parse(event.text) as [number])[0]]
        : [event.output.topic, event.placed.offset];
      const cause = new ProcessorError(name, `offset ${offset}`, { cause: error, reason: "too_large" });
      context.letters.callback({ task: id, position: { topic, partition, offset } }, cause);
    },
  });
}

/** What the changelog has. If inputs behind it are gone, another owner has them, and says so there: read again. */
async function loadedStage(
  plan: StagePlan,
  { partition, patiently, ended }: Beginner,
  { instance: { ports: { log } } }: StreamSurroundings,
): Promise<LoadedStage | null> {
  return await patiently(async () => {
    let stage = await loadStage(plan, { partition, log, stopped: ended });
    for (let again = 0; stage !== null && again < READ_AGAIN; again++) {
      const { start } = await log.offsets(plan.repartition);
      if (neededFrom(stage.head) >= start[partition]) break;
      stage = await loadStage(plan, { partition, log, stopped: ended });
    }
    return stage;
  });
}

/**
 * The start of a stage that goes on from this head. Its inputs are deleted behind that, which is no loss. A
 * range that nobody has announced is not looked through further back than what the stage can make again.
 */
function behind(
  start: StreamStart,
  { head, topic }: { readonly head: FactHead | null; readonly topic: string },
): StreamStart {
  const { announced, position, first } = start;
  const loadedTo = head?.to ?? 0;
  const gone = first - neededFrom(head);
  const reason = `they were deleted from topic "${topic}" before they were in the changelog`;
  const isOther = start.lost?.records === 0;
  const lost = isOther ? start.lost : gone > 0 ? { records: gone, reason } : null;
  const from = Math.max(announced?.from ?? 0, loadedTo);
  return announced === null || from >= announced.to
    ? { ...start, lost, announced: null, position: Math.max(position, announced?.to ?? 0, loadedTo) }
    : { ...start, lost, announced: { ...announced, from } };
}

/** What the group says of the partition, as soon as it is this member's; null if it is not wanted any more. */
export async function heldBy(
  { topic, partition, patiently, ended }: Beginner,
  { instance: { ports: { clock } }, membership }: StreamSurroundings,
): Promise<Held | null> {
  while (!ended()) {
    const found = await patiently(async () => (await membership).held([{ topic, partition }]));
    if (found === null) return null;
    if (found.length > 0) return found[0];
    await clock.sleep(LOOK_MS);
  }
  return null;
}

/** Waits until all that is looked up is there. Resolves to false if it is not wanted any more. @throws StreamBroken */
export async function globalsRead(
  { plan, patiently, ended }: Beginner,
  { globals, ports: { clock } }: Instance,
): Promise<boolean> {
  if (plan.lookups.length === 0) return !ended();
  const targets = await patiently(() => globals.ends());
  while (targets !== null && !ended() && !globals.reached(targets)) await clock.sleep(LOOK_MS);
  return targets !== null && !ended();
}

/** Names the problem that a task's events wait for long. */
export function waitingProblem(id: string): string {
  return `events of ${id}`;
}

/** Names the problem that results are short of events, as long as the task is here. */
export function completenessOf(id: string): string {
  return `completeness of ${id}`;
}

/** No problem of a task that ends is left. */
export function clearProblems({ id, plan }: Beginner, { instance: { problems } }: StreamSurroundings): void {
  problems.set(`stream ${id}`, null);
  problems.set(`log of ${id}`, null);
  problems.set(waitingProblem(id), null);
  problems.set(cleaningProblem(id), null);
  for (const sink of plan.sinks) problems.set(appendProblem({ id }, sink), null);
}
