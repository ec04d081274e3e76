import type { RecordMetadata } from "../../dsl/events.ts";
import type { AppendPlan, LookupPlan, OutputPlan, ShufflePlan, StagePlan, StreamPlan } from "../../plan/physical.ts";
import type { Position, TopicDescription } from "../../ports/log.ts";
import { isTooLarge, type OutputRecord, recordLength } from "../../processor/output_record.ts";
import { encodedLine, rowWriter } from "../../processor/line_writer.ts";
import { changeOf, groupOf, needsValues, takesKeyless, takesNulls } from "../../processor/stateful/group_of.ts";
import { type GroupsOf, type ShuffledEvent, streamProgram } from "../../processor/stream_program.ts";
import { LimitError } from "../../record/errors.ts";
import { NO_HEADERS } from "../../record/headers.ts";
import type { EventOrigin } from "../../record/event_origin.ts";
import { type Key, keyText } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import type { Row } from "../../record/row.ts";
import { type Origin, type PackedEvent, packedEvent } from "./pack.ts";
import type { StreamBatch } from "./stream_batch.ts";
import type { StreamLetters } from "./stream_letters.ts";

/** What the tasks of a topology's streams have in common. */
export interface StreamContext {
  /** Its name. */
  readonly topology: string;
  readonly letters: StreamLetters;
  readonly stages: readonly StagePlan[];
  /** Of the stage's topics. */
  readonly partitionsOf: (stage: StagePlan) => number;
  /** A topic for others, as it is. */
  readonly outputOf: (output: OutputPlan) => TopicDescription;
  /** An event on its way into a stage takes so many bytes at most. */
  readonly eventBytesMax: number;
  /** The row that a global table has for a key now; null if it has none. */
  readonly find: (lookup: LookupPlan, key: Key) => Row | null;
  /** So many records of a stream were taken. */
  readonly onRecords: (stream: string, records: number) => void;
  /** A record of a stream was passed over, and why. */
  readonly onSkipped: (stream: string, reason: string) => void;
  /** An event of a stage did not wait for sources that are behind, since too many do. */
  readonly onOvertaken: (operator: string) => void;
  /** An event changed nothing in a stage, and why. */
  readonly onDropped: (operator: string, reason: string) => void;
}

/** An event with its key, and where it comes from. */
export interface FlowEvent {
  readonly value: unknown;
  readonly key: unknown;
  readonly metadata: RecordMetadata;
}

/** What is known of the record at a place. */
interface FlowPlace {
  readonly origin?: Position;
  readonly muted?: boolean;
  readonly via?: EventOrigin | null;
}

/** Runs the program of a stream or a stage: events in; rows for append tables, and events for further stages, out. */
export class Flow {
  readonly #id: string;
  readonly #context: StreamContext;
  /** Null where events go into stages as they are. */
  readonly #run: ReturnType<typeof streamProgram> | null;
  #batch!: StreamBatch;
  #place!: Position;
  #origin!: Position;
  #muted = false;
  #via: EventOrigin | null = null;
  /** Of the events that were made of the record at the place. */
  #index = 0;

  constructor(
    { id, plan }: { readonly id: string; readonly plan: StreamPlan | StagePlan },
    context: StreamContext,
  ) {
    this.#id = id;
    this.#context = context;
    const sinks = new Map(plan.sinks.map((sink) => [sink.name, sink]));
    const outputs = new Map(plan.outputs.map((output) => [output.topic, output]));
    const groupsOf = stageGroups(context.stages);
    this.#run = plan.nodes.length === 0 ? null : streamProgram({ ...plan, groupsOf }, {
      find: context.find,
      append: (name, { row }) => this.#append(sinks.get(name)!, row),
      output: (topic, record) => this.#output(outputs.get(topic)!, record),
      shuffle: (into, event) => this.shuffle(into, event),
      onSkipped: (reason) => context.onSkipped(plan.name, reason),
      repeats: () => this.#muted,
      onError: (error) => context.letters.callback({ task: this.#id, position: this.#origin }, error),
    });
  }

  /**
   * What is run from here on is made of the record at `place`, and goes into the batch. `origin`: where its events come
   * from, for dead letters. `muted`: whatever comes out is known to be there. `via`: where the record says that it
   * comes from, for stages that drop repeats.
   */
  at(
    batch: StreamBatch,
    place: Position,
    { origin = place, muted = false, via = null }: FlowPlace = {},
  ): void {
    if (place.offset !== this.#place?.offset) this.#index = 0;
    this.#batch = batch;
    this.#place = place;
    this.#origin = origin;
    this.#muted = muted;
    this.#via = via;
  }

  /** The record of which events are made now. */
  get place(): Position {
    return this.#place;
  }

  /** Runs one event through all operators. */
  run({ value, key, metadata }: FlowEvent): void {
    this.#run!(value, key, metadata);
  }

  #append(sink: AppendPlan, row: Row): void {
    if (this.#muted) return;
    const digest = rowWriter(sink.table.columns).write(row);
    this.#batch.add(sink, { offset: this.#place.offset, line: encodedLine(), digest });
  }

  /** @throws TypeError | LimitError for a record that the topic does not take */
  #output(output: OutputPlan, record: OutputRecord): void {
    if (this.#muted) return;
    const { partitions, compacted, messageBytesMax } = this.#context.outputOf(output);
    const { topic } = output;
    const { key } = record;
    if (compacted && key === null) throw new TypeError(`Topic "${topic}" is compacted: give the event a key`);
    if (isTooLarge(record, messageBytesMax)) {
      throw new LimitError("event", `An event of ${recordLength(record)} characters is too large for topic "${topic}"`);
    }
    // Those without a key stay together as they come, and so in their order.
    const partition = key === null ? this.#place.partition % partitions : partitionOf(key, partitions);
    this.#batch.records.add({ output, partition }, { record, offset: this.#place.offset });
  }

  /** An event goes into an input of a stage. @throws TypeError | LimitError for a value that cannot be told */
  shuffle({ stage: index, input }: ShufflePlan, event: ShuffledEvent): void {
    // Numbered also if muted: the number is part of what tells that an event comes again.
    const origin = { offset: this.#place.offset, index: this.#index++ };
    if (this.#muted) return;
    const stage = this.#context.stages[index];
    const { eventBytesMax } = this.#context;
    const text = stageEvent(event, { stage, input, origin, via: this.#via, eventBytesMax });
    const partition = partitionOf(placedBy(event.key, origin.offset), this.#context.partitionsOf(stage));
    this.#batch.shuffled.add({ stage, partition }, text);
  }
}

/** How events are put into the groups of stages. */
export function stageGroups(stages: readonly StagePlan[]): GroupsOf {
  return ({ stage, input }) => {
    const { node } = stages[stage];
    return {
      node,
      groupBy: groupOf(node, input),
      keyless: takesKeyless(node, input),
      nulls: takesNulls(node),
      change: changeOf(node),
      needsValues: needsValues(node, input),
    };
  };
}

/** An event as it is written for a stage. @throws TypeError | LimitError for a value that cannot be told */
export function stageEvent(
  { columns, value, timestampUs, headers: all }: ShuffledEvent,
  { stage, input, origin, via, eventBytesMax }: Pick<PackedEvent, "input" | "via"> & {
    readonly stage: StagePlan;
    readonly origin: Origin;
    readonly eventBytesMax: number;
  },
): string {
  // Where nothing runs behind a stage, nobody asks for headers.
  const headers = stage.nodes.length > 1 ? all : NO_HEADERS;
  const text = packedEvent(origin, { input, columns, value, timestampUs, headers, via });
  if (text.length * 3 <= eventBytesMax) return text;
  throw new LimitError("event", `An event of ${text.length} characters is too large for "${stage.repartition}"`);
}

/** The text by which an event is put into a partition of a stage's topic. `offset`: of the record it is made of. */
export function placedBy(key: Key | null, offset: number): string {
  // Those without a key have no place of their own.
  return key === null ? String(offset) : keyText(key);
}
