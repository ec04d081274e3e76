import type { FoldedNode } from "../../dsl/logical.ts";
import type { StreamAggregateNode, StreamNode, TableResultNode } from "../../dsl/stream_nodes.ts";
import type { Topology } from "../../dsl/topology.ts";
import { groupedEvents } from "../../oracle/append_oracle.ts";
import { orderedTotal, WHY_TAKEN } from "../verify/why_taken.ts";
import type { ToldTopic } from "./told_topics.ts";

/** How results of a stream are compared. */
export interface ProvedTotals {
  readonly result: TableResultNode;
  /** Topics whose events make them; null: they cannot be made again at all. */
  readonly topics: readonly string[] | null;
  /** Why a result may be right that its events do not make; null: then it is wrong. */
  readonly reason: string | null;
  /** Stages that its events come through, and its own, as problems name them. */
  readonly stages: ReadonlySet<string>;
}

/** What is known without the log. */
export function provedTotals(topology: Topology, { stream }: Pick<FoldedNode, "stream">): ProvedTotals {
  const result = topology.streams[stream] as TableResultNode;
  const behind = streamsBehind(topology.streams, result);
  // Whatever has a name may be a stage.
  const stages = new Set(behind.map(({ name }) => `"${name}"`));
  const never = (reason: string): ProvedTotals => ({ result, topics: null, reason, stages });
  if (result.op === "suppress") return never(WHY_TAKEN.waits);
  if (groupedEvents(topology, result, () => []) === null) return never(WHY_TAKEN.dependent);
  const sources = behind.filter((node) => node.op === "events");
  const latest = sources.find(({ source }) => source.from === "latest");
  if (latest !== undefined) return never(WHY_TAKEN.begunLate(latest.name));
  const repeats = sources.find(({ source }) => source.dropsRepeats);
  if (repeats !== undefined) return never(WHY_TAKEN.repeats(repeats.source.topic));
  return { result, topics: [...new Set(sources.map(({ source }) => source.topic))], reason: null, stages };
}

/** What the topics of its events say about it, as they are now. */
export function reasonNow(aggregate: StreamAggregateNode, topics: readonly ToldTopic[]): string | null {
  const compacted = topics.find((topic) => topic.compacted);
  if (compacted !== undefined) return WHY_TAKEN.compacted(compacted.topic);
  if (aggregate.window?.idleUs !== undefined) return WHY_TAKEN.idle;
  // The events of one partition come in their order, whatever happens.
  if (topics.reduce((sum, { end }) => sum + end.length, 0) === 1) return null;
  return orderedTotal(aggregate) ?? (closes(aggregate) ? WHY_TAKEN.late : null);
}

function closes({ window }: StreamAggregateNode): boolean {
  return window !== null && window.kind !== "unlimited";
}

/** A stream and all that its events come through, each as often as there are ways. */
export function streamsBehind(streams: readonly StreamNode[], node: StreamNode): readonly StreamNode[] {
  return [node, ...node.inputs.flatMap((input) => streamsBehind(streams, streams[input]))];
}
