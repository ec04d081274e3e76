import type { StagePlan, StreamPlan } from "../../plan/physical.ts";
import type { Held } from "../../ports/log.ts";
import { ProcessorError } from "../../record/errors.ts";
import { appendProblem, appendWriterOf } from "./append_writer_of.ts";
import { BatchDelivery } from "./batch_delivery.ts";
import { BatchQueue } from "./batch_queue.ts";
import { type LoadedStage, loadStage } from "./stage_changelog.ts";
import { StageLog } from "./stage_log.ts";
import { StageTask } from "./stage_task.ts";
import type { StreamSurroundings } from "./stream_host.ts";
import { StreamProgress } from "./stream_progress.ts";
import { type StreamStart, streamStart, tellStart } from "./stream_start.ts";
import { type FlowTask, StreamTask } from "./stream_task.ts";

/** A changelog is read again so often when its inputs are gone. */
const READ_AGAIN = 2;

/** What is known of the partition from one start of the task to the next. */
export interface Life {
  readonly start: StreamStart;
  readonly queue: BatchQueue;
  readonly progress: StreamProgress;
  readonly delivery: BatchDelivery;
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
  const { id, plan, topic, partition, patiently } = beginner;
  const { instance, context, membership } = surroundings;
  const { ports: { clock, log, warehouse }, options } = instance;
  const lastAppended = (source: string) =>
    Promise.all(plan.sinks.map(({ table }) => warehouse.lastAppended(table, { source, partition })));
  const found = await patiently(() =>
    streamStart({ topic, from: "source" in plan ? plan.source.from : "earliest" }, {
      partition,
      progress: held.progress,
      log,
      lastAppended,
    })
  );
  if (found === null) return null;
  const stage = "changelog" in plan ? await loadedStage(plan, beginner, surroundings) : undefined;
  if (stage === null) return null;
  const start = stage === undefined ? found : behind(found, stage.head?.to ?? 0);
  const done = start.announced?.from ?? start.position;
  const progress = new StreamProgress({
    membership: await membership,
    tenure: held.tenure,
    place: { topic, partition },
    topicId: start.topicId,
    clock,
    closed: beginner.closed,
  }, done);
  // Where to begin would be chosen again after a crash. And in the own name, before anybody looks what is there:
  // after that no former owner announces anything more.
  await progress.begin(start.announced, start.lost?.records ?? 0);
  if (beginner.ended()) return null;
  const maker = { id, plan, topic, partition };
  tellStart(maker, start, instance);
  const position = stage === undefined ? start.position : Math.min(done, stage.head?.to ?? start.first);
  const task: FlowTask = stage === undefined
    ? new StreamTask({ plan: plan as StreamPlan, partition }, context)
    : new StageTask({ plan: plan as StagePlan, partition }, {
      loaded: stage,
      mutedTo: done,
    }, context);
  const queue = new BatchQueue({
    position,
    doneTo: Math.max(position, done),
    announcedTo: start.announced?.to ?? null,
    rowsMax: options.batchRowsMax,
    evaluate: (records, batch) => task.take(records, batch),
  });
  const writer = appendWriterOf(maker, {
    instance,
    letters: context.letters,
    closed: beginner.closed,
    announced: () => progress.renew(),
    sourceMs: beginner.sourceMs,
  });
  const stopped = beginner.closed;
  const onState = (problem: string | null) => instance.problems.set(`log of ${id}`, problem);
  const { random } = instance.ports;
  const stageLog = "changelog" in plan
    ? new StageLog({
      plan,
      partition,
      log,
      clock,
      random,
      truncateEveryMs: options.metadataEveryMs,
      messageBytesMax: options.messageBytesMax,
      stopped,
      onState,
    })
    : null;
  const delivery = new BatchDelivery({
    ...{ partition, start, stage: stageLog, log, clock, progress, writer, stopped, onState },
    onTooLarge: ({ stage, text }, error) => {
      const [offset] = JSON.parse(text) as [number];
      const cause = new ProcessorError(stage.node.name, `offset ${offset}`, { cause: error, reason: "too_large" });
      context.letters.callback({ task: id, position: { topic, partition, offset } }, cause);
    },
  });
  return { start, queue, progress, delivery };
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
      if ((stage.head?.to ?? 0) >= start[partition]) break;
      stage = await loadStage(plan, { partition, log, stopped: ended });
    }
    return stage;
  });
}

/** A range that nobody has announced is not looked through further back than what the stage can make again. */
function behind(start: StreamStart, loadedTo: number): StreamStart {
  const { announced, position } = start;
  if (announced === null) return { ...start, position: Math.max(position, loadedTo) };
  const from = Math.max(announced.from, loadedTo);
  return from >= announced.to
    ? { ...start, announced: null, position: Math.max(announced.to, loadedTo) }
    : { ...start, announced: { ...announced, from } };
}

/** No problem of a task that ends is left. */
export function clearProblems({ id, plan }: Beginner, { instance: { problems } }: StreamSurroundings): void {
  problems.set(`stream ${id}`, null);
  problems.set(`log of ${id}`, null);
  for (const sink of plan.sinks) problems.set(appendProblem({ id }, sink), null);
}
