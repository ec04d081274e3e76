import type { AppendSpec } from "./append_sink.ts";
import type { EventSpec, RecordMetadata } from "./events.ts";
import type { AnyKey, AnyRow } from "./logical.ts";
import type { StreamAggregateSpec } from "./stream_aggregates.ts";
import type { WindowSpec } from "./windows.ts";

/** A callback of a stream's operator, its types erased. */
type Callback<R> = (value: AnyRow, key: AnyKey, metadata: RecordMetadata) => R;

/** What all operators of streams have. */
interface StreamNamed {
  /** Position among the topology's streams; inputs always come before. */
  readonly id: number;
  readonly name: string;
  /** Whose events it takes: none for a topic's, several for a merge, else one. */
  readonly inputs: readonly number[];
}

/** A topic as a stream. */
export interface EventsNode extends StreamNamed {
  readonly op: "events";
  readonly source: EventSpec;
}

/** Events for which the predicate holds. */
export interface StreamFilterNode extends StreamNamed {
  readonly op: "filter";
  readonly predicate: Callback<boolean>;
}

/** The events that go into one branch: those of the first predicate that holds. */
export interface BranchNode extends StreamNamed {
  readonly op: "branch";
  /** Of all branches, in their order. */
  readonly predicates: readonly Callback<boolean>[];
  /** Which one; `predicates.length`: of the events for which none holds. */
  readonly branch: number;
}

/** Each event replaced by another one with the same key, or by several. */
export interface MapStreamValuesNode extends StreamNamed {
  readonly op: "mapValues" | "flatMapValues";
  readonly mapper: Callback<AnyRow>;
}

/** Each event replaced by one, or several, with a key of their own: [key, value]. */
export interface MapStreamNode extends StreamNamed {
  readonly op: "map" | "flatMap";
  readonly mapper: Callback<AnyRow>;
}

/** Each event under another key. */
export interface SelectKeyNode extends StreamNamed {
  readonly op: "selectKey";
  readonly mapper: Callback<AnyKey>;
}

/** A look at each event. */
export interface PeekNode extends StreamNamed {
  readonly op: "peek";
  readonly action: Callback<void>;
}

/** The events of several streams. */
export interface MergeNode extends StreamNamed {
  readonly op: "merge";
}

/** Each event with the row that a global table has for it when it is processed. */
export interface GlobalJoinNode extends StreamNamed {
  readonly op: "globalJoin";
  readonly kind: "inner" | "left";
  /** Id of the table's node. */
  readonly right: number;
  readonly column: string;
  readonly foreignKey: Callback<unknown>;
}

/** Events added to a ClickHouse table. */
export interface AppendNode extends StreamNamed {
  readonly op: "append";
  readonly sink: AppendSpec;
}

/** The group of an event: its columns; null: the event is in none. */
export type GroupSelector = Callback<Readonly<Record<string, unknown>> | null>;

/** What one input of an aggregate adds to its groups. */
export interface AggregateInput {
  readonly groupBy: GroupSelector;
  /** By column of the result. */
  readonly aggregates: Readonly<Record<string, StreamAggregateSpec>>;
}

/**
 * Events grouped and added up, by windows if there are any. Its input is written anew by group, so that all of a group
 * is in one partition. A result is a row of a table, whose key is the group and the window.
 */
export interface StreamAggregateNode extends StreamNamed {
  readonly op: "streamAggregate";
  /** For each input; all have the same columns. */
  readonly sides: readonly AggregateInput[];
  readonly window: WindowSpec | null;
  /** When results are told: whenever an event changes them, or once, when their window closes. */
  readonly emit: "update" | "close";
}

/** The changes of an aggregate's results as events: the group (with its window) as key; null where one is gone. */
export interface UpdatesNode extends StreamNamed {
  readonly op: "updates";
}

/** An operator that keeps something of its events: its inputs are written anew by group. */
export type StatefulNode = StreamAggregateNode;

/** Whether it keeps something of its events. */
export function isStateful(node: StreamNode): node is StatefulNode {
  return node.op === "streamAggregate";
}

/** One operator of a topology's streams as plain data. */
export type StreamNode =
  | EventsNode
  | StreamFilterNode
  | BranchNode
  | MapStreamValuesNode
  | MapStreamNode
  | SelectKeyNode
  | PeekNode
  | MergeNode
  | GlobalJoinNode
  | StreamAggregateNode
  | UpdatesNode
  | AppendNode;
