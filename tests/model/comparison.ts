import { mark, type Task } from "./task.ts";
import { aggregateOf } from "./values.ts";
import { type Sink, SINKS } from "./warehouse.ts";
import type { World } from "./world.ts";

/** Makes what the task takes for shown what ClickHouse shows. Entries that differ are marked. */
export function compareAtStart(world: World, task: Task): void {
  for (const sink of task.table === "L" ? SINKS : []) {
    if (task.restored === null) readBase(world, task, { sink });
    else if (!overlayNewer(world, task, { sink })) {
      world.count("snapshots that differ");
      if (world.alone) world.fail(`Q ${task.id}: the base was read, though nobody else wrote`);
      readBase(world, task, { sink });
    } else world.count("snapshots that agree");
  }
}

/**
 * With one question: rows written after the snapshot one by one, the others as an aggregate. Whether the aggregate is
 * the one of the snapshot.
 */
function overlayNewer(world: World, task: Task, { sink }: { readonly sink: Sink }): boolean {
  if (!world.keeps("aggregate")) return true;
  const { watermark } = task.restored!.header;
  const unchecked = !world.keeps("aggregateChecksRows");
  const upTo = world.keeps("aggregateUpToWatermark") ? watermark : { epoch: Infinity, seq: 0 };
  const { older, newer } = world.warehouse.split(sink, task.id, { watermark: upTo, unchecked });
  const held = [...shownBy(task, sink)].filter(([key]) => !newer.has(key));
  const { count, sum } = aggregateOf(held);
  if (count !== older.count || sum !== older.sum) return false;
  if (world.keeps("newerOverlaid")) { for (const [key, digest] of newer) take(world, task, { sink, key, digest }); }
  return true;
}

function readBase(world: World, task: Task, { sink }: { readonly sink: Sink }): void {
  world.count("bases read");
  const base = world.warehouse.base(sink, task.id);
  const held = [...shownBy(task, sink)].map(([key]) => key);
  for (const key of new Set([...base.keys(), ...held])) {
    if (owns(world, task, { sink, key })) take(world, task, { sink, key, digest: base.get(key) ?? null });
  }
}

function owns(world: World, task: Task, { sink, key }: { sink: Sink; key: string }): boolean {
  return sink === "shares" || world.partitionOf(key) === task.partition;
}

/** Digests by key. */
function* shownBy(task: Task, sink: Sink): Generator<[string, string]> {
  if (sink === "shares") yield* task.shares;
  else for (const [key, { shown }] of task.entries) if (shown !== null) yield [key, shown];
}

/** ClickHouse shows this of the key. */
function take(
  world: World,
  task: Task,
  { sink, key, digest }: { readonly sink: Sink; readonly key: string; readonly digest: string | null },
): void {
  if (sink === "shares") {
    if (digest === (task.shares.get(key) ?? null)) return;
    if (digest === null) task.shares.delete(key);
    else task.shares.set(key, digest);
    task.dirtyGroups.add(key.split("|")[0]);
    return;
  }
  if (digest === (task.entries.get(key)?.shown ?? null)) return;
  if (world.keeps("overlayEvaluated")) mark(task, key);
  const entry = task.entries.get(key);
  if (entry !== undefined) entry.shown = digest;
}

/** The comparison that runs from time to time: row by row. What waits to be written is left alone. */
export function repair(world: World, task: Task): void {
  if (!task.complete || task.table !== "L") return;
  for (const sink of SINKS) {
    const base = world.warehouse.base(sink, task.id);
    const waiting = new Set(task.queue.filter(({ destination }) => destination === sink).map(({ key }) => key));
    const held = [...shownBy(task, sink)].map(([key]) => key);
    for (const key of new Set([...base.keys(), ...held])) {
      if (waiting.has(key)) continue;
      if (owns(world, task, { sink, key })) take(world, task, { sink, key, digest: base.get(key) ?? null });
      else discard(world, task, { sink, key });
    }
  }
}

/** A row whose key is another task's since the partition count changed: a row of that task wins, whenever it comes. */
function discard(world: World, task: Task, { sink, key }: { sink: Sink; key: string }): void {
  world.warehouse.insert(sink, key, { task: task.id, epoch: world.leastEpoch, seq: 0, digest: null, row: null });
}
