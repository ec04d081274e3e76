import type { StreamNode } from "../../dsl/stream_nodes.ts";
import type { AppendPlan, LookupPlan, ShufflePlan, StagePlan, StreamPlan } from "../../plan/physical.ts";
import type { LogRecord } from "../../ports/log.ts";
import type { AppendRow } from "../../ports/warehouse.ts";
import { encodedLine, rowWriter } from "../../processor/line_writer.ts";
import { type PassedEvent, type ShuffledEvent, streamProgram } from "../../processor/stream_program.ts";
import { DeserializationError, type ProcessorError } from "../../record/errors.ts";
import type { EventOrigin } from "../../record/event_origin.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { stageEvent, stageGroups } from "../streams/flow.ts";
import { type StreamEvent, StreamEvents } from "../streams/stream_events.ts";

/** What one operator made of one event. */
export interface EventPass extends PassedEvent {
  /** Of a join with a global table: the key that was looked up, and what the table has now. */
  readonly lookup: { readonly plan: LookupPlan; readonly key: Key; readonly row: Row | null } | null;
  /** Why it failed. */
  readonly error: ProcessorError | null;
}

/** An event that goes into a stage. `event` null: it is in no group, or failed. */
export interface StagePass {
  readonly stage: StagePlan;
  readonly input: number;
  readonly event: ShuffledEvent | null;
  /** Of those that were made of the record. */
  readonly index: number;
  readonly error: ProcessorError | null;
}

/** A row that was made for an append table. */
export interface MadeRow extends AppendRow {
  readonly sink: AppendPlan;
  readonly row: Row;
}

/** What a stream's program makes of one record. */
export interface EventTrace {
  readonly read: StreamEvent | { readonly kind: "unreadable"; readonly error: DeserializationError };
  /** In the order in which they ran. */
  readonly passes: readonly EventPass[];
  readonly stages: readonly StagePass[];
  readonly rows: readonly MadeRow[];
}

/**
 * Runs single records through the program of a stream once more, and keeps what each operator made of them. These are
 * the operators themselves, as for rows of tables, so what is told is what is computed; but a global table is looked up
 * as it is now, and what `peek` does is not done again.
 */
export class EventTracer {
  readonly #plan: StreamPlan;
  readonly #instance: Instance;
  readonly #events: StreamEvents;
  readonly #run: ReturnType<typeof streamProgram>;
  #passes: EventPass[] = [];
  #stages: StagePass[] = [];
  #rows: MadeRow[] = [];
  #looked: EventPass["lookup"] = null;
  #offset = 0;
  #index = 0;
  #via: EventOrigin | null = null;

  constructor(instance: Instance, plan: StreamPlan) {
    const { topology, topics, context: { globals } } = instance;
    this.#plan = plan;
    this.#instance = instance;
    this.#events = new StreamEvents(plan, topology.name);
    this.#run = streamProgram({ ...plan, groupsOf: stageGroups(topics.plan.stages) }, {
      find: (lookup, key) => {
        const row = globals.find(lookup, key);
        this.#looked = { plan: lookup, key, row };
        return row;
      },
      append: (name, { row }) => this.#append(name, row),
      output: () => {},
      shuffle: (into, event) => this.#shuffle(into, event),
      onSkipped: (reason, at) => {
        if (reason !== "null_key") this.#stages.push({ ...this.#placeIn(at), event: null, error: null });
      },
      repeats: () => true,
      onPassed: (passed) => {
        this.#passes.push({ ...passed, lookup: this.#looked, error: null });
        this.#looked = null;
      },
      onError: (error) => this.#failed(error),
    });
  }

  /** What becomes of a record. */
  trace(record: LogRecord, partition: number): EventTrace {
    [this.#passes, this.#stages, this.#rows, this.#looked] = [[], [], [], null];
    [this.#offset, this.#index] = [record.offset, 0];
    const read = this.#read(record, partition);
    if (read.kind === "event") {
      this.#via = read.via;
      this.#run(read.value, read.key, read.metadata);
    }
    return { read, passes: this.#passes, stages: this.#stages, rows: this.#rows };
  }

  #read(record: LogRecord, partition: number): EventTrace["read"] {
    try {
      return this.#events.read(record, partition);
    } catch (error) {
      if (error instanceof DeserializationError) return { kind: "unreadable", error };
      throw error;
    }
  }

  /** @throws TypeError, and whatever the writer of a row throws, which the program tells as the operator's */
  #append(name: string, row: Row): void {
    const sink = this.#plan.sinks.find((one) => one.name === name)!;
    rowWriter(sink.table.columns).write(row);
    const index = (this.#rows.findLast((one) => one.sink === sink)?.index ?? -1) + 1;
    this.#rows.push({ sink, row, offset: this.#offset, index, line: encodedLine().slice() });
  }

  #shuffle({ stage: at, input }: ShufflePlan, event: ShuffledEvent): void {
    const { topics: { plan: { stages } }, options: { messageBytesMax } } = this.#instance;
    const origin = { offset: this.#offset, index: this.#index++ };
    const stage = stages[at];
    // One that is too large is refused, as it was then.
    stageEvent(event, { stage, input, origin, via: this.#via, eventBytesMax: messageBytesMax });
    this.#stages.push({ stage, input, event, index: origin.index, error: null });
  }

  /** Of an operator that has just told that it failed, or of the way into a stage. */
  #failed(error: ProcessorError): void {
    const last = this.#passes.at(-1);
    if (last !== undefined && last.given === null && last.error === null) {
      this.#passes[this.#passes.length - 1] = { ...last, error };
      return;
    }
    const { stages } = this.#instance.topics.plan;
    const stage = stages.find(({ node }) => node.name === error.operator)!;
    this.#stages.push({ ...this.#placeIn(stage.node), event: null, error });
  }

  #placeIn(node: StreamNode): Omit<StagePass, "event" | "error"> {
    const { stages } = this.#instance.topics.plan;
    const { stage, input } = this.#plan.shuffles.find((one) => stages[one.stage].node === node)!;
    return { stage: stages[stage], input, index: this.#index };
  }
}
