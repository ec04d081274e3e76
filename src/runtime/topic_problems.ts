import type { TopicDescription } from "../ports/log.ts";
import type { RunOptions } from "./options.ts";

/** Why a table cannot be built anew from its topic; empty if it can. */
export function rebuildProblem(topic: TopicDescription): string[] {
  if (!topic.deletes || topic.retentionMs === -1) return [];
  const kept = topic.retentionMs === 0
    ? "their size reaches retention.bytes"
    : topic.retentionMs >= 86_400_000
    ? `${Math.round(topic.retentionMs / 86_400_000)} days`
    : `${topic.retentionMs} ms`;
  return [
    `Cannot rebuild a table from topic "${topic.name}": records are deleted after ${kept}. Compact it instead: ` +
    `kafka-configs --bootstrap-server <broker> --alter --entity-type topics --entity-name ${topic.name} ` +
    `--add-config cleanup.policy=compact, then send the table again (incremental snapshot)`,
  ];
}

/** Why tasks cannot talk through this topic; empty if they can. `partitions`: those of the table. */
export function inboxProblem(topic: TopicDescription | undefined, partitions: number, options: RunOptions): string[] {
  if (topic === undefined) return [];
  const problems: string[] = [];
  if (topic.compacted) {
    problems.push(
      `Cannot use "${topic.name}" as an inbox: it is compacted, which loses messages. Set cleanup.policy=delete and ` +
        `retention.ms=${options.inboxRetentionMs} on it`,
    );
  }
  if (topic.partitions !== partitions) {
    problems.push(
      `Cannot use "${topic.name}" with ${topic.partitions} partitions: its table now has ${partitions}, so keys ` +
        `have moved to other tasks. Start with WEIR_GENERATION=${options.generation + 1}`,
    );
  }
  return problems;
}
