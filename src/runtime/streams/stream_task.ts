import { type EventReader, eventReader } from "../../formats/event_reader.ts";
import type { RecordMetadata } from "../../dsl/events.ts";
import type { AppendPlan, LookupPlan, StreamPlan } from "../../plan/physical.ts";
import type { LogRecord, Position } from "../../ports/log.ts";
import { encodedLine, rowWriter } from "../../processor/line_writer.ts";
import { streamProgram } from "../../processor/stream_program.ts";
import { DeserializationError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { taskId } from "../../record/task_id.ts";
import type { StreamLetters } from "./stream_letters.ts";
import type { StreamBatch } from "./stream_batch.ts";

/** What the tasks of a topology's streams have in common. */
export interface StreamContext {
  readonly letters: StreamLetters;
  /** The row that a global table has for a key now; null if it has none. */
  readonly find: (lookup: LookupPlan, key: Key) => Row | null;
  /** So many records of a stream were taken. */
  readonly onRecords: (stream: string, records: number) => void;
  /** A record of a stream was passed over, and why. */
  readonly onSkipped: (stream: string, reason: string) => void;
}

/**
 * What one partition's events become, as a synchronous machine: records in, rows for append tables out. It keeps
 * nothing of an event; the same records make the same rows, but for what a global table has for them.
 */
export class StreamTask {
  readonly id: string;
  readonly plan: StreamPlan;
  readonly partition: number;
  readonly #context: StreamContext;
  readonly #reader: EventReader;
  readonly #run: ReturnType<typeof streamProgram>;
  /** What rows are added to, and where the event lies, while one is evaluated. */
  #batch!: StreamBatch;
  #place!: Position;

  constructor(
    { plan, partition }: { readonly plan: StreamPlan; readonly partition: number },
    context: StreamContext,
  ) {
    this.id = taskId(plan.name, partition);
    this.plan = plan;
    this.partition = partition;
    this.#context = context;
    this.#reader = eventReader(plan.source);
    const sinks = new Map(plan.sinks.map((sink) => [sink.name, sink]));
    this.#run = streamProgram(plan, {
      find: context.find,
      append: (name, { row }) => this.#append(sinks.get(name)!, row),
      onError: (error) => context.letters.callback({ task: this.id, position: this.#place }, error),
    });
  }

  /** Evaluates the records, in order. The batch reaches to `nextOffset` then. */
  take(
    { records, nextOffset }: { readonly records: readonly LogRecord[]; readonly nextOffset: number },
    batch: StreamBatch,
  ): void {
    this.#batch = batch;
    for (const record of records) this.#take(record);
    batch.to = nextOffset;
    this.#context.onRecords(this.plan.name, records.length);
  }

  #take(record: LogRecord): void {
    const { topic } = this.plan.source;
    const { offset, timestampMs } = record;
    this.#place = { topic, partition: this.partition, offset };
    if (record.value === null && !this.plan.source.nullValues) {
      return this.#context.onSkipped(this.plan.name, "null_value");
    }
    try {
      const key = this.#reader.key(record.key);
      const value = record.value === null ? null : this.#reader.value(record.value);
      const plain = { ...this.#place, timestampUs: timestampMs * 1_000 };
      if (this.#batch.sourceMs === 0) this.#batch.sourceMs = timestampMs;
      this.#run(value, key, this.#timed(value, plain));
    } catch (error) {
      if (!(error instanceof DeserializationError)) throw error;
      this.#context.letters.undecodable({ task: this.id, position: this.#place, record }, error);
    }
  }

  /** @throws DeserializationError for an event without a time */
  #timed(value: unknown, plain: RecordMetadata): RecordMetadata {
    const { time, name } = this.plan.source;
    if (time === null) return plain;
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
      `Cannot tell the time of a record of "${name}": current value is ${String(timestampUs).slice(0, 60)}. Return ` +
        "integer microseconds since the epoch",
    );
  }

  #append(sink: AppendPlan, row: Row): void {
    const digest = rowWriter(sink.table.columns).write(row);
    this.#batch.add(sink, { offset: this.#place.offset, line: encodedLine().slice(), digest });
  }
}
