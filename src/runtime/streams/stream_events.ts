import type { ReadEvent } from "../../formats/change_reader.ts";
import { type EventReader, eventReader } from "../../formats/event_reader.ts";
import { headersOf } from "../../formats/message_headers.ts";
import type { RecordMetadata } from "../../dsl/events.ts";
import type { StreamPlan } from "../../plan/physical.ts";
import type { LogRecord } from "../../ports/log.ts";
import { shownValue } from "../../processor/shown_value.ts";
import { DeserializationError } from "../../record/errors.ts";
import { type EventOrigin, originIn } from "../../record/event_origin.ts";
import { isForAnother, REPLAY_OF_ANOTHER } from "../../record/replay_header.ts";
import type { FlowEvent } from "./flow.ts";

/** A record as an event of a stream, or why it is none. `via`: where it says that it comes from, if repeats count. */
export type StreamEvent =
  | (FlowEvent & { readonly kind: "event"; readonly via: EventOrigin | null })
  | { readonly kind: "skip"; readonly reason: string };

/** Reads the records of a stream's topic as its events: a function of the record, whoever asks. */
export class StreamEvents {
  readonly #plan: StreamPlan;
  readonly #topology: string;
  readonly #reader: EventReader;

  constructor(plan: StreamPlan, topology: string) {
    this.#plan = plan;
    this.#topology = topology;
    this.#reader = eventReader(plan.source);
  }

  /** @throws DeserializationError for what cannot be read, and for an event without a time */
  read(record: LogRecord, partition: number): StreamEvent {
    const { name, source: { topic, dropsRepeats } } = this.#plan;
    const { offset, timestampMs } = record;
    if (isForAnother(record.headers, { topology: this.#topology, stream: name })) {
      return { kind: "skip", reason: REPLAY_OF_ANOTHER };
    }
    const read = this.#reader.read(record);
    if (read.kind === "skip") return read;
    const { key, value } = read;
    const plain = { topic, partition, offset, timestampUs: timestampMs * 1_000, headers: headersOf(record) };
    const metadata = this.#timed(read, plain);
    return { kind: "event", key, value, metadata, via: dropsRepeats ? originIn(plain.headers) : null };
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
