import type { z } from "zod";
import type { RecordHeaders } from "../record/headers.ts";
import {
  type ColumnShape,
  masking,
  type ParsedRow,
  type RegistryUse,
  type RowSchema,
  type SourceSpec,
} from "./source.ts";

/** What is known of a record beside its key and its value. */
export interface RecordMetadata {
  /** Name of the topic. */
  readonly topic: string;
  /** Of the topic. */
  readonly partition: number;
  /** Within the partition. */
  readonly offset: number;
  /** Microseconds since the epoch: what the source's `time` gives, else the record's own timestamp. */
  readonly timestampUs: number;
  /**
   * The record's headers as texts, by name: of several of one name the last one, null for one without a value, U+FFFD
   * for what is no UTF-8. Behind aggregates, joins and processors those of the event that caused this one; none, where
   * time did without an event, and of changes of a table.
   */
  readonly headers: RecordHeaders;
}

/** What a stream's callbacks see, and must not change: the event's value, its key, and where it comes from. */
export type EventCallback<K, V, R> = (value: Readonly<V>, key: Readonly<K>, metadata: RecordMetadata) => R;

/** @ignore A schema of keys. */
export type KeySchema<K = unknown> = z.ZodType<K, unknown>;

/** @ignore How keys of events are read. */
export type KeyForm = "text" | "bytes" | KeySchema;

/** @ignore What is read so. */
export type KeyIn<F extends KeyForm> = F extends KeySchema ? z.output<F> : F extends "bytes" ? Uint8Array : string;

/** The plain data of a topic of events, as planner and runtime see it. */
export interface EventSpec {
  /** Last part of the topic unless named otherwise; the root of operator names. */
  readonly name: string;
  /** Name of the topic. */
  readonly topic: string;
  /** How keys are read: as text, as bytes, or as the JSON that a schema takes. */
  readonly key: KeyForm;
  /** How values are read: as text, as bytes, or as JSON objects of these columns. */
  readonly value: "text" | "bytes" | RowSchema;
  /** The time of an event in microseconds since the epoch; null: the record's timestamp. */
  readonly time: ((value: never, metadata: RecordMetadata) => number) | null;
  /** Where a topology begins that has never read the topic. */
  readonly from: "earliest" | "latest";
  /** A record without a value is an event of the value null; else it is passed over. */
  readonly nullValues: boolean;
  /** Stages drop records that a topology has written once more. */
  readonly dropsRepeats: boolean;
  /** Set if the topic is one of Debezium's, and the events are its changes. `before`: these have the row before. */
  readonly changes: { readonly source: SourceSpec; readonly before: boolean } | null;
  /** What of the records is written through a schema registry; absent: nothing, or it is the table's, of changes. */
  readonly registry?: RegistryUse;
  /** Columns of the value that people are not shown; `true`: nothing of it. */
  readonly mask?: true | readonly string[];
  /** Nor is the key. */
  readonly maskKey?: true;
  /** Records are CloudEvents, of which headers may be attributes. */
  readonly cloudEvents?: true;
  /** The topology writes the topic itself: the changes of one of its tables. */
  readonly internal?: true;
}

/** A topic of events: a stream by nature. `K` is the type of its keys, `V` that of its values. */
export class EventSource<K, V> {
  /** @ignore Carries a type. */
  declare readonly "~key": K;
  /** @ignore Carries a type. */
  declare readonly "~value": V;

  /** @ignore Made by {@link events}. */
  constructor(readonly spec: EventSpec) {}
}

/** @ignore The value null, if records without a value are events. */
export type NullIf<N extends boolean> = N extends true ? null : never;

/** @ignore What all topics of events may say. */
export interface CommonEventOptions<F extends KeyForm, N extends boolean> {
  /**
   * How keys are read: `"text"` (the default) as UTF-8, `"bytes"` as they are, or a schema of JSON, as `int8()` or
   * `z.object({...})`. A record without a key has the key null.
   */
  readonly key?: F;
  /** Names the stream in operators and metrics; default: the last part of the topic. */
  readonly name?: string;
  /** Where a topology begins that has never read the topic: at its first record (the default), or behind its last. */
  readonly from?: "earliest" | "latest";
  /**
   * Whether a record without a value is an event, too, of the value null. Default: no, it is passed over and counted
   * (`weir_source_records_skipped_total`).
   */
  readonly nullValues?: N;
  /**
   * Of a topic that a topology writes with `stream.to(topic(...))`, and nobody else: records that came before, by their
   * header `weir-origin`, count once for whatever keeps something: aggregates, windows, joins of streams, processors,
   * `toTable`, and `repartition`, behind which each event is there once. Not for programs that pass headers on with
   * records of their own.
   */
  readonly repeats?: "drop";
  /**
   * Set if the producer writes through a schema registry (Avro, JSON Schema or Protobuf): `"all"` if keys and values,
   * `"values"` if keys are not. Values are read as the JSON objects that they stand for, a key of one text as that
   * text.
   */
  readonly registry?: RegistryUse;
  /** Keys are not shown to people: see `mask`. */
  readonly maskKey?: true;
}

/** Options of {@link events} for JSON objects. */
export interface JsonEventOptions<S extends ColumnShape, F extends KeyForm, N extends boolean>
  extends CommonEventOptions<F, N> {
  /** Columns to read. Others are ignored; a missing or mistyped one sends the record to the dead letters. */
  readonly row: RowSchema<S>;
  /**
   * Columns whose values people are not shown, as those of a {@link debezium} source, nor is what callbacks make of
   * them; of a key that is an object the columns of these names, too. `true`: nothing of the value is shown.
   */
  readonly mask?: true | readonly (keyof S & string)[];
  /** The time of an event, microseconds since the epoch; default: the record's timestamp. */
  readonly time?: (value: ParsedRow<S> | NullIf<N>, metadata: RecordMetadata) => number;
}

/** Options of {@link events} for texts. */
export interface TextEventOptions<F extends KeyForm, N extends boolean> extends CommonEventOptions<F, N> {
  /** Values are UTF-8 texts, as they are. */
  readonly text: true;
  /** Values are not shown to people. */
  readonly mask?: true;
  /** The time of an event, microseconds since the epoch; default: the record's timestamp. */
  readonly time?: (value: string | NullIf<N>, metadata: RecordMetadata) => number;
}

/** Options of {@link events} for bytes. */
export interface BytesEventOptions<F extends KeyForm, N extends boolean> extends CommonEventOptions<F, N> {
  /**
   * Values are bytes, as they are: of any other form, which a callback reads (`mapValues`). No other task can be told
   * bytes, so that comes before an operator that keeps something.
   */
  readonly bytes: true;
  /** Values are not shown to people. */
  readonly mask?: true;
  /** The time of an event, microseconds since the epoch; default: the record's timestamp. */
  readonly time?: (value: Uint8Array | NullIf<N>, metadata: RecordMetadata) => number;
}

/**
 * Declares a topic whose records are events: each stands for itself, and none replaces another. Values are JSON
 * objects, or texts or bytes as they are.
 *
 * @example const clicks = events("shop.clickstream", { row: z.object({ url: z.string(), user_id: int8() }) });
 */
export function events<S extends ColumnShape, F extends KeyForm = "text", N extends boolean = false>(
  topic: string,
  options: JsonEventOptions<S, F, N>,
): EventSource<KeyIn<F> | null, ParsedRow<S> | NullIf<N>>;
/** Declares a topic of texts. */
export function events<F extends KeyForm = "text", N extends boolean = false>(
  topic: string,
  options: TextEventOptions<F, N>,
): EventSource<KeyIn<F> | null, string | NullIf<N>>;
/** Declares a topic of bytes. */
export function events<F extends KeyForm = "text", N extends boolean = false>(
  topic: string,
  options: BytesEventOptions<F, N>,
): EventSource<KeyIn<F> | null, Uint8Array | NullIf<N>>;
export function events(
  topic: string,
  options: CommonEventOptions<KeyForm, boolean> & {
    row?: RowSchema;
    text?: true;
    bytes?: true;
    time?: unknown;
    mask?: true | readonly string[];
  },
): EventSource<unknown, unknown> {
  const name = options.name ?? topic.slice(topic.lastIndexOf(".") + 1);
  const { mask, row } = options;
  return new EventSource({
    name,
    topic,
    key: options.key ?? "text",
    value: options.row ?? (options.bytes === true ? "bytes" : "text"),
    time: (options.time ?? null) as EventSpec["time"],
    from: options.from ?? "earliest",
    nullValues: options.nullValues ?? false,
    dropsRepeats: options.repeats === "drop",
    changes: null,
    ...options.registry === undefined ? {} : { registry: options.registry },
    ...mask === true ? { mask } : row === undefined ? {} : masking(name, { row, mask }),
    ...options.maskKey === true ? { maskKey: true } : {},
  });
}
