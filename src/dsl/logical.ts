import type { AggregateSpec } from "./aggregate_spec.ts";
import type { SinkSpec } from "./sink.ts";
import type { SourceSpec } from "./source.ts";

/** A row inside a topology, its type erased. */
// deno-lint-ignore no-explicit-any -- types are checked at declaration; the plan carries callbacks of every type
export type AnyRow = any;
/** The value of a key as callbacks see it: one column's value, or an object of several. */
// deno-lint-ignore no-explicit-any -- see AnyRow
export type AnyKey = any;

/** What all operators have. */
export interface Named {
  /** Position in the topology's array; inputs always come before. */
  readonly id: number;
  /** `<root>.<column>` for joins, the declared name for aggregates: names stores, topics and metrics. */
  readonly name: string;
  /** Columns of what a callback makes that are shown to people, though masked ones went in. Absent: none. */
  readonly unmasked?: readonly string[];
}

/** A topic as a table: the root of a lineage. */
export interface SourceNode extends Named {
  readonly op: "source";
  readonly source: SourceSpec;
  /** True for a GlobalKTable: whole on every instance. */
  readonly global: boolean;
}

/** The results of an aggregate over a stream, as a table: a root, like a topic. */
export interface FoldedNode extends Named {
  readonly op: "folded";
  /** Id of the aggregate among the topology's streams. */
  readonly stream: number;
}

/** Rows for which the predicate holds (`filter`) or does not hold (`filterNot`); the others are absent. */
export interface FilterNode extends Named {
  readonly op: "filter" | "filterNot";
  readonly input: number;
  readonly predicate: (value: AnyRow, key: AnyKey) => boolean;
}

/** Each row replaced by what the mapper makes of it; the key stays. */
export interface MapValuesNode extends Named {
  readonly op: "mapValues";
  readonly input: number;
  readonly mapper: (value: AnyRow, key: AnyKey) => AnyRow;
}

/**
 * Rows of which now < time + duration; the others are absent, and rows become absent when their time comes, without any
 * record. A row without a time (null) is there for ever.
 */
export interface ExpireAfterNode extends Named {
  readonly op: "expireAfter";
  readonly input: number;
  readonly time: RowTime;
  readonly durationUs: number;
}

/** Where a row's time is: in a column, or what a function makes of the row. Microseconds since the epoch, or null. */
export type RowTime = string | ((value: AnyRow, key: AnyKey) => unknown);

/** Foreign-key join: the right row whose key is `foreignKey(left)`, under the column `column`. */
export interface ForeignKeyJoinNode extends Named {
  readonly op: "foreignKeyJoin";
  readonly kind: "inner" | "left";
  readonly input: number;
  readonly right: number;
  readonly column: string;
  readonly foreignKey: (value: AnyRow, key: AnyKey) => unknown;
}

/**
 * Join of two tables on the same key. For an outer join both sides stand under a column; else only the right one does.
 */
export interface KeyJoinNode extends Named {
  readonly op: "keyJoin";
  readonly kind: "inner" | "left" | "outer";
  readonly input: number;
  readonly right: number;
  readonly column: string;
  readonly leftColumn: string | null;
}

/** Rows of two tables with the same key; of a key that both have at the same time there is no row. */
export interface UnionNode extends Named {
  readonly op: "union";
  readonly input: number;
  readonly right: number;
}

/** Rows grouped by `groupBy(row)` (null: in no group) and added up; a table keyed by the group's columns. */
export interface AggregateNode extends Named {
  readonly op: "aggregate";
  readonly input: number;
  readonly groupBy: (value: AnyRow, key: AnyKey) => Readonly<Record<string, unknown>> | null;
  readonly aggregates: Readonly<Record<string, AggregateSpec>>;
}

/**
 * Each row under another key: the columns of `selector(row)`, sorted by name (null: the row is left out). A table has
 * one row for each key: rows that have one key at the same time are all absent, as long as they are several.
 */
export interface RekeyNode extends Named {
  readonly op: "selectKey";
  readonly input: number;
  readonly selector: (value: AnyRow, key: AnyKey) => Readonly<Record<string, unknown>> | null;
}

/**
 * Each row replaced by its parts, whose key is the row's key with one column more. A row of which two parts have one
 * key, or that has more than `most`, is absent with all of its parts.
 */
export interface PartsNode extends Named {
  readonly op: "flatMapValues";
  readonly input: number;
  readonly mapper: (value: AnyRow, key: AnyKey) => readonly AnyRow[];
  readonly part: PartColumn;
  readonly most: number;
}

/** The column that tells the parts of a row apart. */
export interface PartColumn {
  readonly column: string;
  /** It is the place in the list, from 0; else a column that the parts have. */
  readonly counted: boolean;
}

/** Rows shown in a ClickHouse table. */
export interface SinkNode extends Named {
  readonly op: "sink";
  readonly input: number;
  readonly sink: SinkSpec;
}

/**
 * One operator of a topology as plain data. Planner, describe(), runtime and oracle are readers of an array of these.
 */
export type LogicalNode =
  | SourceNode
  | FoldedNode
  | FilterNode
  | MapValuesNode
  | ExpireAfterNode
  | ForeignKeyJoinNode
  | KeyJoinNode
  | UnionNode
  | AggregateNode
  | RekeyNode
  | PartsNode
  | SinkNode;

/** Ids of the operators whose rows it takes: the left side first. */
export function inputsOf(node: LogicalNode): readonly number[] {
  if (node.op === "source" || node.op === "folded") return [];
  return "right" in node ? [node.input, node.right] : [node.input];
}

/** An operator whose rows have keys of their own, so that they are rows of other tasks than those of its input. */
export type GroupedNode = AggregateNode | RekeyNode | PartsNode;

/** Whether rows of this operator have another key than those of its input. */
export function isGrouped(node: LogicalNode): node is GroupedNode {
  return node.op === "aggregate" || node.op === "selectKey" || node.op === "flatMapValues";
}
