import { sinksOf } from "../../plan/outputs_of.ts";
import type { PhysicalPlan } from "../../plan/physical.ts";
import type { Log } from "../../ports/log.ts";
import { sourceOf } from "../../record/source_name.ts";

/** A topic that a topology reads, keeps something in, or writes to, as the log has it now. */
export interface ToldTopic {
  readonly topic: string;
  /** Names the topic, and which one it is of those that had its name. */
  readonly source: string;
  readonly compacted: boolean;
  /** The largest record that it takes, bytes. */
  readonly messageBytesMax: number;
  /** By partition: the oldest offset, and the next one. */
  readonly start: readonly number[];
  readonly end: readonly number[];
}

/** Those that are there. @throws ProductionError when the log does not answer */
export async function tellTopics(log: Log, plan: PhysicalPlan): Promise<ToldTopic[]> {
  const names = [...readable(plan), ...plan.stages.map(({ repartition }) => repartition)];
  const described = await log.topics(names);
  return await Promise.all([...described.values()].map(async (description): Promise<ToldTopic> => {
    const { name: topic, compacted, messageBytesMax } = description;
    return { topic, source: sourceOf(topic, description), compacted, messageBytesMax, ...await log.offsets(topic) };
  }));
}

/** Topics of which the proof reads records: what streams read, what stages keep, and what tables are written to. */
export function readable(plan: PhysicalPlan): ReadonlySet<string> {
  const events = plan.streams.flatMap(({ source, changes }) => changes === undefined ? [source.topic] : []);
  const written = sinksOf(plan).flatMap(({ table }) => table.output?.topic ?? []);
  return new Set([...events, ...plan.stages.map(({ changelog }) => changelog), ...written]);
}
