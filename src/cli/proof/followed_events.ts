import type { Topology } from "../../dsl/topology.ts";
import { groupedEvents } from "../../oracle/append_oracle.ts";
import type { GroupedEvent } from "../../oracle/stream_fold.ts";
import type { LogRecord } from "../../ports/log.ts";
import { eventsReader } from "../verify/event_records.ts";
import type { EventTotals } from "./event_totals.ts";

/** What one record gives to one aggregate. */
interface Given {
  readonly totals: EventTotals;
  readonly events: readonly GroupedEvent[];
}

/** A record that gives something, by the time of its event. */
interface Timed {
  readonly timestampUs: number;
  readonly given: readonly Given[];
}

/** One partition of a topic of events, read on and on. */
export class FollowedPartition {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to read. */
  position: number;
  readonly #topology: Topology;
  readonly #reader: ReturnType<typeof eventsReader>;
  #read: readonly Timed[] = [];
  #at = 0;

  constructor(
    topology: Topology,
    { topic, partition, position }: Pick<FollowedPartition, "topic" | "partition" | "position">,
  ) {
    [this.#topology, this.topic, this.partition, this.position] = [topology, topic, partition, position];
    const node = topology.streams.find((one) => one.op === "events" && one.source.topic === topic);
    if (node?.op !== "events") throw new TypeError(`No stream of topology "${topology.name}" reads "${topic}"`);
    this.#reader = eventsReader(node.source, topology.name);
  }

  /** The time of the event that comes next, microseconds since the epoch; null: what was read is given. */
  get nextUs(): number | null {
    return this.#read[this.#at]?.timestampUs ?? null;
  }

  /** Takes what was read behind the rest. `next`: the position behind it. */
  take(
    records: readonly LogRecord[],
    { next, into }: { readonly next: number; readonly into: readonly EventTotals[] },
  ) {
    this.#read = records.flatMap((record) => this.#timed(record, into));
    this.#at = 0;
    this.position = next;
  }

  #timed(record: LogRecord, into: readonly EventTotals[]): Timed[] {
    const [event] = this.#reader.events([record], this.partition);
    if (event === undefined) return [];
    const read = (topic: string) => topic === this.topic ? [event] : [];
    const given = into.flatMap((totals) => {
      const events = groupedEvents(this.#topology, totals.node, read)!;
      return events.length === 0 ? [] : [{ totals, events }];
    });
    return given.length === 0 ? [] : [{ timestampUs: event.metadata.timestampUs, given }];
  }

  /** Gives the next one to its aggregates. */
  give(): void {
    for (const { totals, events } of this.#read[this.#at++].given) for (const event of events) totals.give(event);
  }
}

/** The partition whose next event is of the earliest time; null: none has read any. */
export function earliestOf(partitions: readonly FollowedPartition[]): FollowedPartition | null {
  let first: FollowedPartition | null = null;
  for (const one of partitions) {
    if (one.nextUs !== null && (first === null || one.nextUs < first.nextUs!)) first = one;
  }
  return first;
}
