import { inputsOf, type LogicalNode, type SinkNode } from "../dsl/logical.ts";
import type { StreamNode } from "../dsl/stream_nodes.ts";
import type { Topology } from "../dsl/topology.ts";
import type { TaskTable } from "./physical.ts";
import { isTopic } from "./topic_table.ts";
import { unreadTables } from "./unread.ts";

/**
 * How long the results of a table are kept, in microseconds of stream time from the begin of their window on, or from
 * the last change of a session on; null: for ever. Such a table has one member.
 */
export function retentionOf({ members: [first] }: Pick<TaskTable, "members">): number | null {
  if (first.kind !== "folded" || first.node.op === "suppress") return null;
  return retentionUsOf(first.node);
}

/** As {@link retentionOf}, of an operator of a stream. */
export function retentionUsOf(node: StreamNode): number | null {
  if (node.op !== "streamAggregate" || node.window?.retentionUs === undefined) return null;
  const { kind, retentionUs } = node.window;
  // Windows to which their end belongs are closed when stream time is beyond it.
  return kind === "time" ? retentionUs : retentionUs + 1;
}

/** Whether results go by when they changed last, as where one begins does not tell how long events change it. */
export function goByChange(node: StreamNode): boolean {
  return retentionUsOf(node) !== null && node.op === "streamAggregate" && node.window?.kind === "session";
}

/**
 * What may not stand behind results that go by age. Behind these a row would depend on more than what is kept, or its
 * change would have to be told to somebody of a window that nobody has any more.
 */
export function retentionProblems(topology: Topology): string[] {
  const { nodes, streams } = topology;
  const unread = unreadTables(topology);
  return nodes.flatMap((node): string[] => {
    if (node.op !== "folded" || retentionUsOf(streams[node.stream]) === null) return [];
    const problems = behind(nodes, node.id).flatMap((one) => {
      const why = objection(one);
      if (why === null) return [];
      return [`Cannot use "${one.name}" behind "${node.name}", whose windows go by age: ${why}`];
    });
    for (const stream of streams) {
      if (stream.op !== "suppress" || !leadsTo(streams, { from: node.stream, to: stream })) continue;
      problems.push(
        `Cannot let changes of "${node.name}" wait ("${stream.name}"), whose windows go by age: what waits would ` +
          'have to go as well. Tell each window once with emit("close"), or leave retention out',
      );
    }
    if (unread.has(node.id)) {
      problems.push(
        `Cannot let windows of "${node.name}" go by age: nothing shows them in ClickHouse, where they would stay. ` +
          "Add a sink, or leave retention out",
      );
    }
    return problems;
  });
}

/** All operators that take rows of this one, at any remove. */
function behind(nodes: readonly LogicalNode[], id: number): LogicalNode[] {
  const reached = new Set([id]);
  return nodes.filter((node) => {
    if (!inputsOf(node).some((input) => reached.has(input))) return false;
    reached.add(node.id);
    return true;
  });
}

/** Whether an operator takes the changes of an aggregate, as they are. */
function leadsTo(
  streams: readonly StreamNode[],
  { from, to }: { readonly from: number; readonly to: StreamNode },
): boolean {
  return to.inputs.some((input) =>
    input === from || (streams[input].op === "updates" && leadsTo(streams, { from, to: streams[input] }))
  );
}

/** Null for what is exact. */
function objection(node: LogicalNode): string | null {
  switch (node.op) {
    case "source":
    case "folded":
    case "filter":
    case "filterNot":
    case "mapValues":
      return null;
    case "sink":
      return sinkObjection(node);
    case "foreignKeyJoin":
    case "keyJoin":
      return "a change of a partner would change rows that nobody has any more. Join the stream before it is " +
        "aggregated, or leave retention out";
    case "union":
    case "selectKey":
    case "flatMapValues":
      return "which rows have one key cannot be told without those that are gone. Leave retention out";
    case "aggregate":
      return "a total cannot be made again without the rows that are gone. Add them up in ClickHouse, or leave " +
        "retention out";
    case "expireAfter":
      return "a row that is gone cannot expire. Give the ClickHouse table a TTL, or leave retention out";
  }
}

function sinkObjection({ sink }: SinkNode): string | null {
  if (!isTopic(sink)) return null;
  return "a row that somebody hides in a topic is written again, for which it must be known. Write toStream() to the " +
    "topic, or leave retention out";
}
