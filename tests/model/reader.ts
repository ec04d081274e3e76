import type { PartitionLog } from "./partition_log.ts";
import { changed, decoded } from "./program.ts";
import type { Standby } from "./standby.ts";
import { entryOf, mark, type Task } from "./task.ts";
import { type Change, digestOf } from "./values.ts";
import { RETENTION, type World } from "./world.ts";

/** Reads the next record of a task's source; false if there is none. */
export function readSource(world: World, task: Task): boolean {
  const log = world.source(task.id);
  const record = log.next(task.sourcePosition);
  if (record === undefined) return false;
  task.sourcePosition = record.offset + 1;
  task.leaderEpoch = record.leaderEpoch;
  task.freshTime = Math.max(task.freshTime, record.time);
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

function read(world: World, change: Change | null): Change | null {
  if (change === null) return null;
  if (change.kind === "delete") return { ...change, before: decoded(change.before, world.plan) };
  return { ...change, row: decoded(change.row, world.plan) };
}

/** Of what a reader may not go on from: its topic is another one, its next record is gone, or tombstones may be. */
export function lostItsPlace(
  world: World,
  log: PartitionLog<Change | null>,
  reader: { readonly topicId: number; readonly position: number; freshTime: number },
): boolean {
  if (log.topicId !== reader.topicId) return true;
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
  const ignoresId = !world.keeps("standbyTopicId");
  const reader = { ...standby, topicId: ignoresId ? log.topicId : standby.topicId };
  if (lostItsPlace(world, log, reader) && world.keeps("standbyFresh")) {
    standbys.set(id, newStandby(world, id));
    return;
  }
  standby.freshTime = reader.freshTime;
  const record = log.next(standby.position);
  if (record === undefined) return;
  standby.position = record.offset + 1;
  standby.leaderEpoch = record.leaderEpoch;
  standby.freshTime = Math.max(standby.freshTime, record.time);
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
