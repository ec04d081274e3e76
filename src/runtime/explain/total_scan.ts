import type { StagePlan, StreamPlan } from "../../plan/physical.ts";
import type { LogRecord } from "../../ports/log.ts";
import { partitionRecords } from "../../ports/partition_records.ts";
import { type EventOrigin, isRepeat, type LastOrigin } from "../../record/event_origin.ts";
import { keyText } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import type { Row } from "../../record/row.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { type EventTrace, EventTracer, type StagePass } from "./event_tracer.ts";
import type { TotalWindow } from "./total_window.ts";

/** Records after which everything else has its turn. */
const TURN_RECORDS = 500;
/** The index behind all events of a record. */
const WHOLE = Number.MAX_SAFE_INTEGER;

/** One partition of a stream whose events come to an aggregate. */
export interface Feed {
  readonly plan: StreamPlan;
  readonly partition: number;
  /** Its oldest record. */
  readonly start: number;
  /** Records from there on are not in the total yet. */
  readonly to: number;
}

/** Where the look through a feed stands: behind an event. */
export interface FeedPlace {
  readonly offset: number;
  /** Of the events that one record makes. */
  readonly index: number;
  /** By partition of the aggregate: the newest time of what the feed had for it. Microseconds; null: nothing. */
  readonly clocks: readonly (number | null)[];
}

/** An event of the total. */
export interface TotalEvent {
  readonly feed: Feed;
  readonly offset: number;
  readonly timestampMs: number;
  readonly input: number;
  /** Of its record. */
  readonly key: unknown;
  readonly columns: Row;
  readonly value: unknown;
  readonly timestampUs: number;
  /** The partition of the aggregate that has it. */
  readonly partition: number;
  /** By its own source alone it came after its window was closed. */
  readonly isLate: boolean;
}

/** What a look through a feed is about. */
export interface FeedScan {
  readonly feed: Feed;
  readonly stage: StagePlan;
  readonly window: TotalWindow;
  /** Null: from the oldest record on. */
  readonly from: FeedPlace | null;
  /** By the clock's `elapsedMs`. */
  readonly deadlineMs: number;
  /** The next event of the total; false: no more are wanted. `place`: where the look goes on behind it. */
  readonly take: (event: TotalEvent, place: () => FeedPlace) => boolean;
}

/** How far a look came: to the end, to where no more was wanted, or to where the time was over. */
export interface Scanned {
  readonly ended: "end" | "enough" | "time";
  readonly at: FeedPlace;
}

/**
 * Looks through one partition of a stream for the events of a total, from a place on, in their order. An event that
 * comes again is passed over, as the aggregate does. @throws ProductionError when the partition cannot be read
 */
export async function scanFeed(instance: Instance, scan: FeedScan): Promise<Scanned> {
  const { ports: { log, clock } } = instance;
  const { plan, partition, start, to } = scan.feed;
  const looking = new FeedLook(instance, scan);
  // What came again is known by all that came before.
  const from = plan.source.dropsRepeats ? start : Math.max(start, scan.from?.offset ?? start);
  let inTime = true;
  const goesOn = () => inTime = clock.elapsedMs() < scan.deadlineMs;
  for await (const records of partitionRecords(log, { topic: plan.source.topic, partition, from, to, goesOn })) {
    for (const [at, record] of records.entries()) {
      if (at % TURN_RECORDS === TURN_RECORDS - 1) await clock.breathe();
      if (!looking.take(record)) return looking.ended("enough");
    }
    await clock.breathe();
  }
  return looking.ended(inTime ? "end" : "time");
}

/** One look through one feed. */
class FeedLook {
  readonly #feed: Feed;
  readonly #scan: FeedScan;
  readonly #tracer: EventTracer;
  readonly #repeats = new Map<string, LastOrigin>();
  readonly #clocks: number[];
  #offset: number;
  #index: number;

  constructor(instance: Instance, scan: FeedScan) {
    const { feed } = scan;
    this.#feed = feed;
    this.#scan = scan;
    this.#tracer = new EventTracer(instance, feed.plan);
    const from = feed.plan.source.dropsRepeats ? null : scan.from;
    const { partitions } = instance.topics.streams.get(scan.stage.repartition)!;
    this.#clocks = Array.from({ length: partitions }, (_, partition) => from?.clocks[partition] ?? -Infinity);
    [this.#offset, this.#index] = [from?.offset ?? feed.start, from?.index ?? -1];
  }

  ended(how: Scanned["ended"]): Scanned {
    return { ended: how, at: this.#place() };
  }

  #place(): FeedPlace {
    const clocks = this.#clocks.map((us) => us === -Infinity ? null : us);
    return { offset: this.#offset, index: this.#index, clocks };
  }

  /** False: no more are wanted. */
  take(record: LogRecord): boolean {
    const trace = this.#tracer.trace(record, this.#feed.partition);
    for (const pass of trace.stages) {
      if (pass.stage !== this.#scan.stage || pass.event === null || pass.event.key === null) continue;
      if (!this.#event({ record, trace, pass })) return false;
    }
    // Where the time is over, the next look goes on behind this record.
    if (!this.#isBefore(record.offset, WHOLE)) [this.#offset, this.#index] = [record.offset, WHOLE];
    return true;
  }

  /** Whether the look went on behind that event before. */
  #isBefore(offset: number, index: number): boolean {
    const { from } = this.#scan;
    return from !== null && (offset < from.offset || (offset === from.offset && index <= from.index));
  }

  #event({ record: { offset, timestampMs }, trace: { read }, pass: { event, input, index } }: {
    readonly record: LogRecord;
    readonly trace: EventTrace;
    readonly pass: StagePass;
  }): boolean {
    const isBefore = this.#isBefore(offset, index);
    const { dropsRepeats } = this.#feed.plan.source;
    if (read.kind !== "event" || (isBefore && !dropsRepeats)) return true;
    if (read.via !== null && this.#repeated(read.via, { input, offset })) return true;
    const { window, take } = this.#scan;
    const { columns, value, timestampUs } = event!;
    const partition = partitionOf(keyText(event!.key!), this.#clocks.length);
    const clockUs = this.#clocks[partition] = Math.max(this.#clocks[partition], timestampUs);
    if (isBefore) return true;
    [this.#offset, this.#index] = [offset, index];
    if (!window.holds({ columns: columns!, timestampUs })) return true;
    const closesAtUs = window.closesAt(columns!);
    const isLate = closesAtUs !== null && closesAtUs <= clockUs;
    const told = { feed: this.#feed, offset, timestampMs, input, key: read.key, columns: columns!, value };
    return take({ ...told, timestampUs, partition, isLate }, () => this.#place());
  }

  /** As the stage judges it. */
  #repeated(via: EventOrigin, { input, offset }: { readonly input: number; readonly offset: number }): boolean {
    const name = `${input} ${via.source}`;
    if (isRepeat(via, { last: this.#repeats.get(name), at: offset })) return true;
    this.#repeats.set(name, [via.offset, via.index, offset]);
    return false;
  }
}
