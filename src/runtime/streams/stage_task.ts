import { statefulOperator } from "../../processor/stateful/operators.ts";
import type { StatefulOperator, WhenIdle } from "../../processor/stateful/stateful.ts";
import type { StagePlan } from "../../plan/physical.ts";
import type { LogRecord, Position } from "../../ports/log.ts";
import { DeserializationError, ProcessorError } from "../../record/errors.ts";
import { NO_HEADERS } from "../../record/headers.ts";
import { keyText } from "../../record/key.ts";
import { taskId } from "../../record/task_id.ts";
import { Flow, type StreamContext } from "./flow.ts";
import { CLOCK, type PackedEvent, readPack } from "./pack.ts";
import type { LoadedStage } from "./stage_changelog.ts";
import type { StreamBatch } from "./stream_batch.ts";
import type { FlowTask } from "./stream_task.ts";

/** Where the task begins. */
export interface StageBegin {
  readonly plan: StagePlan;
  readonly partition: number;
  /** What the changelog has of it. */
  readonly loaded: LoadedStage;
  /** Outputs of the records before this offset are there. */
  readonly mutedTo: number;
}

/**
 * One partition of a stage, as a synchronous machine: events by group in; rows, events for further stages, and facts
 * for the changelog out. What comes out is a function of what is loaded and of the records behind that.
 */
export class StageTask implements FlowTask {
  readonly #id: string;
  readonly #plan: StagePlan;
  readonly #partition: number;
  readonly #context: StreamContext;
  readonly #flow: Flow;
  readonly #operator: StatefulOperator;
  readonly #print: string;
  readonly #mutedTo: number;
  /** What is read back has events up to there; 0 when all of them came by. */
  #loadedTo: number;
  /** By source and partition: the last event that was counted. */
  readonly #origins: Map<string, readonly [number, number]>;
  /** Where the event comes from that is taken. */
  #at!: { readonly task: string; readonly position: Position };
  /** The record that is taken. */
  #offset = 0;

  constructor(
    { plan, partition, loaded, mutedTo }: StageBegin,
    context: StreamContext,
  ) {
    this.#id = taskId(plan.name, partition);
    this.#plan = plan;
    this.#partition = partition;
    this.#context = context;
    this.#flow = new Flow({ id: this.#id, plan }, context);
    this.#operator = statefulOperator(plan.node, {
      forward: ({ key, value, timestampUs }) =>
        this.#flow.run({
          ...{ key, value },
          metadata: { topic: plan.repartition, partition, offset: this.#offset, timestampUs, headers: NO_HEADERS },
        }),
      onDropped: (reason) => context.onDropped(plan.node.name, reason),
      onFailed: (columns, cause) => {
        const error = new ProcessorError(plan.node.name, JSON.stringify(columns, bigintText), { cause, row: columns });
        context.letters.callback(this.#at, error);
      },
    });
    this.#mutedTo = mutedTo;
    this.#loadedTo = loaded.to;
    this.#origins = new Map(Object.entries(loaded.head?.origins ?? {}));
    this.#print = loaded.print;
    loaded.into(this.#operator);
  }

  get whenIdle(): WhenIdle | null {
    return this.#operator.whenIdle ?? null;
  }

  /** As {@link FlowTask.taken}: what changed of the operator goes into the changelog. */
  taken(batch: StreamBatch): void {
    batch.facts.collect(this.#operator, {
      to: batch.to,
      origins: Object.fromEntries(this.#origins),
      saved: this.#operator.save(),
      print: this.#print,
    });
  }

  /** As {@link FlowTask.take}. */
  take(record: LogRecord, batch: StreamBatch): void {
    if (this.#loadedTo > 0 && record.offset >= this.#loadedTo) {
      this.#operator.elements.forgetPositions();
      this.#loadedTo = 0;
    }
    const { repartition: topic } = this.#plan;
    const place = { topic, partition: this.#partition, offset: record.offset };
    this.#offset = record.offset;
    if (batch.sourceMs === 0) batch.sourceMs = record.timestampMs;
    let pack;
    try {
      pack = readPack(topic, record);
    } catch (error) {
      if (!(error instanceof DeserializationError)) throw error;
      return this.#context.letters.undecodable({ task: this.#id, position: place, record }, error);
    }
    if (pack.source === CLOCK) {
      this.#flow.at(batch, place, { muted: record.offset < this.#mutedTo });
      return this.#operator.pass(0, { key: "", columns: {}, value: null, timestampUs: pack.events[0].timestampUs });
    }
    const name = `${pack.source}/${pack.partition}`;
    const [sourceTopic] = pack.source.split("@");
    for (const event of pack.events) {
      const [offset, index] = this.#origins.get(name) ?? NOTHING;
      if (event.offset < offset || (event.offset === offset && event.index <= index)) continue;
      this.#origins.set(name, [event.offset, event.index]);
      const origin = { topic: sourceTopic, partition: pack.partition, offset: event.offset };
      this.#flow.at(batch, place, { origin, muted: record.offset < this.#mutedTo });
      this.#at = { task: this.#id, position: origin };
      this.#fold(event);
    }
  }

  #fold(event: PackedEvent): void {
    try {
      if (event.key === null) this.#operator.takeKeyless!(event.input, event);
      else if (this.#offset < this.#operator.elements.positionOf(event.key)) this.#operator.pass(event.input, event);
      else this.#operator.take(event.input, event);
    } catch (cause) {
      const key = event.key === null ? "null" : keyText(event.key);
      this.#context.letters.callback(
        this.#at,
        new ProcessorError(this.#plan.node.name, key, { cause, row: event.value }),
      );
    }
  }
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

const NOTHING = [-1, -1] as const;
