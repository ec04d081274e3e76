import type { PlannedSpec } from "../dsl/aggregate_spec.ts";
import type { AnyKey, AnyRow, FilterNode, MapValuesNode, PartColumn, RowTime } from "../dsl/logical.ts";
import type { EventSpec } from "../dsl/events.ts";
import type { SourceSpec } from "../dsl/source.ts";
import type { OutputNode, StatefulNode, StreamNode, TableResultNode } from "../dsl/stream_nodes.ts";
import type { RegisterPlace } from "./register_place.ts";
import type { AppendTableSpec, TableSpec } from "../ports/warehouse.ts";
import type { KeyColumn } from "../record/key_column.ts";

/**
 * The physical plan: which tasks there are and what one row's program is. Plain data but for the callbacks.
 *
 * A program is an array of steps; a step's position is its register, and inputs come before. Registers hold UNKNOWN,
 * null (absent) or a row.
 */
export type Step =
  /** The row of one of the table's members under the entry's key. */
  | { readonly kind: "member"; readonly name: string; readonly member: number }
  | {
    readonly kind: "filter";
    readonly name: string;
    readonly input: number;
    readonly predicate: (value: AnyRow, key: AnyKey) => boolean;
  }
  | {
    readonly kind: "map";
    readonly name: string;
    readonly input: number;
    readonly mapper: (value: AnyRow, key: AnyKey) => AnyRow;
  }
  /** The input while now < time + duration. */
  | {
    readonly kind: "expire";
    readonly name: string;
    readonly input: number;
    readonly time: RowTime;
    readonly durationUs: number;
  }
  /** Foreign-key join. `foreignKey` null: the row's own key. */
  | {
    readonly kind: "lookup";
    readonly name: string;
    readonly input: number;
    readonly column: string;
    readonly inner: boolean;
    readonly lookup: number;
    readonly foreignKey: ((value: AnyRow, key: AnyKey) => unknown) | null;
  }
  /** Same-key join of two registers of this very program. */
  | {
    readonly kind: "pair";
    readonly name: string;
    readonly mode: "inner" | "left" | "outer";
    readonly left: number;
    readonly right: number;
    readonly column: string;
    readonly leftColumn: string | null;
  }
  /** The row of whichever of two registers has one. */
  | { readonly kind: "union"; readonly name: string; readonly left: number; readonly right: number };

/**
 * One table whose rows a program reads: a topic, the results of an aggregate over a stream, which are a topic that Weir
 * writes itself, or the totals of an aggregate that is used further.
 */
export type Member =
  | { readonly kind: "source"; readonly name: string; readonly source: SourceSpec }
  | { readonly kind: "folded"; readonly name: string; readonly topic: string; readonly node: TableResultNode }
  /** `home`: index of the table whose rows are added up; each of its tasks sends its shares. */
  | { readonly kind: "merge"; readonly name: string; readonly aggregate: AggregatePlan; readonly home: number };

/** Right side of a join, looked up by foreign key. */
export interface LookupPlan {
  /** Name of the join. */
  readonly name: string;
  /** Replicated: a register of a global table. Subscribed: a register of a task table. */
  readonly global: boolean;
  /** Index into `globals` or `tables`. */
  readonly table: number;
  /** Register of that table's program. */
  readonly step: number;
  /** Key columns of the right table, in order; null: group columns, sorted by name. */
  readonly keyColumns: readonly KeyColumn[] | null;
}

/** A register that homes of other tables (or of this one) subscribe to. */
export interface ServePlan {
  /** Name of the join that looks it up. */
  readonly name: string;
  readonly step: number;
  /** Index of the table whose homes subscribe. */
  readonly home: number;
}

export interface SinkPlan {
  readonly name: string;
  readonly table: TableSpec;
  /** For each of the table's key columns in order: which part of the row key it carries. */
  readonly keyOrder: readonly number[];
  /**
   * True when the row key is made of group columns (sorted by name), so that key columns keep the group columns' names.
   */
  readonly byName: boolean;
}

/** A sink that takes the rows of a register. */
export interface RowSinkPlan extends SinkPlan {
  readonly step: number;
}

export interface AggregatePlan {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly spec: PlannedSpec }[];
}

/** Which groups a row is in: one at most, or one for each of its parts, which it shares with no other row. */
export type Grouping =
  | {
    readonly kind: "group";
    readonly groupBy: (value: AnyRow, key: AnyKey) => Readonly<Record<string, unknown>> | null;
  }
  | PartsPlan;

/** The parts of a row: see `PartsNode`. */
export interface PartsPlan {
  readonly kind: "parts";
  readonly mapper: (value: AnyRow, key: AnyKey) => readonly AnyRow[];
  readonly part: PartColumn;
  readonly most: number;
}

/** Rows of one register added up per group. */
export interface GroupPlan {
  readonly name: string;
  readonly step: number;
  readonly grouping: Grouping;
  readonly aggregate: AggregatePlan;
  /** Shares go straight to ClickHouse, or to the tasks of a merge table, or both ways never. */
  readonly sink: SinkPlan | null;
  /** Index of the merge table and of its member. */
  readonly merge: { readonly table: number; readonly member: number } | null;
}

/** One kind of task: one task for each partition. Home, server and merge roles follow from what is filled in. */
export interface TaskTable {
  readonly index: number;
  /** Name of the first member. */
  readonly name: string;
  /** All sources, all results of streams, or all merges. */
  readonly members: readonly Member[];
  /** Columns of the row key in order; null: group columns, sorted by name. */
  readonly keyColumns: readonly KeyColumn[] | null;
  readonly steps: readonly Step[];
  readonly lookups: readonly LookupPlan[];
  readonly sinks: readonly RowSinkPlan[];
  readonly groups: readonly GroupPlan[];
  readonly serves: readonly ServePlan[];
}

/** A table whole on every instance, with its own program over other global tables. */
export interface GlobalTable {
  readonly index: number;
  readonly name: string;
  readonly source: SourceSpec;
  readonly keyColumns: readonly KeyColumn[];
  readonly steps: readonly Step[];
  readonly lookups: readonly LookupPlan[];
}

/** A table that events are added to. */
export interface AppendPlan {
  readonly name: string;
  readonly table: AppendTableSpec;
}

/** A topic that events are written to. */
export interface OutputPlan {
  /** Name of the operator, which is that of the topic. */
  readonly topic: string;
  readonly node: OutputNode;
}

/** Events written anew by group, for one input of a stage. */
export interface ShufflePlan {
  /** Index into `stages`. */
  readonly stage: number;
  /** Which of the inputs of its operator. */
  readonly input: number;
  /** Id of the operator whose events these are. */
  readonly from: number;
}

/** What happens with events, wherever they come from. */
export interface EventFlow {
  /** The operators that they reach, inputs before outputs; a stateful one that they go to is none of them. */
  readonly nodes: readonly StreamNode[];
  /** Of the joins among them. */
  readonly lookups: readonly LookupPlan[];
  readonly sinks: readonly AppendPlan[];
  readonly outputs: readonly OutputPlan[];
  readonly shuffles: readonly ShufflePlan[];
}

/** A topic of events, and what happens with each: one task for each partition. */
export interface StreamPlan extends EventFlow {
  readonly index: number;
  /** `stream.` and the name of the source. */
  readonly name: string;
  readonly source: EventSpec;
  /** Set if its records are the changes of a table, which stages take. */
  readonly changes?: TableChanges;
}

/** The changes of a table's topic, for joins of streams with the table. */
export interface TableChanges {
  readonly source: SourceSpec;
  readonly keyColumns: readonly KeyColumn[];
  readonly into: readonly {
    readonly shuffle: ShufflePlan;
    /** What the table is made of its topic's rows by, in order. */
    readonly steps: readonly (FilterNode | MapValuesNode)[];
  }[];
}

/**
 * A stateful operator of streams, and what happens with what it forwards: one task for each partition of the topic in
 * which its inputs are written anew by group.
 */
export interface StagePlan extends EventFlow {
  readonly index: number;
  /** `stage.` and the name of the operator, which is the first of the nodes. */
  readonly name: string;
  readonly node: StatefulNode;
  /** Topic of its inputs. */
  readonly repartition: string;
  /** Topic of what it keeps. */
  readonly changelog: string;
}

export interface PhysicalPlan {
  readonly topology: string;
  readonly tables: readonly TaskTable[];
  readonly globals: readonly GlobalTable[];
  readonly streams: readonly StreamPlan[];
  readonly stages: readonly StagePlan[];
  /** By id of the topology's operators of tables. */
  readonly registers: readonly (RegisterPlace | null)[];
}
