import type { LogicalNode } from "../dsl/logical.ts";

/** A topology as plain JSON: what runs where, what it keeps, and what it costs. Names only, no callbacks. */
export interface TopologyDescription {
  readonly topology: string;
  readonly sources: readonly SourceDescription[];
  readonly operators: readonly OperatorDescription[];
  readonly streams: readonly StreamDescription[];
  readonly stages: readonly StageDescription[];
  readonly tasks: readonly TaskDescription[];
  readonly globals: readonly GlobalDescription[];
  readonly sinks: readonly SinkDescription[];
  readonly outputs: readonly OutputDescription[];
  /** What one change of a source row causes, at most. */
  readonly costs: readonly CostDescription[];
}

export interface SourceDescription {
  readonly name: string;
  readonly topic: string;
  readonly kind: "table" | "globalTable";
  readonly key: readonly string[];
  /** Columns that are read and kept, key columns included. */
  readonly columns: readonly string[];
  /** Those that people are not shown, also of records, which have more than what is read. Absent: none. */
  readonly masked?: readonly string[];
}

export interface OperatorDescription {
  readonly id: number;
  readonly name: string;
  readonly op: LogicalNode["op"];
  /** Ids of the operators whose rows it takes: the left side first. */
  readonly inputs: readonly number[];
  /** Where its rows are evaluated: the tasks of a table, or every instance for a global one. */
  readonly runsAt: string;
  /** A join's kind. */
  readonly kind?: "inner" | "left" | "outer";
  /**
   * How a join finds its partner. Subscribed: right rows travel to the tasks that need them; replicated: every instance
   * has them; copartitioned: the same task holds both sides.
   */
  readonly partner?: "subscribed" | "replicated" | "copartitioned";
  /** When rows expire: `placed_at + 30 d`; `row time + 12 h` where a function gives the time. */
  readonly expires?: string;
  /** What tells the parts of a row apart: `sku`; `line, the position`. */
  readonly part?: string;
  /** An aggregate's totals: `revenue = sum`. */
  readonly totals?: readonly string[];
}

/** A topic of events, and what happens with each of them; there is one task for each partition. */
export interface StreamDescription {
  /** Names its tasks. */
  readonly name: string;
  readonly topic: string;
  readonly key: "text" | "bytes" | "json" | "primary key";
  /** `change`: of a Debezium topic, with the row before and after. */
  readonly value: "text" | "bytes" | "json" | "change";
  /** Columns that are read of a JSON object, or of the rows of a change; null: values are texts or bytes. */
  readonly columns: readonly string[] | null;
  /** Those that people are not shown; `true`: nothing of a value. Absent: none. */
  readonly masked?: true | readonly string[];
  /** Nor are they shown the key. Absent: they are. */
  readonly keyMasked?: true;
  /** Where a topology begins that has never read the topic. */
  readonly begins: "earliest" | "latest";
  /** In the order in which events run through them; the first one is the topic itself. */
  readonly operators: readonly StreamOperatorDescription[];
}

/** A stateful operator of streams, and what happens with its results; there is one task for each partition. */
export interface StageDescription {
  /** Names its tasks. */
  readonly name: string;
  /** Topic in which its inputs are written anew by group. */
  readonly repartition: string;
  /** Topic of what it keeps. */
  readonly changelog: string;
  /** Names of the operators whose events it takes. */
  readonly inputs: readonly string[];
  /** What it does: `count = count, in windows of 10 s, grace 1 s, told when they close`. */
  readonly does: string;
  /** In the order in which results run through them; the first one is the stateful operator itself. */
  readonly operators: readonly StreamOperatorDescription[];
}

/** One operator of a stream. */
export interface StreamOperatorDescription {
  readonly id: number;
  readonly name: string;
  readonly op: string;
  /** Ids of the operators of this stream whose events it takes. */
  readonly inputs: readonly number[];
  /** A join's kind, and the id of the table's operator that it looks up. */
  readonly kind?: "inner" | "left";
  readonly right?: number;
}

/** One kind of task; there is one for each partition of its table. */
export interface TaskDescription {
  readonly table: string;
  /** What it reads: topics, or aggregates whose shares it adds up. */
  readonly reads: readonly string[];
  readonly keyedBy: readonly string[] | "the group";
  readonly roles: readonly ("home" | "server" | "merge")[];
  /** With `<generation>` for the configured one. */
  readonly inbox: string;
  readonly stores: readonly StoreDescription[];
}

/** A class of rows held in memory. */
export interface StoreDescription {
  readonly name: string;
  /** One entry for each of these. */
  readonly entryFor: string;
  /** Estimated bytes of one entry, texts and decimals apart. */
  readonly bytesPerEntry: number;
}

export interface GlobalDescription {
  readonly table: string;
  readonly topic: string;
  readonly joins: readonly string[];
  readonly store: StoreDescription;
}

export interface SinkDescription {
  /** The view that people query. */
  readonly name: string;
  readonly table: string;
  readonly key: readonly string[];
  /** Of the view, with their declared types. */
  readonly columns: readonly string[];
  /** Those that people are not shown by Weir, since masked ones went into them. Absent: none. */
  readonly masked?: readonly string[];
  readonly from: string;
  /**
   * Rows: one for each key. Shares: one for each key and task, which the view adds up. Events: each is added once, and
   * `key` is what they are sorted by.
   */
  readonly holds: "rows" | "shares" | "events";
}

/** A topic that events, or the rows of a table, are written to. */
export interface OutputDescription {
  readonly topic: string;
  /** Events: each is a record. Rows: the newest record of each key is its row. */
  readonly holds: "events" | "rows";
  /** Names of the operators whose events or rows these are. */
  readonly from: readonly string[];
  readonly key: "text" | "json" | "bytes";
  readonly value: "text" | "json" | "bytes";
  /** Columns that are written; null: all that there are. */
  readonly columns: readonly string[] | null;
  /** How often a consumer that reads committed records finds each record. */
  readonly guarantee: "at_least_once" | "exactly_once";
}

export interface CostDescription {
  /** The source whose row changes. */
  readonly source: string;
  /** One line for each kind of message between tasks; none: no messages. */
  readonly messages: readonly string[];
  /** One line for each sink that is written to. */
  readonly writes: readonly string[];
}
