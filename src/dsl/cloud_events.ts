import { z } from "zod";
import { timestamptz } from "../formats/columns.ts";
import { EventSource, type KeyForm, type KeyIn, type RecordMetadata } from "./events.ts";
import type { ColumnShape, ParsedRow, RowSchema } from "./source.ts";

/** A CloudEvent 1.0 whose data is JSON. */
export interface CloudEvent<D> {
  /** With `source`, the same for no other event. */
  readonly id: string;
  /** Where it happened: a URI reference. */
  readonly source: string;
  /** What happened. */
  readonly type: string;
  /** Of CloudEvents: `1.0`. */
  readonly specversion: string;
  /** Of what of the source it is; null if absent. */
  readonly subject: string | null;
  /** Microseconds since the epoch. */
  readonly time: number | null;
  /** What the event says. */
  readonly data: D;
}

/** Options of {@link cloudEvents}. */
export interface CloudEventOptions<S extends ColumnShape, X extends ColumnShape, F extends KeyForm> {
  /** Columns of the event's data to read. Others are ignored; a missing or mistyped one makes a dead letter. */
  readonly data: RowSchema<S>;
  /** Extension attributes to read, which are texts in binary mode: `z.object({ traceparent: z.string() })`. */
  readonly extensions?: RowSchema<X>;
  /** How keys are read, as those of `events`. */
  readonly key?: F;
  /** Names the stream in operators and metrics; default: the last part of the topic. */
  readonly name?: string;
  /** Where a topology begins that has never read the topic. Default: at its first record. */
  readonly from?: "earliest" | "latest";
  /** The event is not shown to people. */
  readonly mask?: true;
  /** Nor is its key. */
  readonly maskKey?: true;
}

/**
 * Declares a topic of CloudEvents as events: in binary mode (attributes in headers `ce_...`, the data as the value) and
 * in structured mode (`application/cloudevents+json`), also mixed. The time of an event is its attribute `time`, else
 * the record's timestamp. Data that is no JSON, and batches, are dead letters (`not_an_event`).
 *
 * @example const orders = cloudEvents("shop.orders", { data: z.object({ id: int8(), total: numeric(12, 2) }) });
 */
export function cloudEvents<
  S extends ColumnShape,
  X extends ColumnShape = Record<never, never>,
  F extends KeyForm = "text",
>(
  topic: string,
  options: CloudEventOptions<S, X, F>,
): EventSource<KeyIn<F> | null, CloudEvent<ParsedRow<S>> & ParsedRow<X>> {
  const { data, extensions, key = "text", from = "earliest", mask, maskKey } = options;
  const row = z.object({
    ...extensions?.shape,
    ...{ id: z.string(), source: z.string(), type: z.string(), specversion: z.string() },
    subject: z.string().nullable().default(null),
    time: timestamptz().nullable().default(null),
    data,
  });
  return new EventSource({
    name: options.name ?? topic.slice(topic.lastIndexOf(".") + 1),
    topic,
    key,
    value: row as unknown as RowSchema,
    time: (value: CloudEvent<unknown>, { timestampUs }: RecordMetadata) => value.time ?? timestampUs,
    from,
    nullValues: false,
    dropsRepeats: false,
    changes: null,
    cloudEvents: true,
    ...mask === true ? { mask } : {},
    ...maskKey === true ? { maskKey } : {},
  });
}
