import type { AppendSpec } from "./append_sink.ts";
import type { EventSpec, RecordMetadata } from "./events.ts";
import type { AnyKey, AnyRow } from "./logical.ts";
import type { ProcessorContext } from "./processors.ts";
import type { StoreSpec } from "./processor_stores.ts";
import type { StreamAggregateSpec } from "./stream_aggregates.ts";
import type { SuppressionSpec } from "./suppression.ts";
import type { RecordHeaders } from "../record/headers.ts";
import type { TopicSpec } from "./topic_sink.ts";
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
  /** Columns of what a callback makes that are shown to people, though masked ones went in. Absent: none. */
  readonly unmasked?: readonly string[];
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

/** Events written to a topic for others. */
export interface OutputNode extends StreamNamed {
  readonly op: "output";
  readonly sink: TopicSpec;
  readonly headers: Callback<RecordHeaders> | null;
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

/**
 * Changes of an aggregate's results that wait, so that of several of one row only the last is told. They are written
 * anew by group, so that each partition has those of one partition of its input. A result is a row of a table, too.
 */
export interface SuppressNode extends StreamNamed {
  readonly op: "suppress";
  /** The aggregate whose results they are. */
  readonly of: Pick<StreamAggregateNode, "sides" | "window">;
  readonly spec: SuppressionSpec;
}

/** An operator whose results are the rows of a table. */
export type TableResultNode = StreamAggregateNode | SuppressNode;

/** The changes of an aggregate's results as events: the group (with its window) as key; null where one is gone. */
export interface UpdatesNode extends StreamNamed {
  readonly op: "updates";
}

/**
 * Events of two streams, each with those of the other one that have an equal key and a time near its own. Both are
 * written anew by key into one topic, in one order; the inputs are left and right, and may be the same stream. The key
 * of a result is the columns of the join.
 */
export interface StreamJoinNode extends StreamNamed {
  readonly op: "streamJoin";
  readonly kind: "inner" | "left" | "outer";
  /** For each input: the columns by which it is joined; null: the event has no partner. */
  readonly groupBys: readonly [GroupSelector, GroupSelector];
  /** How much earlier a right event may be. */
  readonly beforeUs: number;
  /** How much later a right event may be. */
  readonly afterUs: number;
  readonly graceUs: number;
  /** Where each side stands in a result; `left` null: the left event's own columns, and one more. */
  readonly columns: { readonly left: string | null; readonly right: string };
}

/**
 * Each event with the row of a table whose key its foreign key is. Both are written anew by that key into one topic, in
 * one order: the events, input 0, and the table's changes, input 1 (null: deleted). The key of a result is the table's
 * key columns; null if the foreign key is null.
 */
export interface TableJoinNode extends StreamNamed {
  readonly op: "tableJoin";
  readonly kind: "inner" | "left";
  /** Id of the table's node: a source that is not global, filtered and mapped at most. */
  readonly right: number;
  /** Of the table. */
  readonly keyColumns: readonly string[];
  /** The table's key columns, of an event; null: the event has no partner. */
  readonly groupBy: GroupSelector;
  readonly column: string;
  /** How long rows are known that were replaced: an event is joined with the row of its time; null: with the newest. */
  readonly historyUs: number | null;
  /** How long an event waits for rows that come late; 0 without history. */
  readonly graceUs: number;
}

/** Events given to callbacks of one's own, which keep something of each key. */
export interface ProcessNode extends StreamNamed {
  readonly op: "process";
  readonly groupBy: GroupSelector;
  readonly stores: readonly StoreSpec[];
  readonly process: (value: AnyRow, context: AnyContext) => Iterable<unknown>;
  readonly punctuate: ((context: AnyContext) => Iterable<unknown>) | null;
  readonly punctuateWallClock: ((context: AnyContext) => Iterable<unknown>) | null;
}

/**
 * Events written anew by key, in the order in which they come, and read there. Those without a key are left out; those
 * without a value are not.
 */
export interface RepartitionNode extends StreamNamed {
  readonly op: "repartition";
  readonly groupBy: GroupSelector;
  /** The key is this column's value alone; null: all columns. */
  readonly bare: string | null;
  /** Of its topic, when it is made; null: as many as the widest of the topics that are read. */
  readonly partitions: number | null;
}

/**
 * The changes of a table as events: the table's key, and its row, or null where it is gone. Its input is what tasks
 * have written of the rows, which may come late or twice; here each change counts once.
 */
export interface TableChangesNode extends StreamNamed {
  readonly op: "tableChanges";
  /** Id of the table's node. */
  readonly table: number;
  readonly groupBy: GroupSelector;
  /** The time of an event, of its row; undefined: when it was written. */
  readonly time: ((row: never) => number) | undefined;
}

type AnyContext = ProcessorContext<AnyRow, AnyRow>;

/** An operator whose inputs are written anew by group: it keeps something of its events, or is there for that. */
export type StatefulNode =
  | TableResultNode
  | StreamJoinNode
  | TableJoinNode
  | ProcessNode
  | RepartitionNode
  | TableChangesNode;

const STATEFUL: ReadonlySet<StreamNode["op"]> = new Set<StatefulNode["op"]>([
  "streamAggregate",
  "suppress",
  "streamJoin",
  "tableJoin",
  "process",
  "repartition",
  "tableChanges",
]);

/** Whether its inputs are written anew by group. */
export function isStateful(node: StreamNode): node is StatefulNode {
  return STATEFUL.has(node.op);
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
  | SuppressNode
  | UpdatesNode
  | StreamJoinNode
  | TableJoinNode
  | ProcessNode
  | RepartitionNode
  | TableChangesNode
  | OutputNode
  | AppendNode;
