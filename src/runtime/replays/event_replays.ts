import { eventReader } from "../../formats/event_reader.ts";
import { headersOf } from "../../formats/message_headers.ts";
import type { StreamPlan } from "../../plan/physical.ts";
import { type RecordMask, recordMasks } from "../../plan/record_masks.ts";
import type { Bytes, LogRecord, NewRecord } from "../../ports/log.ts";
import type { DeadLetter } from "../../ports/dead_letters.ts";
import { ProductionError } from "../../record/errors.ts";
import { ORIGIN_HEADER } from "../../record/event_origin.ts";
import { MASKED } from "../../record/mask.ts";
import { packHeaders, type RecordHeaders } from "../../record/headers.ts";
import { headerIn, REPLAY_HEADER, replayHeader } from "../../record/replay_header.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { edited } from "./edited_record.ts";
import { failedBy, unreadable } from "./failed_by.ts";
import { failed, refused, replayed, type ReplayRequest, type ReplayResult } from "./replay.ts";
import { copyOf, scanPartition } from "./scan_partition.ts";

/** Letters of one partition of a stream's topic. */
export interface EventReplays {
  readonly plan: StreamPlan;
  readonly partition: number;
  readonly requests: readonly ReplayRequest[];
}

/** What a look through the partition found. */
interface Found {
  /** By offset: the records that were asked for and are still there. */
  readonly records: ReadonlyMap<number, LogRecord>;
  /** By header: where the events lie that were written again before. */
  readonly before: ReadonlyMap<string, number>;
}

/** What a letter holds does not end so, nor has what stands for bytes that are no text, if it is the whole record. */
const NOT_WHOLE = /\ufffd|\.\.\. \[cut: at most \d+ bytes are kept\]$/;

const NO_TIME = "it has no time";

/** Operators that make several events of one, of which some may have come out. */
const SEVERAL: ReadonlySet<string> = new Set(["flatMap", "flatMapValues"]);

/**
 * Replays events. What is read once by position has no place to come back to: the event is written again, at the end of
 * its partition, with a header that names the letter's place and the stream it is for. From there it is an event like
 * any other, which counts once, as of the time of its replay where it comes late. The header is looked for before it is
 * written: a replay that was done, by whomever, is not done again.
 * @throws ProductionError when the log does not answer
 */
export async function replayEvents(
  instance: Instance,
  { plan, partition, requests }: EventReplays,
): Promise<ReplayResult[]> {
  const { ports: { log }, topics: { streams } } = instance;
  const { topic } = plan.source;
  const topicId = streams.get(topic)?.id ?? null;
  const mask = recordMasks(instance.topology).get(topic) ?? null;
  const headerOf = ({ offset }: DeadLetter) =>
    replayHeader({ topology: instance.topology.name, stream: plan.name, topicId, partition, offset: offset! });
  const found = await lookThrough(instance, { plan, partition, requests });
  const judged = requests.map((request): ReplayResult | NewRecord => {
    const before = found.before.get(headerOf(request.letter));
    if (before !== undefined) return done(before, "was replayed before, and counts once");
    const why = whyNotWhole(plan, request.letter);
    if (why !== null) return refused(why);
    return recordOf(request, { plan, header: headerOf(request.letter), found, mask });
  });
  const records = judged.filter((one): one is NewRecord => !isResult(one));
  if (records.length === 0) return judged as ReplayResult[];
  try {
    let [next] = await log.append([{ topic, partition, records }]);
    return judged.map((one) =>
      isResult(one) ? one : done(next++, "counts from now on, once, and late where it is late by now")
    );
  } catch (error) {
    if (!(error instanceof ProductionError)) throw error;
    const again = "It may have been written all the same: replay it again, which looks for it first";
    const [told, brief] = [error.message, error.brief ?? error.message].map((message) => `${message}. ${again}`);
    return judged.map((one) => isResult(one) ? one : failed(told, brief));
  }
}

async function lookThrough(instance: Instance, { plan, partition, requests }: EventReplays): Promise<Found> {
  const wanted = new Set(requests.map(({ letter }) => letter.offset!));
  const records = new Map<number, LogRecord>();
  const before = new Map<string, number>();
  const range = { topic: plan.source.topic, partition, from: Math.min(...wanted) };
  await scanPartition(instance.ports.log, range, (record) => {
    if (wanted.has(record.offset)) records.set(record.offset, copyOf(record));
    const header = headerIn(record.headers);
    if (header !== null && !before.has(header)) before.set(header, record.offset);
  });
  return { records, before };
}

/** Why something of the event may have counted already, or may count for others; null if nothing has. */
function whyNotWhole(plan: StreamPlan, { stage }: DeadLetter): string | null {
  if (plan.changes !== undefined || plan.source.changes !== null) {
    return `"${plan.source.topic}" is a table's topic: written again, an old change would be its row's newest one. ` +
      "Correct the row in the source database, which makes a change of it";
  }
  if (stage === "decode") return null;
  const ways = plan.sinks.length + plan.outputs.length + plan.shuffles.length;
  const several = plan.nodes.some(({ op }) => SEVERAL.has(op));
  if (stage === "callback" && ways === 1 && !several) return null;
  return `Other results of this event have come out of "${plan.name}" already, and would count twice. Correct the ` +
    "topology, and have what is missing computed anew under a new name";
}

/** The event to be written; or why it cannot be. */
function recordOf(
  { letter, edit }: ReplayRequest,
  { plan, header, found, mask }: {
    readonly plan: StreamPlan;
    readonly header: string;
    readonly found: Found;
    readonly mask: RecordMask | null;
  },
): ReplayResult | NewRecord {
  const record = found.records.get(letter.offset!) ?? keptRecord(letter);
  if (record === null && edit?.value === undefined) {
    return refused(
      `Offset ${letter.offset} of "${letter.topic}" partition ${letter.partition} is not in the log any more, and ` +
        "the letter holds no whole record: give the whole value",
    );
  }
  try {
    const { key, value } = edited(record ?? { key: letter.key, value: null }, edit, { columns: columnsOf(plan) });
    const timestampMs = record?.timestampMs ?? letter.timestampMs;
    // It is no repeat of what came before.
    const headers = packHeaders({ ...headersLeft(record), [ORIGIN_HEADER]: undefined, [REPLAY_HEADER]: header });
    return problemOf(plan, { key, value, headers, timestampMs }) ?? { key, value, timestampMs, headers };
  } catch (error) {
    return failedBy(error, { mask, edit });
  }
}

/** Those of an event; null of texts and bytes, and of changes, which have a row before and after. */
function columnsOf({ source: { value, changes } }: StreamPlan): readonly string[] | null {
  return typeof value === "object" && changes === null ? Object.keys(value.shape) : null;
}

/** What the letter holds of a record that is gone; null if that is not all of it. */
function keptRecord({ stage, key, record, timestampMs, offset }: DeadLetter): LogRecord | null {
  if (
    stage !== "decode" || record === null || `${key}${record}`.includes(MASKED) || NOT_WHOLE.test(record) ||
    (key !== null && NOT_WHOLE.test(key))
  ) {
    return null;
  }
  return { offset: offset!, timestampMs, key, value: record };
}

function headersLeft(record: LogRecord | null): RecordHeaders {
  try {
    return record === null ? {} : headersOf(record);
  } catch {
    // They may be what could not be read.
    return {};
  }
}

/** Why the stream would not take it; null if it would. @throws DeserializationError */
function problemOf(
  plan: StreamPlan,
  { key, value, headers, timestampMs }: {
    readonly key: Bytes | null;
    readonly value: Bytes | null;
    readonly headers: Uint8Array | undefined;
    readonly timestampMs: number;
  },
): ReplayResult | null {
  const read = eventReader(plan.source).read({ key, value, headers });
  if (read.kind === "skip") return failed(`It still cannot be read: it would be passed over (${read.reason})`);
  const { topic, time } = plan.source;
  if (time === null) return null;
  const metadata = { topic, partition: 0, offset: 0, timestampUs: timestampMs * 1_000, headers: {} };
  try {
    const timeUs: unknown = time(read.value as never, metadata);
    return Number.isSafeInteger(timeUs) ? null : unreadable(`${NO_TIME}: current value is ${String(timeUs)}`, NO_TIME);
  } catch (error) {
    return unreadable(`${NO_TIME}: ${error}`, NO_TIME);
  }
}

function done(offset: number, how: string): ReplayResult {
  return replayed(`The event lies at offset ${offset} of its partition, and ${how}`);
}

function isResult(one: object): one is ReplayResult {
  return "outcome" in one;
}
