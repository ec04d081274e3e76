import { type EventCounts, eventCountsOf } from "../../processor/event_counts.ts";
import { comesFirst } from "../../processor/stateful/group_of.ts";
import { statefulOperator } from "../../processor/stateful/operators.ts";
import {
  type DropReason,
  type StatefulOperator,
  WAITING_MAX,
  type WhenIdle,
} from "../../processor/stateful/stateful.ts";
import type { StagePlan } from "../../plan/physical.ts";
import type { LogRecord, Position } from "../../ports/log.ts";
import { DeserializationError, LimitError, ProcessorError } from "../../record/errors.ts";
import { NO_HEADERS } from "../../record/headers.ts";
import { keyText } from "../../record/key.ts";
import { topicOf } from "../../record/source_name.ts";
import { taskId } from "../../record/task_id.ts";
import { Flow, type StreamContext } from "./flow.ts";
import { CLOCK, type Pack, type PackedEvent, readPack, WALL_CLOCK } from "./pack.ts";
import type { LoadedStage } from "./stage_changelog.ts";
import type { StreamBatch } from "./stream_batch.ts";
import { StreamBroken } from "./stream_progress.ts";
import type { FlowTask } from "./stream_task.ts";
import type { SourcedEvent } from "./source_time.ts";
import { StageDecisions } from "./stage_decisions.ts";
import { StageInsight } from "./stage_insight.ts";
import { StageOrigins } from "./stage_origins.ts";
import type { StoredBundles } from "./stored_bundles.ts";
import { TimeOrder } from "./time_order.ts";

/** So many records at most are read again at a start of which nothing came. */
const QUIET_RECORDS_MAX = 2_000;

/** Where the task begins. */
export interface StageBegin {
  readonly plan: StagePlan;
  readonly partition: number;
  /** What the changelog has of it. */
  readonly loaded: LoadedStage;
  /** Outputs of the records before this offset are there. */
  readonly mutedTo: number;
}

/** The record of its repartition topic by which a task says that it has begun. */
export interface BegunStage {
  readonly name: string;
  readonly offset: number;
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
  readonly #counts: EventCounts;
  readonly #print: string;
  readonly #mutedTo: number;
  /** Of its changelog. */
  #bundles!: StoredBundles;
  /** What is read back has events up to there; 0 when all of them came by. */
  #loadedTo: number;
  /** Of the records before this one the head knows all but the events that waited. */
  readonly #headTo: number;
  readonly #origins: StageOrigins;
  readonly #decisions: StageDecisions;
  #given!: SourcedEvent;
  /** Where the event comes from that is taken. */
  #at!: { readonly task: string; readonly position: Position };
  /** Of the event that is taken, which causes what comes out. */
  #headers = NO_HEADERS;
  /** The record that is taken. */
  #place!: Position;
  /** When it was written, by the clock of who wrote it. */
  #writtenMs = 0;
  #batch!: StreamBatch;
  #quietFrom: number;
  #heardBefore = 0;
  #begun!: BegunStage;
  #headIsWanted = false;

  /** How many records the changelog had, and how many it takes to say the same. */
  loaded!: { readonly records: number; readonly needed: number };

  /** As {@link FlowTask.heard}. */
  heard = 0;
  /** As {@link FlowTask.order}. */
  readonly order: TimeOrder;
  /** As {@link FlowTask.view}. */
  readonly view: StageInsight;

  private constructor({ plan, partition, loaded, mutedTo }: StageBegin, context: StreamContext) {
    this.#id = taskId(plan.name, partition);
    this.#plan = plan;
    this.#partition = partition;
    this.#context = context;
    this.#flow = new Flow({ id: this.#id, plan }, context);
    this.#counts = eventCountsOf(plan.node);
    this.#operator = statefulOperator(plan.node, {
      forward: ({ key, value, timestampUs }) =>
        this.#flow.run({
          ...{ key, value },
          metadata: { ...this.#place, timestampUs, headers: this.#headers },
        }),
      onDropped: (reason, atUs) => this.#dropped(reason, atUs),
      onPartner: (found) => void (this.#isMuted || this.#counts[found]++),
      onFailed: (columns, cause) => {
        const error = new ProcessorError(plan.node.name, JSON.stringify(columns, bigintText), { cause, row: columns });
        context.letters.callback(this.#at, error);
      },
      writtenUs: () => Math.floor(this.#writtenMs * 1_000),
    });
    this.#mutedTo = mutedTo;
    this.#loadedTo = loaded.found.to;
    this.#headTo = this.#quietFrom = loaded.head?.to ?? 0;
    this.order = new TimeOrder({
      give: (sourced) => this.#give(sourced),
      tick: (toUs) => this.#tick(toUs),
      onOvertaken: () => context.onOvertaken(plan.node.name),
      comesFirst: (input) => comesFirst(plan.node, input),
    }, loaded.head?.order ?? null);
    this.#origins = new StageOrigins(loaded.head);
    this.#decisions = new StageDecisions(this.#origins.last);
    this.#print = loaded.print;
    this.view = new StageInsight({ operator: this.#operator, decisions: this.#decisions, order: this.order });
  }

  /** A task that has what was loaded. `breathe`: between turns. @throws DeserializationError */
  static async begin(
    { breathe, ...begin }: StageBegin & { readonly breathe: () => Promise<void> },
    context: StreamContext,
  ): Promise<StageTask> {
    const task = new StageTask(begin, context);
    const { found } = begin.loaded;
    const { records } = found;
    const { bundles, needed } = await found.into(task.#operator, breathe);
    task.#bundles = bundles;
    task.loaded = { records, needed };
    return task;
  }

  /** The record of the stage's topic that says that it has begun is there. Before anything is taken. */
  begunAs(begun: BegunStage): void {
    this.#begun = begun;
  }

  /** Behind the record that says that it has begun, the head is written even if nothing else is to be. */
  wantHead(): void {
    this.#headIsWanted = true;
  }

  get wallDueUs(): number | null {
    return this.#operator.wallDueUs ?? null;
  }

  get whenIdle(): WhenIdle | null {
    return this.order.waits ? null : this.#operator.whenIdle ?? null;
  }

  /** As {@link FlowTask.taken}: what changed of the operator is to go into the changelog. */
  taken(batch: StreamBatch): void {
    if (batch.to < this.#headTo) return;
    // Marks are no events.
    const isAllThatIsKept = this.#operator.keepsNothing === true && this.heard > this.#heardBefore;
    const isWanted = this.#headIsWanted && batch.to > this.#begun.offset;
    if (isWanted) this.#headIsWanted = false;
    const headCounts = isAllThatIsKept || isWanted || batch.to - this.#quietFrom >= QUIET_RECORDS_MAX;
    if (headCounts) this.#quietFrom = batch.to;
    this.#heardBefore = this.heard;
    const { changedKeys: keys, changedChars: chars } = this.#operator.elements;
    batch.facts.expect({ keys, chars, headCounts });
  }

  /** As {@link FlowTask.sealed}: of each element that changed the batch says what it is at its end. */
  sealed(batch: StreamBatch): void {
    if (batch.to < this.#headTo) return;
    batch.facts.collect(this.#operator, {
      from: Math.max(batch.from, this.#headTo),
      to: batch.to,
      ...this.#origins.save(),
      saved: this.#operator.save(),
      print: this.#print,
      order: this.order.save(),
    }, { bundles: this.#bundles });
  }

  /** As {@link FlowTask.take}. @throws LimitError if more waits than may; StreamBroken if a later start has begun */
  take(record: LogRecord, batch: StreamBatch): void {
    const { offset } = record;
    if (this.#loadedTo > 0 && offset >= this.#loadedTo) {
      this.#operator.elements.forgetPositions();
      this.#operator.caughtUp?.();
      this.#loadedTo = 0;
    }
    this.#place = { topic: this.#plan.repartition, partition: this.#partition, offset };
    this.#writtenMs = record.timestampMs;
    this.#batch = batch;
    if (batch.sourceMs === 0) batch.sourceMs = record.timestampMs;
    const pack = this.#read(record);
    if (pack === null) return;
    // Nothing behind that record may be in what is written here: the other one counts on it.
    const { begins = this.#begun.name } = pack.marks ?? {};
    if (begins !== this.#begun.name && offset > this.#begun.offset) throw new StreamBroken(LATER_START);
    if (offset < this.#headTo) this.order.takeAgain(pack, offset);
    else if (pack.source === CLOCK) this.order.tick(pack.events[0].timestampUs);
    else if (pack.source === WALL_CLOCK) this.#wallClock(pack.events[0].timestampUs);
    else this.order.take(pack, { offset, events: this.#origins.fresh(pack) });
  }

  #read(record: LogRecord): Pack | null {
    try {
      return readPack(this.#place.topic, record);
    } catch (error) {
      if (!(error instanceof DeserializationError)) throw error;
      this.#context.letters.undecodable({ task: this.#id, position: this.#place, record }, error);
      return null;
    }
  }

  get #isMuted(): boolean {
    return this.#place.offset < this.#mutedTo;
  }

  #tick(timestampUs: number): void {
    this.#headers = NO_HEADERS;
    this.#flow.at(this.#batch, this.#place, { muted: this.#isMuted });
    this.#operator.pass(0, { key: "", columns: {}, value: null, timestampUs });
  }

  /** It waits for no event of an earlier time: no event's time has to do with it. */
  #wallClock(nowUs: number): void {
    this.#headers = NO_HEADERS;
    this.#flow.at(this.#batch, this.#place, { muted: this.#isMuted });
    this.#at = { task: this.#id, position: this.#place };
    this.#operator.wallClock?.(nowUs);
  }

  #give(given: SourcedEvent): void {
    const { source, partition, event } = this.#given = given;
    if (event.via !== null && this.#origins.isRepeat(event.via, given)) return this.#dropped("repeat");
    const origin = { topic: topicOf(source), partition, offset: event.offset };
    this.#flow.at(this.#batch, this.#place, { origin, muted: this.#isMuted });
    this.#at = { task: this.#id, position: origin };
    this.#headers = event.headers;
    this.#batch.timeUs = Math.max(this.#batch.timeUs, event.timestampUs);
    this.heard++;
    this.#fold(event);
  }

  #dropped(reason: DropReason, atUs: number | null = null): void {
    // What a processor keeps too late is no event.
    if (this.#plan.node.op !== "process" || reason === "repeat") this.#decisions.dropped(this.#given, { reason, atUs });
    if (!this.#isMuted) this.#counts.dropped++;
    this.#context.onDropped(this.#plan.node.name, reason);
  }

  #fold(event: PackedEvent): void {
    const isKnown = event.key !== null && this.#place.offset < this.#operator.elements.positionOf(event.key);
    if (isKnown) this.#decisions.decidedBefore(this.#given);
    else if (!this.#isMuted) this.#counts.in++;
    try {
      if (event.key === null) this.#operator.takeKeyless!(event.input, event);
      else if (isKnown) this.#operator.pass(event.input, event);
      else this.#operator.take(event.input, event);
    } catch (cause) {
      this.#decisions.dropped(this.#given, { reason: "refused", atUs: null });
      if (!this.#isMuted) this.#counts.errors++;
      if (cause instanceof LimitError && cause.limit === WAITING_MAX) throw cause;
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

const LATER_START = "it was begun once more, here or on another instance";
