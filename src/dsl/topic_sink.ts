import type { z } from "zod";
import { keyColumnOf } from "../formats/key_form.ts";
import type { RecordHeaders } from "../record/headers.ts";
import type { KeyColumn } from "../record/key_column.ts";
import type { EventCallback, KeySchema } from "./events.ts";
import type { ColumnShape, ParsedRow, RowSchema } from "./source.ts";
import { type Duration, durationUs } from "./time.ts";

/** The plain data of a topic that events or rows are written to. */
export interface TopicSpec {
  /** Name of the topic. */
  readonly topic: string;
  /** How keys are written. */
  readonly key: "text" | "json" | "bytes";
  /** Whether the declaration says how keys are written: rows of tables have keys as Debezium writes them otherwise. */
  readonly keyDeclared: boolean;
  /** @ignore The columns that `z.object` declares of keys; null: it says nothing of columns. */
  readonly keyColumns: readonly KeyColumn[] | null;
  /** How values are written. */
  readonly value: "text" | "json" | "bytes";
  /** Columns of a JSON object that are written, in this order; null: all that it has, in its own. */
  readonly columns: readonly string[] | null;
  /** Of the topic, if it must be made; null: as many as the widest of the topics that are read. */
  readonly partitions: number | null;
  /** Of the topic, if it must be made for events: milliseconds, -1 keeps for ever. */
  readonly retentionMs: number;
  /** How often a consumer finds each event. */
  readonly guarantee: Guarantee;
  /** @ignore The topology itself reads it, as changes of a table. */
  readonly changes?: true;
}

/** How often a consumer of a topic finds each event, whatever was killed, delayed or taken over. */
export type Guarantee = "at_least_once" | "exactly_once";

/** A topic that every event of a stream, or the rows of a table, are written to. Takes keys `K` and values `V`. */
export interface TopicSink<in K, in V> {
  /** @ignore Carries a type. */
  readonly "~takes"?: (key: K, value: V) => void;
  /** Tells the compiler the kinds of sinks apart; never set. */
  readonly "~topic"?: true;
  /** The sink as plain data. */
  readonly spec: TopicSpec;
}

/** What is said where a stream is written to a topic. */
export interface OutputOptions<K, V> {
  /** Headers of an event's record, beside `weir-origin`; null: a header without a value. */
  readonly headers?: EventCallback<K, V, RecordHeaders>;
}

/** @ignore How keys are written. */
export type WrittenKeyForm = "text" | "json" | "bytes" | KeySchema;

/** @ignore What is written so. */
export type WrittenKey<F extends WrittenKeyForm> = F extends KeySchema ? z.output<F>
  : F extends "bytes" ? Uint8Array
  : F extends "json" ? unknown
  : string;

/** @ignore What all topics that are written may say. */
export interface CommonTopicOptions<F extends WrittenKeyForm> {
  /**
   * How keys are written: `"text"` (of events the default), `"bytes"`, `"json"`, or as JSON of the type that a schema
   * has. A key that is null is none. The partition is that of the key, by Kafka's default partitioner; of an event
   * without a key it follows the partition that the event comes from.
   *
   * Of tables: without it an object of the table's key columns, as Debezium writes it (`{"id":17}`). `z.object({...})`
   * names the columns, in the table's order; where the key is a group's, it names the group's columns, and is needed.
   * `"json"`: of one column its value alone (`17`). `"text"`: of one column its text alone.
   */
  readonly key?: F;
  /** Partitions of the topic if it must be made; default: as many as the widest topic that the topology reads. */
  readonly partitions?: number;
  /** How long the topic keeps events, if it must be made. Default: 7 days. Rows are kept for ever. */
  readonly retention?: Duration | "forever";
  /**
   * `"at_least_once"`, the default: after a crash events may be there again, with the same header `weir-origin`.
   * `"exactly_once"`: a consumer that reads committed records alone (`isolation.level=read_committed`) finds each event
   * once. Kafka commits records and position in one transaction for each batch, which costs time (README has figures);
   * needs Kafka 2.5, and the right to use transactional ids that begin with `weir.`. Not for rows of tables: of a key
   * the last record counts, and one that comes again says the same.
   */
  readonly guarantee?: Guarantee;
}

/** Options of {@link topic} for JSON objects of declared columns. */
export interface RowTopicOptions<S extends ColumnShape, F extends WrittenKeyForm> extends CommonTopicOptions<F> {
  /** Columns that are written, in this order; others are left out. */
  readonly row: RowSchema<S>;
}

/** Options of {@link topic} for texts and bytes. */
export interface PlainTopicOptions<T extends "text" | "bytes", F extends WrittenKeyForm> extends CommonTopicOptions<F> {
  /** Values are texts, or bytes, as they are; a text with half of a character (a lone surrogate) is a dead letter. */
  readonly value: T;
}

const RETENTION_MS = 7 * 86_400_000;

/**
 * Declares a topic as a sink of streams, or of a table. Values are JSON: integers with all their digits, decimals as
 * texts of theirs (`"12.50"`), columns that are undefined left out. It is made if it is not there.
 *
 * @example const bigOrders = topic("shop.big_orders", { row: z.object({ id: int8(), total: numeric(12, 2) }) });
 */
export function topic<S extends ColumnShape, F extends WrittenKeyForm = "text">(
  name: string,
  options: RowTopicOptions<S, F>,
): TopicSink<WrittenKey<F> | null, ParsedRow<S> | null>;
/** Declares a topic of texts or bytes. */
export function topic<T extends "text" | "bytes", F extends WrittenKeyForm = "text">(
  name: string,
  options: PlainTopicOptions<T, F>,
): TopicSink<WrittenKey<F> | null, (T extends "text" ? string : Uint8Array) | null>;
/** Declares a topic of JSON of any form. */
export function topic<F extends WrittenKeyForm = "text">(
  name: string,
  options?: CommonTopicOptions<F> & { readonly row?: undefined; readonly value?: undefined },
): TopicSink<WrittenKey<F> | null, unknown>;
export function topic(
  name: string,
  { key, row, value = "json", partitions, retention, guarantee = "at_least_once" }:
    & CommonTopicOptions<WrittenKeyForm>
    & {
      readonly row?: RowSchema;
      readonly value?: TopicSpec["value"];
    } = {},
): TopicSink<never, never> {
  const keptMs = typeof retention === "object" ? Math.ceil(durationUs(retention) / 1_000) : null;
  return {
    spec: {
      topic: name,
      key: typeof key === "object" ? "json" : key ?? "text",
      keyDeclared: key !== undefined,
      keyColumns: keyColumnsIn(key),
      value,
      columns: row === undefined ? null : Object.keys(row.shape),
      partitions: partitions ?? null,
      retentionMs: keptMs ?? (retention === "forever" ? -1 : RETENTION_MS),
      guarantee,
    },
  };
}

function keyColumnsIn(key: WrittenKeyForm | undefined): KeyColumn[] | null {
  const { shape } = (typeof key === "object" ? key : {}) as { readonly shape?: ColumnShape };
  return shape === undefined
    ? null
    : Object.entries(shape).map(([name, schema]) => keyColumnOf(name, { schema: schema as z.core.$ZodType }));
}

/** What is wrong with a topic as a sink of a table, besides {@link topicProblems}. */
export function tableTopicProblems({ topic, key, value, guarantee }: TopicSpec): string[] {
  const problems: string[] = [];
  if (guarantee !== "at_least_once") {
    problems.push(
      `Cannot write rows of a table to topic "${topic}" with guarantee "${guarantee}": of a key the last record ` +
        "counts, and one that comes again says the same, so nothing is counted twice. Leave guarantee out",
    );
  }
  if (key === "bytes") {
    problems.push(`Cannot write keys of a table to topic "${topic}" as bytes: use "json", "text" or z.object({...})`);
  }
  if (value !== "json") {
    problems.push(`Cannot write rows of a table to topic "${topic}" as ${value}: they are JSON. Leave value out`);
  }
  return problems;
}

/** What is wrong with a topic as a sink. `read`: topics that the topology reads. */
export function topicProblems(
  { topic, partitions, retentionMs, guarantee }: TopicSpec,
  { read }: { readonly read: ReadonlySet<string> },
): string[] {
  const problems: string[] = [];
  if (!/^[A-Za-z0-9._-]{1,249}$/.test(topic) || topic === "." || topic === "..") {
    problems.push(`Cannot use "${topic}" as a topic: use at most 249 letters, digits, ".", "_" and "-"`);
  }
  if (topic.startsWith("weir.")) {
    problems.push(`Cannot write to topic "${topic}": names that begin with "weir." are those of internal topics`);
  }
  if (read.has(topic)) {
    problems.push(
      `Cannot write to topic "${topic}", which the topology reads: events would come round. Write to another topic, ` +
        "or process them without one: repartition(...)",
    );
  }
  if (partitions !== null && !(Number.isInteger(partitions) && partitions > 0)) {
    problems.push(`Cannot make topic "${topic}" with ${partitions} partitions: use an integer from 1 on`);
  }
  if (guarantee !== "at_least_once" && guarantee !== "exactly_once") {
    problems.push(
      `Cannot write to topic "${topic}" with guarantee "${guarantee}": use "at_least_once" or "exactly_once"`,
    );
  }
  if (retentionMs === 0) problems.push(`Cannot keep records of topic "${topic}" for no time: leave retention out`);
  return problems;
}
