import type { ReadEvent } from "../../formats/change_reader.ts";
import { type EventReader, eventReader } from "../../formats/event_reader.ts";
import { headersOf } from "../../formats/message_headers.ts";
import type { RecordMetadata } from "../../dsl/events.ts";
import type { StreamPlan } from "../../plan/physical.ts";
import type { StatefulOperator, WhenIdle } from "../../processor/stateful/stateful.ts";
import type { LogRecord, Position } from "../../ports/log.ts";
import { DeserializationError } from "../../record/errors.ts";
import { originIn } from "../../record/event_origin.ts";
import { isForAnother, REPLAY_OF_ANOTHER } from "../../record/replay_header.ts";
import { taskId } from "../../record/task_id.ts";
import { shownValue } from "../../processor/shown_value.ts";
import { Flow, type StreamContext } from "./flow.ts";
import type { StreamBatch } from "./stream_batch.ts";
import type { TimeOrder } from "./time_order.ts";

/** What evaluates the records of one partition. */
export interface FlowTask {
  /** What is kept of the records taken; absent: nothing. */
  readonly elements?: StatefulOperator["elements"];
  /** What is to happen when no event comes for a while; null or absent: nothing. */
  readonly whenIdle?: WhenIdle | null;
  /** As {@link StatefulOperator.wallDueUs}. */
  readonly wallDueUs?: number | null;
  /** How many events were heard, for {@link FlowTask.whenIdle}: not every record is one. */
  readonly heard?: number;
  /** In which events wait for each other; absent: none does. */
  readonly order?: Pick<TimeOrder, "waits" | "held" | "waitsFor" | "isReady">;
  /** Evaluates the next record. @throws StreamBroken if the task must be begun anew before it */
  take(record: LogRecord, batch: StreamBatch): void;
  /** A part of the records was taken: the batch reaches to its end. */
  taken?(batch: StreamBatch): void;
  /** Nothing more comes into the batch. */
  sealed?(batch: StreamBatch): void;
}

/**
 * What one partition's events become, as a synchronous machine: records in; rows for append tables, and events for
 * stages, out. It keeps nothing of an event; the same records make the same rows, but for what a global table has for
 * them.
 */
export class StreamTask implements FlowTask {
  readonly #id: string;
  readonly #plan: StreamPlan;
  readonly #partition: number;
  readonly #context: StreamContext;
  readonly #reader: EventReader;
  readonly #flow: Flow;

  constructor(
    { plan, partition }: { readonly plan: StreamPlan; readonly partition: number },
    context: StreamContext,
  ) {
    this.#id = taskId(plan.name, partition);
    this.#plan = plan;
    this.#partition = partition;
    this.#context = context;
    this.#reader = eventReader(plan.source);
    this.#flow = new Flow({ id: this.#id, plan }, context);
  }

  /** As {@link FlowTask.take}. */
  take(record: LogRecord, batch: StreamBatch): void {
    const { topic } = this.#plan.source;
    const { offset, timestampMs } = record;
    if (isForAnother(record.headers, { topology: this.#context.topology, stream: this.#plan.name })) {
      return this.#context.onSkipped(this.#plan.name, REPLAY_OF_ANOTHER);
    }
    const place: Position = { topic, partition: this.#partition, offset };
    try {
      const read = this.#reader.read(record);
      if (read.kind === "skip") return this.#context.onSkipped(this.#plan.name, read.reason);
      const { key, value } = read;
      const plain = { ...place, timestampUs: timestampMs * 1_000, headers: headersOf(record) };
      if (batch.sourceMs === 0) batch.sourceMs = timestampMs;
      const metadata = this.#timed(read, plain);
      batch.timeUs = Math.max(batch.timeUs, metadata.timestampUs);
      this.#flow.at(batch, place, { via: this.#plan.source.dropsRepeats ? originIn(plain.headers) : null });
      this.#flow.run({ value, key, metadata });
    } catch (error) {
      if (!(error instanceof DeserializationError)) throw error;
      this.#context.letters.undecodable({ task: this.#id, position: place, record }, error);
    }
  }

  /** @throws DeserializationError for an event without a time */
  #timed({ value, timestampUs: ownUs }: ReadEvent, plain: RecordMetadata): RecordMetadata {
    const { time, name } = this.#plan.source;
    if (time === null) return ownUs === null ? plain : { ...plain, timestampUs: ownUs };
    let timestampUs: unknown;
    try {
      timestampUs = time(value as never, plain);
    } catch (cause) {
      throw new DeserializationError("time_threw", `Cannot tell the time of a record of "${name}": ${cause}`, {
        cause,
      });
    }
    if (typeof timestampUs === "number" && Number.isSafeInteger(timestampUs)) return { ...plain, timestampUs };
    throw new DeserializationError(
      "bad_time",
      `Cannot tell the time of a record of "${name}": current value is ${shownTime(timestampUs)}. Return ` +
        "integer microseconds since the epoch",
    );
  }
}

/** With its type where that is what is wrong with it. */
function shownTime(value: unknown): string {
  const text = shownValue(value);
  if (typeof value === "bigint") return `the bigint ${text}: Number(...) makes a number of it`;
  return typeof value === "string" ? `the text "${text}": Number(...), or Date.parse(...) * 1000` : text;
}
