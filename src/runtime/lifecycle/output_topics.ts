import type { PhysicalPlan } from "../../plan/physical.ts";
import type { Log, TopicDescription } from "../../ports/log.ts";

/**
 * Makes the topics that a topology's streams are written to, if they are not there, and describes them. Those that are
 * there stay as they are. `widest`: partitions of the widest topic that streams read.
 */
export async function makeOutputTopics(
  { streams, stages }: PhysicalPlan,
  { log, widest }: { readonly log: Pick<Log, "createTopic" | "topics">; readonly widest: number },
): Promise<Map<string, TopicDescription>> {
  const outputs = new Map([...streams, ...stages].flatMap((flow) => flow.outputs.map((one) => [one.topic, one])));
  if (outputs.size === 0) return new Map();
  const there = await log.topics([...outputs.keys()]);
  for (const [name, { node: { sink: { partitions, retentionMs } } }] of outputs) {
    if (there.has(name)) continue;
    await log.createTopic({ name, partitions: partitions ?? widest, cleanup: "delete", retentionMs });
  }
  return await log.topics([...outputs.keys()]);
}
