import type { StagePlan, StreamPlan } from "../../plan/physical.ts";
import { retentionUsOf } from "../../plan/retention.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { beginOf } from "./pack.ts";
import { StageCleaner } from "./stage_cleaner.ts";
import { StageRetention } from "./stage_retention.ts";
import { StageLog } from "./stage_log.ts";
import type { BegunStage, StageTask } from "./stage_task.ts";

/** The task of one partition of a stage, as its start sees it. */
interface StageBeginner {
  readonly id: string;
  readonly plan: StreamPlan | StagePlan;
  readonly topic: string;
  readonly partition: number;
  readonly closed: () => boolean;
  /** Repeats what fails for now; null when it is not wanted any more. */
  readonly patiently: <T>(action: () => Promise<T>) => Promise<T | null>;
}

/**
 * Says in the stage's topic that a task of it begins: whoever has had it before, and does not know, goes no further. It
 * is said when all else is known of which a later start may be ahead. Null: the task is not wanted any more.
 */
export async function begunStage(
  { topic, partition, patiently }: StageBeginner,
  { ports: { log, random } }: Instance,
): Promise<BegunStage | null> {
  const name = random.next().toString(36).slice(2);
  const records = [{ key: null, value: beginOf(name) }];
  const offsets = await patiently(() => log.append([{ topic, partition, records }]));
  return offsets === null ? null : { name, offset: offsets[0] };
}

/** What writes the changelog of a stage that has begun. */
export function stageLogOf(
  { id, partition, closed: stopped }: StageBeginner,
  { plan, begun, instance }: {
    readonly plan: StagePlan;
    readonly begun: BegunStage;
    readonly instance: Instance;
  },
): StageLog {
  const { ports: { clock, log, random }, options: { metadataEveryMs, messageBytesMax }, problems } = instance;
  return new StageLog({
    ...{ plan, partition, log, clock, random, messageBytesMax, stopped, begun: begun.offset },
    truncateEveryMs: metadataEveryMs,
    onState: (problem) => problems.set(`log of ${id}`, problem),
  });
}

/** What keeps a changelog small, beside whatever its task does. */
export interface ChangelogKeeper {
  /** Resolves when there is nothing more to do, or it was stopped. */
  run(): Promise<void>;
  /** It ends soon. */
  stop(): void;
}

interface KeeperParts {
  readonly task: StageTask;
  readonly stageLog: StageLog;
  readonly instance: Instance;
}

/** All that keeps the changelog of a stage small: what earlier starts have left goes, and what goes by age. */
export function keepersOf(beginner: StageBeginner, parts: KeeperParts): ChangelogKeeper[] {
  return [cleanerOf(beginner, parts), retentionKeeperOf(beginner, parts)].filter((keeper) => keeper !== null);
}

/** What deletes results that go by age; null if none do. */
function retentionKeeperOf(
  { id, plan, partition, closed: stopped }: StageBeginner,
  { stageLog, instance: { ports: { clock, log, metrics }, options, problems, topology } }: KeeperParts,
): StageRetention | null {
  if (retentionUsOf((plan as StagePlan).node) === null) return null;
  return new StageRetention({
    ...{ plan: plan as StagePlan, partition, log, clock, stageLog, stopped, ...options },
    onState: (problem) => problems.set(cleaningProblem(id), problem),
    onDeleted: (records) =>
      metrics.count("weir_changelog_records_deleted_total", { topology: topology.name, table: plan.name }, records),
  });
}

/** What cleans the changelog; null if that has not much more than it must. */
function cleanerOf(
  { id, plan, partition, closed: stopped }: StageBeginner,
  { task, stageLog, instance }: KeeperParts,
): StageCleaner | null {
  const { ports: { clock, log, random, metrics }, options, problems, topology, onEvent } = instance;
  const { records, needed } = task.loaded;
  if (records - needed < Math.max(options.staleRecordsMin, options.staleShareMin * needed)) return null;
  task.wantHead();
  return new StageCleaner({
    ...{ plan: plan as StagePlan, partition, log, clock, random, stageLog, stopped, ...options },
    onState: (problem) => problems.set(cleaningProblem(id), problem),
    onCleaned: ({ deleted, copied, ms }) => {
      onEvent({ kind: "changelog cleaned", task: id, deleted, copied, seconds: Math.round(ms / 1_000) });
      metrics.count("weir_changelog_records_deleted_total", { topology: topology.name, table: plan.name }, deleted);
    },
  });
}

/** Names the problem that what former owners have left cannot be deleted. */
export function cleaningProblem(id: string): string {
  return `changelog of ${id}`;
}
