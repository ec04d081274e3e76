import type { StreamPlan } from "../../plan/physical.ts";
import type { LogRecord, Position } from "../../ports/log.ts";
import { ProductionError, readOrNull } from "../../record/errors.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { StreamEvents } from "../streams/stream_events.ts";
import { isAskedKey } from "./event_place.ts";
import { SEARCH_MS_MAX, searchNewest } from "./newest_record.ts";

const POLL_MS = 200;
const READ_MS_MAX = 5_000;

/** The record at a place; or why there is none: its topic has lost it, or does not have it yet. */
export type RecordAt =
  | { readonly kind: "record"; readonly record: LogRecord }
  | { readonly kind: "gone"; readonly why: string }
  | { readonly kind: "ahead"; readonly end: number }
  | { readonly kind: "unknown"; readonly why: string };

/** Reads one record. @throws TypeError for a partition that the topic does not have */
export async function recordAt({ ports: { log, clock } }: Instance, place: Position): Promise<RecordAt> {
  const { topic, partition, offset } = place;
  const reader = log.reader();
  try {
    const { start, end } = await log.offsets(topic);
    if (partition >= end.length) {
      throw new TypeError(`Cannot look into partition ${partition} of "${topic}": it has ${end.length}, from 0 on`);
    }
    if (offset >= end[partition]) return { kind: "ahead", end: end[partition] };
    if (offset < start[partition]) {
      return {
        kind: "gone",
        why: `its oldest record is at offset ${start[partition]}: retention took what was before`,
      };
    }
    const deadlineMs = clock.elapsedMs() + READ_MS_MAX;
    reader.seek(topic, partition, offset);
    while (clock.elapsedMs() < deadlineMs) {
      for (const { records, nextOffset, outOfRange, problem } of await reader.poll(POLL_MS)) {
        if (problem !== undefined) return { kind: "unknown", why: problem };
        if (outOfRange !== undefined) return { kind: "gone", why: "its oldest records were deleted just now" };
        const record = records.find((one) => one.offset >= offset);
        if (record?.offset === offset) return { kind: "record", record };
        if (record !== undefined || nextOffset > offset) return { kind: "gone", why: GAP };
      }
    }
    return { kind: "unknown", why: `it was not read in ${READ_MS_MAX / 1_000} seconds` };
  } catch (error) {
    if (error instanceof ProductionError) return { kind: "unknown", why: error.message };
    throw error;
  } finally {
    await reader.close();
  }
}

const GAP = "compaction removed it, or what stood there was no record";

/** The newest record of a key, and whether all partitions were looked through. */
export interface KeySearch {
  readonly found: { readonly plan: StreamPlan; readonly place: Position } | null;
  /** Not everything was: in some seconds, from the ends backwards. */
  readonly cut: boolean;
  /** Retention or compaction may have taken records of the key. */
  readonly lost: boolean;
}

/** Looks for the newest record of a key in the topics of streams. */
export async function newestOfKey(
  { ports, topics, topology }: Instance,
  { plans, text }: { readonly plans: readonly StreamPlan[]; readonly text: string },
): Promise<KeySearch> {
  const deadlineMs = ports.clock.elapsedMs() + SEARCH_MS_MAX;
  let newest: (KeySearch["found"] & { readonly timestampMs: number }) | null = null;
  let [cut, lost] = [false, false];
  for (const plan of plans) {
    const { topic } = plan.source;
    const events = new StreamEvents(plan, topology.name);
    const { start, end } = await ports.log.offsets(topic);
    lost ||= start.some((offset) => offset > 0) || (topics.streams.get(topic)?.compacted ?? false);
    for (const [partition, before] of end.entries()) {
      const isWanted = (record: LogRecord) => isAskedKey(keyOf(events, { record, partition }), text);
      const found = await searchNewest(ports, { topic, partition, before, isWanted, deadlineMs });
      cut ||= found === null;
      if (found === null || found === "none" || found.timestampMs < (newest?.timestampMs ?? -1)) continue;
      newest = { plan, place: { topic, partition, offset: found.offset }, timestampMs: found.timestampMs };
    }
  }
  return { found: newest, cut, lost };
}

function keyOf(
  events: StreamEvents,
  { record, partition }: { readonly record: LogRecord; readonly partition: number },
): unknown {
  const read = readOrNull(() => events.read(record, partition));
  return read?.kind === "event" ? read.key : null;
}
