import type { StagePlan, StreamPlan } from "../../plan/physical.ts";
import type { Log, Progress } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import { sourceOf } from "../../record/source_name.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { RANGE_OFFSETS_MAX } from "./batch_queue.ts";
import type { FedOutputs } from "./fed_outputs.ts";
import { type Announced, decodeNote, NO_DIGEST } from "./stream_note.ts";

/** Where a stream's task goes on. */
export interface StreamStart {
  /** Names the topic in append tables: its name, and its id where the log has ids. */
  readonly source: string;
  readonly topicId: string | null;
  /** The next offset to read. */
  readonly position: number;
  /** Where the partition began. */
  readonly first: number;
  /** Where it ended. */
  readonly end: number;
  /** A range that was announced and may be there, wholly or in parts; null if there is none. */
  readonly announced: (Announced & { readonly from: number }) | null;
  /** Records that are gone from the log and were not processed, and why; null if there are none. */
  readonly lost: { readonly records: number; readonly reason: string } | null;
  /** What the records before went into; null if that is not known. */
  readonly fed: FedOutputs | null;
  /** Topics that are written exactly once have all of the records below; absent: whatever the position says. */
  readonly toldTo?: number;
}

/** What is there of a partition whose position nobody knows. */
export interface FoundRows {
  /** For each sink of the stream: the greatest offset of which a row is there, or null. */
  readonly appended: readonly (number | null)[];
  /** As `lastTold`. */
  readonly told: number | null;
}

/**
 * Where to go on if the group knows nothing, but rows are there: Kafka forgets the positions of a group that was away
 * for long, and people delete them. Behind the last record that some sink has a row of, the ranges before which all
 * sinks have whole: what one of them may lack is as near as a range is long. Topics that are written exactly once lack
 * nothing before their last record.
 */
function knownRange(
  { appended, told }: FoundRows,
  { first, end }: { readonly first: number; readonly end: number },
): Pick<StreamStart, "position" | "announced" | "toldTo"> | null {
  const known = appended.filter((last) => last !== null);
  const toldTo = told === null ? {} : { toldTo: told + 1 };
  if (known.length === 0) {
    return told === null ? null : { position: Math.max(first, Math.min(end, told + 1)), announced: null, ...toldTo };
  }
  const to = Math.min(end, Math.max(...known, told ?? 0) + 1);
  const from = Math.max(first, to - RANGE_OFFSETS_MAX);
  return from >= to
    ? { position: Math.max(first, to), announced: null, ...toldTo }
    : { position: from, announced: { from, to, digest: NO_DIGEST, deadlineMs: null }, ...toldTo };
}

/** Says where a task goes on, and what is lost. */
export function tellStart(
  { id, plan }: { readonly id: string; readonly plan: Pick<StreamPlan | StagePlan, "name"> },
  { position, end, lost }: StreamStart,
  { onEvent, topology, ports: { metrics } }: Instance,
): void {
  onEvent({ kind: "stream begun", task: id, position, records: end - position });
  if (lost === null) return;
  onEvent({ kind: "records lost", task: id, ...lost });
  metrics.count("weir_stream_records_lost_total", { topology: topology.name, table: plan.name }, lost.records);
}

/**
 * Finds where to go on: behind what is done, at the beginning of a topic that was never read (or, if it says so, at its
 * end), and at the beginning of one that was made again.
 * @throws ProductionError
 */
export async function streamStart(
  { topic, from }: { readonly topic: string; readonly from: "earliest" | "latest" },
  { partition, progress, log, found }: {
    readonly partition: number;
    readonly progress: Progress | null;
    readonly log: Pick<Log, "topics" | "offsets">;
    /** Looks what is there. */
    readonly found: (source: string) => Promise<FoundRows>;
  },
): Promise<StreamStart> {
  const description = (await log.topics([topic])).get(topic);
  if (description === undefined) {
    throw new ProductionError(`Topic "${topic}" is not there any more`, { retriable: true });
  }
  const offsets = await log.offsets(topic);
  const [first, end] = [offsets.start[partition], offsets.end[partition]];
  const { id: topicId } = description;
  const note = progress === null ? null : decodeNote(progress.note);
  const source = sourceOf(topic, description);
  const place = { source, topicId, first, end, fed: note?.fed ?? null };
  if (progress === null) {
    const known = knownRange(await found(place.source), { first, end });
    if (known !== null) return { ...place, ...known, lost: null };
    return { ...place, position: from === "latest" ? end : first, announced: null, lost: null };
  }
  if (note !== null && note.topicId !== topicId) {
    const reason = `topic "${topic}" was made again`;
    return { ...place, position: first, announced: null, lost: { records: 0, reason } };
  }
  const { offset } = progress;
  if (offset > end) {
    const reason = `topic "${topic}" ends before what was read of partition ${partition}: its log has lost records`;
    return { ...place, position: end, announced: null, lost: { records: 0, reason } };
  }
  const announced = note?.announced ?? null;
  const gone = Math.max(0, first - offset) + (note?.lost ?? 0);
  const reason = `they were deleted from topic "${topic}" before they were processed`;
  return {
    ...place,
    position: Math.max(offset, first),
    announced: announced !== null && announced.to > first ? { from: offset, ...announced } : null,
    lost: gone > 0 ? { records: gone, reason } : null,
  };
}
