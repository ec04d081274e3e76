import type { PhysicalPlan } from "../../plan/physical.ts";
import type { Log } from "../../ports/log.ts";
import { sourceOf } from "../../record/source_name.ts";

/** A topic that a topology's streams read, or that one of its stages has, as the log has it now. */
export interface ToldTopic {
  readonly topic: string;
  /** Names the topic, and which one it is of those that had its name. */
  readonly source: string;
  readonly compacted: boolean;
  /** By partition: the oldest offset, and the next one. */
  readonly start: readonly number[];
  readonly end: readonly number[];
}

type StreamPlans = Pick<PhysicalPlan, "streams" | "stages">;

/** Those that are there. @throws ProductionError when the log does not answer */
export async function tellTopics(log: Log, plan: StreamPlans): Promise<ToldTopic[]> {
  const names = [...readable(plan), ...plan.stages.map(({ repartition }) => repartition)];
  const described = await log.topics(names);
  return await Promise.all([...described.values()].map(async (description): Promise<ToldTopic> => {
    const { name: topic, compacted } = description;
    return { topic, source: sourceOf(topic, description), compacted, ...await log.offsets(topic) };
  }));
}

/** Topics of which the proof reads records: what streams read, and what stages keep. */
export function readable({ streams, stages }: StreamPlans): ReadonlySet<string> {
  const events = streams.flatMap(({ source, changes }) => changes === undefined ? [source.topic] : []);
  return new Set([...events, ...stages.map(({ changelog }) => changelog)]);
}
