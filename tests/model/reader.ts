import type { LogRecord, PartitionLog } from "./partition_log.ts";
import { changed, decoded } from "./program.ts";
import type { Standby } from "./standby.ts";
import { entryOf, mark, type Task } from "./task.ts";
import { type Change, digestOf } from "./values.ts";
import { RETENTION, type World } from "./world.ts";

/** What is known of how far a source was read: of a task, or of a standby. */
interface Reader {
  position: number;
  leaderEpoch: number;
  freshTime: number;
}

/** Reads the next record of a task's source; false if there is none. */
export function readSource(world: World, task: Task): boolean {
  const record = next(world.source(task.id), task);
  if (record === undefined) return false;
  const { key } = record;
  if (world.partitionOf(key) !== task.partition) return true; // It lies elsewhere since the partition count changed.
  const row = changed(task, { key, change: read(world, record.value) });
  if (digestOf(task.entries.get(key)?.row ?? null) === digestOf(row)) return true;
  const entry = entryOf(task, key);
  entry.row = row;
  if (task.loaded) mark(task, key);
  else entry.pending = true;
  return true;
}

/** The next record, and moves on behind it. */
function next<Value>(log: PartitionLog<Value>, reader: Reader): LogRecord<Value> | undefined {
  const record = log.next(reader.position);
  if (record === undefined) return undefined;
  reader.position = record.offset + 1;
  reader.leaderEpoch = record.leaderEpoch;
  reader.freshTime = Math.max(reader.freshTime, record.time);
  return record;
}

function read(world: World, change: Change | null): Change | null {
  if (change === null) return null;
  if (change.kind === "delete") return { ...change, before: decoded(change.before, world.plan) };
  return { ...change, row: decoded(change.row, world.plan) };
}

/**
 * Whether a reader may not go on, also in the same topic: its next record is gone, or tombstones may be. One that is at
 * the end is fresh from now on.
 */
export function lostItsPlace(
  world: World,
  reader: Reader,
  { log }: { readonly log: PartitionLog<Change | null> },
): boolean {
  if (reader.position < log.start || reader.position > log.end) return true;
  if (log.next(reader.position) === undefined) reader.freshTime = world.now;
  return world.now - reader.freshTime > RETENTION / 2;
}

export function newStandby(world: World, id: string): Standby {
  const { topicId, start } = world.source(id);
  return { rows: new Map(), former: new Map(), topicId, position: start, leaderEpoch: 0, freshTime: world.now };
}

/** One record for a standby; one that lost its place begins anew. */
export function readStandby(world: World, standbys: Map<string, Standby>, { id }: { readonly id: string }): void {
  const log = world.source(id);
  const standby = standbys.get(id)!;
  const recreated = log.topicId !== standby.topicId && world.keeps("standbyTopicId");
  if ((recreated || lostItsPlace(world, standby, { log })) && world.keeps("standbyFresh")) {
    standbys.set(id, newStandby(world, id));
    return;
  }
  const record = next(log, standby);
  if (record === undefined) return;
  const { key } = record;
  if (world.partitionOf(key) !== Number(id.slice(1))) return;
  standby.rows.set(key, changed(standby, { key, change: read(world, record.value) }));
  if (!world.keeps("standbySilent") && id[0] === "L") evaluateAsStandby(world, standby, { id, key });
}

/** What a standby must not do: it shows what it makes of a row, in the name of the task. */
function evaluateAsStandby(world: World, standby: Standby, { id, key }: { id: string; key: string }): void {
  const row = standby.rows.get(key) ?? null;
  const { epoch } = world.tasks.get(id)!;
  const shown = row === null ? null : { st: null, c: null, sl: "S9", s: Number(row.q), o: row.o };
  world.warehouse.insert("rows", key, { task: id, epoch, seq: 1e9, digest: digestOf(shown), row: shown });
}
