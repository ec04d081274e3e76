import type { EventSpec } from "../../dsl/events.ts";
import type { Topology } from "../../dsl/topology.ts";
import { eventReader } from "../../formats/event_reader.ts";
import { headersOf } from "../../formats/message_headers.ts";
import type { OracleEvent } from "../../oracle/append_oracle.ts";
import { streamName } from "../../plan/compile_streams.ts";
import type { Log, LogRecord } from "../../ports/log.ts";
import { ConfigError, DeserializationError, ProductionError } from "../../record/errors.ts";
import { isForAnother } from "../../record/replay_header.ts";
import { sourceOf } from "../../record/source_name.ts";

const POLL_MS = 200;

/** What a topic of events holds now. */
export interface EventRecords {
  /** Names the topic in append tables. */
  readonly source: string;
  /** Offset of the first record of each partition: those before are gone. */
  readonly starts: readonly number[];
  /** Of a compacted topic, whose records may be gone between others: those that are there, by {@link placeOf}. */
  readonly left: ReadonlySet<string> | null;
  /** In the order of partitions and offsets. */
  readonly events: readonly OracleEvent[];
  /** Records that cannot be read; the engine sets them aside too, as dead letters. */
  readonly refused: number;
}

/**
 * Reads all that a topic holds when it is called, as its source reads it.
 * @throws ConfigError if there is no such topic. @throws ProductionError if it cannot be read
 */
export async function readEvents(
  log: Log,
  { spec, topology }: { readonly spec: EventSpec; readonly topology: string },
): Promise<EventRecords> {
  const description = (await log.topics([spec.topic])).get(spec.topic);
  if (description === undefined) throw new ConfigError([`Cannot verify: topic "${spec.topic}" is not there`]);
  const { start, end } = await log.offsets(spec.topic);
  const records = await recordsOf(log, spec.topic, { start, end });
  const read = eventsReader(spec, topology);
  const events = records.flatMap((own, partition) => read.events(own, partition));
  const source = sourceOf(spec.topic, description);
  const left = description.compacted
    ? new Set(records.flatMap((own, partition) => own.map(({ offset }) => placeOf(partition, offset))))
    : null;
  return { source, starts: start, left, events, refused: read.refused };
}

/** Reads records as the engine does. What it passes over is left out, and what it refuses is counted. */
export function eventsReader(
  spec: EventSpec,
  topology: string,
): { readonly refused: number; events(records: readonly LogRecord[], partition: number): OracleEvent[] } {
  const read = eventOf(spec, topology);
  let refused = 0;
  return {
    get refused() {
      return refused;
    },
    events: (records, partition) =>
      records.flatMap((record) => {
        try {
          const event = read(record, partition);
          return event === null ? [] : [event];
        } catch (error) {
          if (!(error instanceof DeserializationError)) throw error;
          refused++;
          return [];
        }
      }),
  };
}

/** Numbers what is made of the same record, from 0 on: which one the next is of those of a place. */
export function numbering(): (place: string) => number {
  const next = new Map<string, number>();
  return (place) => {
    const index = next.get(place) ?? 0;
    next.set(place, index + 1);
    return index;
  };
}

/** Names a record within its topic. */
export function placeOf(partition: number, offset: number): string {
  return `${partition}/${offset}`;
}

/** What the topics of a topology's streams hold now, by topic. @throws as {@link readEvents} */
export async function readStreams({ name, streams }: Topology, log: Log): Promise<Map<string, EventRecords>> {
  const topics = new Map<string, EventRecords>();
  for (const node of streams) {
    if (node.op === "events") {
      topics.set(node.source.topic, await readEvents(log, { spec: node.source, topology: name }));
    }
  }
  return topics;
}

/** The records of a topic between these offsets, by partition. @throws ProductionError if it cannot be read */
export async function recordsOf(
  log: Log,
  topic: string,
  { start, end }: { readonly start: readonly number[]; readonly end: readonly number[] },
): Promise<LogRecord[][]> {
  const found: LogRecord[][] = end.map(() => []);
  const left = new Set(end.flatMap((offset, partition) => offset > start[partition] ? [partition] : []));
  const reader = log.reader();
  try {
    for (const partition of left) reader.seek(topic, partition, start[partition]);
    while (left.size > 0) {
      for (const { partition, records, nextOffset, problem } of await reader.poll(POLL_MS)) {
        if (problem !== undefined) throw new ProductionError(problem, { retriable: false });
        for (const { key, value, headers, ...record } of records) {
          if (record.offset >= end[partition]) continue;
          // What a reader gives may be a view of all that was fetched with it.
          const copied = { ...record, key: key?.slice() ?? null, value: value?.slice() ?? null };
          found[partition].push(headers === undefined ? copied : { ...copied, headers: headers.slice() });
        }
        if (nextOffset >= end[partition] && left.delete(partition)) reader.stop(topic, partition);
      }
    }
  } finally {
    await reader.close();
  }
  return found;
}

/** Null for a record that the engine passes over. */
function eventOf(spec: EventSpec, topology: string): (record: LogRecord, partition: number) => OracleEvent | null {
  const reader = eventReader(spec);
  const stream = streamName(spec);
  return ({ offset, timestampMs, key, value, headers }, partition) => {
    if (isForAnother(headers, { topology, stream })) return null;
    const read = reader.read({ key, value, headers });
    if (read.kind === "skip") return null;
    const place = { topic: spec.topic, partition, offset, timestampUs: timestampMs * 1_000 };
    const plain = { ...place, headers: headersOf({ headers }) };
    const timestampUs = spec.time === null
      ? read.timestampUs ?? plain.timestampUs
      : timeOf(() => spec.time!(read.value as never, plain));
    return { key: read.key, value: read.value, metadata: { ...plain, timestampUs } };
  };
}

function timeOf(time: () => number): number {
  try {
    const timestampUs = time();
    if (Number.isSafeInteger(timestampUs)) return timestampUs;
  } catch {
    // Said below.
  }
  throw new DeserializationError("bad_time", "The event has no time");
}
