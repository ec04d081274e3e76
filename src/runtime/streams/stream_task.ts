import type { StreamPlan } from "../../plan/physical.ts";
import type { WhenIdle } from "../../processor/stateful/stateful.ts";
import type { LogRecord, Position } from "../../ports/log.ts";
import { DeserializationError } from "../../record/errors.ts";
import { taskId } from "../../record/task_id.ts";
import { Flow, type StreamContext } from "./flow.ts";
import type { StageView } from "../lifecycle/stage_view.ts";
import type { StreamBatch } from "./stream_batch.ts";
import { StreamEvents } from "./stream_events.ts";
import type { TimeOrder } from "./time_order.ts";

/** What evaluates the records of one partition. */
export interface FlowTask {
  /** What can be asked of a stage; absent: of a stream. */
  readonly view?: StageView;
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
  readonly #events: StreamEvents;
  readonly #flow: Flow;

  constructor(
    { plan, partition }: { readonly plan: StreamPlan; readonly partition: number },
    context: StreamContext,
  ) {
    this.#id = taskId(plan.name, partition);
    this.#plan = plan;
    this.#partition = partition;
    this.#context = context;
    this.#events = new StreamEvents(plan, context.topology);
    this.#flow = new Flow({ id: this.#id, plan }, context);
  }

  /** As {@link FlowTask.take}. */
  take(record: LogRecord, batch: StreamBatch): void {
    const { topic } = this.#plan.source;
    const { offset, timestampMs } = record;
    const place: Position = { topic, partition: this.#partition, offset };
    try {
      const read = this.#events.read(record, this.#partition);
      if (read.kind === "skip") return this.#context.onSkipped(this.#plan.name, read.reason);
      if (batch.sourceMs === 0) batch.sourceMs = timestampMs;
      batch.timeUs = Math.max(batch.timeUs, read.metadata.timestampUs);
      this.#flow.at(batch, place, { via: read.via });
      this.#flow.run(read);
    } catch (error) {
      if (!(error instanceof DeserializationError)) throw error;
      this.#context.letters.undecodable({ task: this.#id, position: place, record }, error);
    }
  }
}
