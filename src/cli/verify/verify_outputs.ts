import type { OutputNode } from "../../dsl/stream_nodes.ts";
import type { Topology } from "../../dsl/topology.ts";
import { computeOutputs, type OracleEvent } from "../../oracle/append_oracle.ts";
import type { Bytes, Log, LogRecord, TopicDescription } from "../../ports/log.ts";
import { isTooLarge, outputRecords } from "../../processor/output_record.ts";
import { ORIGIN_HEADER } from "../../record/event_origin.ts";
import { readHeaders, type RecordHeaders } from "../../record/headers.ts";
import { type CanonicalRow, compareRows, expectRows } from "./compare.ts";
import { type EventRecords, numbering, placeOf, recordsOf } from "./event_records.ts";
import type { SinkReport } from "./sink_report.ts";

/** The key is where an event comes from, which tells it apart from all others of its topic. */
const COLUMNS = { names: ["origin", "key", "value", "headers"], key: [0] } as const;

/** The topics that a topology's streams are written to. */
export function outputTopics({ streams }: Topology): string[] {
  return streams.flatMap((node) => node.op === "output" ? [node.sink.topic] : []);
}

/** What comparing the topics found; or why one cannot be. */
export interface OutputReport {
  readonly sinks: readonly SinkReport[];
  readonly unjudged: readonly { readonly topology: string; readonly sink: string; readonly reason: string }[];
}

/**
 * Recomputes what every topic must hold that a topology writes to, and compares it record by record: each event must be
 * there, and whatever is there again must be the same; in topics that are written exactly once nothing is. Records of
 * other writers, and of events that are gone from their source, are passed over.
 * @throws ProductionError when the log does not answer
 */
export async function verifyOutputs(
  topology: Topology,
  { log, topics }: { readonly log: Log; readonly topics: ReadonlyMap<string, EventRecords> },
): Promise<OutputReport> {
  const described = await log.topics(outputTopics(topology));
  const sinks: SinkReport[] = [];
  const unjudged: OutputReport["unjudged"][number][] = [];
  for (const [node, events] of computeOutputs(topology, (topic) => topics.get(topic)!.events)) {
    const { topic } = node.sink;
    const description = described.get(topic);
    const of = { topology: topology.name, sink: topic };
    if (events === null) {
      unjudged.push({ ...of, reason: "its events depend on what was there, or came before, when each was processed" });
    } else if (description === undefined) unjudged.push({ ...of, reason: "the topic is not there" });
    else {
      const range = await log.offsets(topic);
      if (description.compacted || range.start.some((start) => start > 0)) {
        unjudged.push({ ...of, reason: "the topic may not have all of its records any more" });
      } else {
        const records = (await recordsOf(log, topic, range)).flat();
        sinks.push({ ...of, ...await compared({ node, events, records, description }, topics) });
      }
    }
  }
  return { sinks, unjudged };
}

interface Written {
  readonly node: OutputNode;
  readonly events: readonly OracleEvent[];
  readonly records: readonly LogRecord[];
  readonly description: TopicDescription;
}

async function compared(
  { node, events, records, description: { messageBytesMax } }: Written,
  topics: ReadonlyMap<string, EventRecords>,
): Promise<Omit<SinkReport, "topology" | "sink">> {
  const startedMs = performance.now();
  const write = outputRecords(node);
  const rows: CanonicalRow[] = [];
  let unfit = 0;
  const numberOf = numbering();
  for (const { key, value, metadata } of events) {
    const place = `${topics.get(metadata.topic)!.source}/${metadata.partition}/${metadata.offset}`;
    try {
      const record = write(value, key, metadata);
      if (isTooLarge(record, messageBytesMax)) throw new TypeError("The record is too large");
      const index = numberOf(place);
      const headers = Object.fromEntries(Object.entries(record.headers).filter(([, text]) => text !== undefined));
      rows.push(rowOf({ ...record, origin: `${place}/${index}`, headers }));
    } catch (error) {
      // It is a dead letter; what is no TypeError comes from the callback of the headers.
      if (!(error instanceof Error)) throw error;
      unfit++;
    }
  }
  const stored = await compareRows(COLUMNS, {
    expected: expectRows(COLUMNS, { rows }),
    actual: { lines: linesOf(records, { topics, node }), parse: (line) => JSON.parse(line) as CanonicalRow },
  });
  return { view: stored, stored, unfit, moving: 0, durationMs: Math.round(performance.now() - startedMs) };
}

/** The records as lines, without those that may be there again, as they were. */
async function* linesOf(
  records: readonly LogRecord[],
  { topics, node: { sink } }: { readonly topics: ReadonlyMap<string, EventRecords>; readonly node: OutputNode },
): AsyncGenerator<readonly string[]> {
  const sources = new Map([...topics.values()].map((events) => [events.source, events]));
  const lines: string[] = [];
  for (const { headers: packed, ...record } of records) {
    const { [ORIGIN_HEADER]: origin, ...headers } = readHeaders(packed);
    if (typeof origin !== "string" || !isJudged(origin, sources)) continue;
    lines.push(JSON.stringify(rowOf({ ...record, origin, headers })));
  }
  yield sink.guarantee === "exactly_once" ? lines : [...new Set(lines)];
}

/** Whether it is of this topology, and what it was made of can be read: else nobody knows what it should be. */
function isJudged(origin: string, sources: ReadonlyMap<string, EventRecords>): boolean {
  const [, source, partition, offset] = /^(.*)\/(\d+)\/(\d+)\/\d+$/.exec(origin) ?? [];
  const events = sources.get(source);
  if (events === undefined) return false;
  const place = placeOf(Number(partition), Number(offset));
  return Number(offset) >= events.starts[Number(partition)] && (events.left?.has(place) ?? true);
}

function rowOf(
  { origin, key, value, headers }: {
    readonly origin: string;
    readonly key: Bytes | null;
    readonly value: Bytes | null;
    readonly headers: RecordHeaders;
  },
): CanonicalRow {
  const sorted = Object.entries(headers).sort(([a], [b]) => a < b ? -1 : 1);
  return [origin, textOf(key), textOf(value), JSON.stringify(sorted)];
}

const encoder = new TextEncoder();
/** Gives every byte a character of its own. */
const singleBytes = new TextDecoder("latin1");

function textOf(bytes: Bytes | null): string | null {
  return bytes === null ? null : singleBytes.decode(typeof bytes === "string" ? encoder.encode(bytes) : bytes);
}
