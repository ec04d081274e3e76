import { MISPLACED } from "../globals/change_reader.ts";
import type { Decoder } from "../../formats/decoder.ts";
import { type RecordMask, recordMasks } from "../../plan/record_masks.ts";
import type { LogRecord } from "../../ports/log.ts";
import { type Correction, printOf } from "../../record/correction.ts";
import type { Key } from "../../record/key.ts";
import { type Instance, placeName } from "../lifecycle/instance.ts";
import type { Corrected } from "../globals/change_reader.ts";
import { changedColumns } from "./changed_columns.ts";
import { edited, textOf } from "./edited_record.ts";
import { failedBy } from "./failed_by.ts";
import { failed, refused, replayed, type ReplayRequest, type ReplayResult } from "./replay.ts";
import { copyOf, scanPartition } from "./scan_partition.ts";

/** How the records of a table's topic are read. */
export interface TableReading {
  readonly table: string;
  readonly decoder: Decoder;
  /** The columns that it takes of a row. */
  readonly columns: readonly string[];
}

/** Letters of one partition of a table's topic, and how these are read. */
export interface TableReplays {
  readonly reading: TableReading;
  readonly topic: string;
  readonly partition: number;
  readonly requests: readonly ReplayRequest[];
}

/** What a look through the partition found. */
interface Found {
  /** By offset: the records that were asked for and are still there. */
  readonly records: ReadonlyMap<number, LogRecord>;
  /** Of their keys: where the newest record of each lies. */
  readonly newest: ReadonlyMap<Key, number>;
}

/** What a record should have said. */
interface CorrectedValue {
  /** Null: a tombstone. */
  readonly text: string | null;
  /** Whether it says that the row is no more. */
  readonly deletes: boolean;
}

interface Judged extends Pick<CorrectedValue, "deletes"> {
  readonly correction: Correction;
}

/**
 * Replays records that a table could not read, at the places where they lie: what each should have said becomes a
 * correction, which all readers of the partition take in its stead from then on ({@link ChangeReader}). It is refused
 * where a newer record of the key is known; one that comes meanwhile wins by its place, whatever is told here.
 * @throws ProductionError when the log does not answer
 */
export async function replayRecords(
  instance: Instance,
  { reading, topic, partition, requests }: TableReplays,
): Promise<ReplayResult[]> {
  const found = await lookThrough(instance, { reading, topic, partition, requests });
  const topicId = instance.topics.sources.get(topic)?.id ?? null;
  const mask = recordMasks(instance.topology).get(topic) ?? null;
  const judged = requests.map((request): ReplayResult | Judged => {
    const record = found.records.get(request.letter.offset!);
    if (record === undefined) return refused(goneText(request));
    const corrected = correctedValue(request, { record, reading, newest: found.newest, mask });
    if (isResult(corrected)) return corrected;
    const { text: value, deletes } = corrected;
    const { offset, timestampMs, key } = record;
    const print = printOf(record.written ?? record.value);
    const changed = changedColumns(record.value, value);
    const place = { topic, topicId, partition, offset };
    return { correction: { ...place, timestampMs, key: textOf(key!), print, changed, value }, deletes };
  });
  const corrections = judged.flatMap((one) => isResult(one) ? [] : [one.correction]);
  const became = corrections.length === 0 ? new Map() : await instance.corrections.record(corrections);
  return judged.map((one) =>
    isResult(one) ? one : resultOf(one, { became: became.get(placeName(one.correction)) ?? [], reading })
  );
}

async function lookThrough(instance: Instance, replays: TableReplays): Promise<Found> {
  const { reading: { decoder }, topic, partition, requests } = replays;
  const wanted = new Set(requests.map(({ letter }) => letter.offset!));
  const records = new Map<number, LogRecord>();
  const newest = new Map<Key, number>();
  await scanPartition(instance.ports.log, { topic, partition, from: Math.min(...wanted) }, (record) => {
    const isWanted = wanted.has(record.offset);
    if (isWanted) records.set(record.offset, copyOf(record));
    const key = decoder.keyOf(record.key);
    if (key !== null && (isWanted || newest.has(key))) newest.set(key, record.offset);
  });
  return { records, newest };
}

/** What the record should have said; or why that cannot be. */
function correctedValue(
  { letter, edit }: ReplayRequest,
  { record, reading: { decoder, table, columns }, newest, mask }: {
    readonly record: LogRecord;
    readonly reading: TableReading;
    readonly newest: Found["newest"];
    readonly mask: RecordMask | null;
  },
): ReplayResult | CorrectedValue {
  const { topic, partition } = letter;
  const key = decoder.keyOf(record.key);
  if (letter.reason === MISPLACED) {
    return refused(
      `It lies in partition ${partition} of "${topic}", where nobody looks for its key; at its place it can mean ` +
        `nothing. Write it anew: deno task produce ${topic} puts records where they belong`,
    );
  }
  if (key === null || (edit?.key !== undefined && decoder.keyOf(edit.key) !== key)) {
    return refused(
      `${
        key === null ? "Its key cannot be read, and" : "Another key is another row:"
      } a correction gives a record no ` +
        "other key. Its place is kept by the key that lies there, so a row of another key would come back after its " +
        `deletion, as soon as that is compacted. Write that row anew: deno task produce ${topic}`,
    );
  }
  const later = newest.get(key)!;
  if (later > record.offset) {
    return refused(
      `A newer record of its key lies at offset ${later} of "${topic}" partition ${partition}: that one counts. If ` +
        "it cannot be read, either, replay its letter",
    );
  }
  try {
    const { value } = edited(record, edit, { columns });
    const read = decoder.decode({ key: record.key, value });
    if (read.kind === "skip") return failed(`It would say nothing about a row of "${table}" (${read.reason})`);
    const text = value === null ? null : textOf(value);
    if (value !== null && text === null) return failed("It is no UTF-8: give the whole value");
    return { text, deletes: read.kind === "delete" };
  } catch (error) {
    return failedBy(error, { mask, edit });
  }
}

function goneText({ letter: { topic, partition, offset } }: ReplayRequest): string {
  return `Offset ${offset} of "${topic}" partition ${partition} is not in the log any more: a newer record of its ` +
    "key has taken its place there (compaction), or records were deleted. What is newer counts";
}

function resultOf(
  { correction: { topic, partition, offset }, deletes }: Judged,
  { became, reading: { table } }: { readonly became: readonly Corrected[]; readonly reading: TableReading },
): ReplayResult {
  const place = `offset ${offset} of "${topic}" partition ${partition}`;
  if (became.includes("applied") || became.includes("unknown")) {
    const others = became.includes("unknown")
      ? ". What could read the record as it lay, and reads what was edited, reads its topic again to have it so, too"
      : "";
    return replayed(
      deletes
        ? `Its row is deleted from "${table}" as of ${place}, and will be so after every restart${others}`
        : `"${table}" has it now as of ${place}, and will have it so after every restart${others}`,
    );
  }
  if (became.includes("unreadable")) {
    return failed(`It still cannot be read at ${place}: it may lie in another partition than its key belongs to`);
  }
  if (became.includes("outdated")) {
    return refused(`Something newer of its key was read meanwhile, or ${place} could be read after all: that counts`);
  }
  const taken = deletes ? "as the deletion of its row" : "corrected";
  return replayed(`Whoever reads ${place} takes it ${taken} from now on, unless something newer of its key comes`);
}

function isResult(one: object): one is ReplayResult {
  return "outcome" in one;
}
