import type { Topology } from "../../dsl/topology.ts";
import type { Log, TopicDescription } from "../../ports/log.ts";
import type { RunOptions } from "../options.ts";
import { raiseLimits } from "./raise_limits.ts";

/**
 * So long tombstones stay: who reads the row before one must come to it within that time, or would never tell that the
 * row is gone. Milliseconds.
 */
const DELETE_RETENTION_MS = 30 * 86_400_000;

/**
 * Makes the topics of tables' changes, which the topology itself reads as streams, and describes them. They have as
 * many partitions as the widest of the topics that are read, when they are made; those that are there stay as they are.
 * Whether they keep each key's last record is judged where tables are made.
 */
export async function makeChangesTopics(
  { topology, log, options }: { readonly topology: Topology; readonly log: Log; readonly options: RunOptions },
  read: ReadonlyMap<string, TopicDescription>,
): Promise<Map<string, TopicDescription>> {
  const names = topology.streams.flatMap((node) =>
    node.op === "events" && node.source.internal ? [node.source.topic] : []
  );
  if (names.length === 0) return new Map();
  const partitions = Math.max(1, ...[...read.values()].map((topic) => topic.partitions));
  const { messageBytesMax } = options;
  for (const name of names) {
    await log.createTopic({
      ...{ name, partitions, cleanup: "compact", retentionMs: -1, messageBytesMax },
      deleteRetentionMs: DELETE_RETENTION_MS,
    });
  }
  const made = await log.topics(names);
  await raiseLimits(made.values(), { log, messageBytesMax });
  return made;
}
