import { CORRECTIONS_TOPIC } from "../../src/record/correction.ts";
import { CLICKS } from "./events.ts";
import { compactInbox, compactTopic, cutInbox } from "./faults.ts";
import { growthOnce, told, toldGrowth, toldOnce } from "./told_events.ts";
import type { World } from "./world.ts";

/** What a log does with one topic now and then: compaction, or retention. */
export function trim(world: World, options: { readonly compactInboxes?: boolean }): void {
  // What is cut off of a topic of events is lost, and rightly so.
  const topic = world.choices.pick(
    [...world.log.topics.values()].filter(({ name }) =>
      name !== CLICKS && name !== CORRECTIONS_TOPIC && !isTold(name) && !isRepartition(name)
    ),
  );
  if (!world.choices.happens("trim", () => topic.name)) return;
  if (topic.compacted) {
    // A tombstone stays longer than any living reader lags, so only what no reader needs is removed here.
    compactTopic(topic, world.choices, { share: 0.5, tombstonesBeforeMs: 0 });
  } else if (options.compactInboxes === true) compactInbox(topic);
  else cutInbox(topic, world.choices, (partition) => readPosition(world, topic.name, partition));
}

/** What others read is theirs. */
function isTold(topic: string): boolean {
  return [told, toldGrowth, toldOnce, growthOnce].some(({ spec }) => spec.topic === topic);
}

/** What it holds is nowhere else until it is in a changelog, and then the stage deletes it by itself. */
function isRepartition(topic: string): boolean {
  return topic.endsWith(".repartition");
}

function readPosition(world: World, topic: string, partition: number): number {
  const positions = world.instances.flatMap(({ runner }) =>
    runner.status().tasks.filter(({ inbox, partition: own }) => inbox?.topic === topic && own === partition)
      .map(({ inbox }) => inbox!.position)
  );
  return positions.length === 0 ? 0 : Math.min(...positions);
}
