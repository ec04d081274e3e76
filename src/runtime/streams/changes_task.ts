import { wholeRow } from "../../formats/change_reader.ts";
import { createDecoder, type Decoded, type Decoder } from "../../formats/decoder.ts";
import type { StreamPlan, TableChanges } from "../../plan/physical.ts";
import type { LogRecord } from "../../ports/log.ts";
import { keyValueOf } from "../../processor/key_value.ts";
import { DeserializationError, ProcessorError } from "../../record/errors.ts";
import { NO_HEADERS } from "../../record/headers.ts";
import { type Key, keyOfColumns, keyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { taskId } from "../../record/task_id.ts";
import { Flow, type StreamContext } from "./flow.ts";
import type { StreamBatch } from "./stream_batch.ts";
import type { FlowTask } from "./stream_task.ts";

/**
 * The changes of one partition of a table's topic as events for joins with streams: each row by its key, null where it
 * is gone. What a callback cannot make a row of, or what cannot be sent, is no row.
 */
export class ChangesTask implements FlowTask {
  readonly #id: string;
  readonly #plan: StreamPlan;
  readonly #changes: TableChanges;
  readonly #partition: number;
  readonly #context: StreamContext;
  readonly #decoder: Decoder;
  readonly #flow: Flow;
  readonly #keyValue: (key: Key) => unknown;

  constructor(
    { plan, changes, partition }: {
      readonly plan: StreamPlan;
      readonly changes: TableChanges;
      readonly partition: number;
    },
    context: StreamContext,
  ) {
    const { name, key, row, format } = changes.source;
    this.#id = taskId(plan.name, partition);
    this.#plan = plan;
    this.#changes = changes;
    this.#partition = partition;
    this.#context = context;
    this.#decoder = createDecoder({ source: name, key, row, format });
    this.#flow = new Flow({ id: this.#id, plan }, context);
    this.#keyValue = keyValueOf(changes.keyColumns);
  }

  /** As {@link FlowTask.take}. */
  take(record: LogRecord, batch: StreamBatch): void {
    const position = { topic: this.#plan.source.topic, partition: this.#partition, offset: record.offset };
    try {
      const decoded = this.#decoder.decode(record);
      if (decoded.kind === "skip") return this.#context.onSkipped(this.#plan.name, decoded.reason);
      if (batch.sourceMs === 0) batch.sourceMs = record.timestampMs;
      batch.timeUs = Math.max(batch.timeUs, record.timestampMs * 1_000);
      this.#flow.at(batch, position);
      this.#shuffle(decoded, record.timestampMs * 1_000);
    } catch (error) {
      if (!(error instanceof DeserializationError)) throw error;
      this.#context.letters.undecodable({ task: this.#id, position, record }, error);
    }
  }

  /** @throws DeserializationError for a row of which something was not sent */
  #shuffle(decoded: Exclude<Decoded, { kind: "skip" }>, timestampUs: number): void {
    const row = decoded.kind === "delete" ? null : wholeRow(decoded);
    const value = this.#keyValue(decoded.key);
    const { keyColumns, into } = this.#changes;
    const columns = keyColumns.length === 1 ? { [keyColumns[0].name]: value } : value as Row;
    const key = keyOfColumns(columns);
    for (const { shuffle, steps } of into) {
      const { name } = this.#context.stages[shuffle.stage].node;
      const made = row === null ? null : this.#made(row, { key: value, name, steps });
      // Where the row cannot be sent, the one that was there before is no more.
      for (const value of made === null ? [null] : [made, null]) {
        try {
          this.#flow.shuffle(shuffle, { key, columns, value, timestampUs, headers: NO_HEADERS });
          break;
        } catch (cause) {
          if (value !== made) continue;
          this.#refused(new ProcessorError(name, keyText(decoded.key), { cause, row: made, reason: "not_sendable" }));
        }
      }
    }
  }

  #made(
    row: Row,
    { key, name, steps }: Pick<TableChanges["into"][number], "steps"> & {
      readonly key: unknown;
      readonly name: string;
    },
  ): Row | null {
    try {
      let made = row;
      for (const step of steps) {
        if (step.op === "mapValues") made = step.mapper(made, key);
        else if (step.predicate(made, key) !== (step.op === "filter")) return null;
      }
      return made;
    } catch (cause) {
      this.#refused(new ProcessorError(name, String(key), { cause, row }));
      return null;
    }
  }

  #refused(error: ProcessorError): void {
    this.#context.letters.callback({ task: this.#id, position: this.#flow.place }, error);
  }
}
