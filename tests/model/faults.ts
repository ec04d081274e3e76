import { repair } from "./comparison.ts";
import { compact } from "./partition_log.ts";
import { assign, crash, instanceFor, step, stepGlobals, stepStandbys } from "./process.ts";
import { changed, type SourceRows, TABLES } from "./program.ts";
import { begin } from "./start.ts";
import { deliver } from "./outbox.ts";
import { newTask, type Task, type ZombieLife } from "./task.ts";
import type { Change, Row } from "./values.ts";
import { RETENTION, type SourceName, type World } from "./world.ts";

/** One change of the source. */
export function changeSource(world: World, table?: SourceName): void {
  const { choices } = world;
  const key = (prefix: string, count: number) => `${prefix}${choices.below(count)}`;
  switch (table ?? choices.pick(["L", "L", "O", "U", "G"] as const)) {
    case "L": {
      const row = { o: choices.chance(0.08) ? null : key("o", 4), g: key("g", 3), q: 1 + choices.below(9) };
      if (choices.chance(0.1)) return exchange(world, { key: key("k", 6), row });
      return write(world, "L", { key: key("k", 6), row: choices.chance(0.2) ? null : row });
    }
    case "O": {
      const row = { st: key("s", 9), u: choices.chance(0.1) ? null : key("u", 3) };
      return write(world, "O", { key: key("o", 4), row: choices.chance(0.2) ? null : row });
    }
    case "U": {
      const user = key("u", 3);
      const c = choices.chance(0.6) ? world.truth.U.get(user)?.c ?? "c0" : key("c", 9);
      return write(world, "U", { key: user, row: choices.chance(0.2) ? null : { c, w: choices.below(4) } });
    }
    case "G": {
      const row = { sl: key("S", 3), pr: 1 + choices.below(9) };
      return write(world, "G", { key: key("g", 3), row: choices.chance(0.2) ? null : row });
    }
  }
}

function write(world: World, table: SourceName, { key, row }: { key: string; row: Row | null }): void {
  endTransaction(world);
  if (row === null) world.truth[table].delete(key);
  else world.truth[table].set(key, row);
  append(world, table, { key, change: row === null ? null : { kind: "put", row } });
}

function append(world: World, table: SourceName, { key, change }: { key: string; change: Change | null }): void {
  world.source(world.placeOf(table, key)).append(key, { value: change, time: world.now });
}

/** Within a transaction a row gets the key of another one before that one's delete is written. */
function exchange(world: World, { key, row }: { key: string; row: Row }): void {
  const before = world.truth.L.get(key);
  if (before === undefined) return write(world, "L", { key, row });
  endTransaction(world);
  const transaction = ++world.transactions;
  world.truth.L.set(key, row);
  append(world, "L", { key, change: { kind: "exchange", row, transaction } });
  world.unwritten.push(() => append(world, "L", { key, change: { kind: "delete", before, transaction } }));
}

/** Writes what is left of a transaction. */
export function endTransaction(world: World): void {
  for (const write of world.unwritten.splice(0)) write();
}

/** A source's partition is compacted. A global table's tombstones stay until every instance has read them. */
function compactSource(world: World, name: string): void {
  const { choices, now, alone } = world;
  const partition = Number(name.slice(1));
  const read = Math.min(...world.instances.map(({ globalPositions }) => globalPositions[partition] ?? 0));
  const log = world.source(name);
  const unread = name.startsWith("G") ? read : Infinity;
  const cuts = alone ? 0 : 0.05;
  const thoroughness = choices.chance(0.5) ? 1 : 0.5;
  compact(log, choices, { now, retention: RETENTION, unread, thoroughness, cuts });
}

/** Old records of an inbox go, rarely before they were read. */
function expireInbox(world: World, id: string): void {
  const log = world.inbox(id);
  const read = world.choices.chance(0.03) ? log.end : Math.min(log.end, world.tasks.get(id)!.inboxPosition);
  log.cut(log.start + world.choices.below(Math.max(0, read - log.start) + 1));
}

/** A table's topic is deleted and created again; not all of its rows come back. */
export function recreate(world: World, table: SourceName): void {
  const { choices } = world;
  endTransaction(world);
  world.recreateTopic(table);
  const records = choices.pick([2, 10, 30]);
  for (const [key, row] of [...world.truth[table]]) {
    const stays = choices.chance(0.6);
    for (let count = choices.below(records); count > 0; count--) write(world, table, { key, row });
    write(world, table, { key, row: stays ? row : null });
  }
  world.count("topics created again");
}

/** The last records of a partition are lost, and the rows are what is left says. */
export function loseRecords(world: World, name: string): void {
  const table = name[0] as SourceName;
  const log = world.source(name);
  endTransaction(world);
  log.lose(1 + world.choices.below(12));
  for (const key of [...world.truth[table].keys()]) {
    if (world.placeOf(table, key) === name) world.truth[table].delete(key);
  }
  const rows = world.truth[table];
  const source: SourceRows = { rows, former: new Map() };
  for (const { key, value } of log.records) {
    if (world.placeOf(table, key) !== name) continue;
    const row = changed(source, { key, change: value });
    if (row === null) rows.delete(key);
    else rows.set(key, row);
  }
  world.count("records lost");
}

/** A task moves. The process that had it may not know it yet. */
function move(world: World, id: string): void {
  const { choices } = world;
  const old = world.tasks.get(id)!;
  world.count("moves");
  if (choices.chance(0.12)) return bounce(world, old);
  if (choices.chance(0.7)) world.zombies.push(Object.assign(old, { zombie: zombieLife(world) }));
  else old.dead = true;
  if (choices.chance(0.2)) {
    const stalled = newTask(id, world.instance());
    stalled.zombie = { ...zombieLife(world), reads: true, stalled: true };
    world.zombies.push(stalled);
  }
  assign(world, id, { instance: instanceFor(world, id) });
}

/** The task goes elsewhere, runs there, and comes back to the process that still has it. */
function bounce(world: World, old: Task): void {
  assign(world, old.id, { instance: world.instance() });
  for (let count = world.choices.below(40); count > 0; count--) {
    const id = world.choices.chance(0.4) ? old.id : world.choices.pick(world.taskIds());
    step(world, world.tasks.get(id)!);
  }
  world.zombies.push(Object.assign(world.tasks.get(old.id)!, { zombie: zombieLife(world) }));
  world.tasks.set(old.id, old);
}

function zombieLife({ choices }: World): ZombieLife {
  return {
    steps: 5 + choices.below(choices.chance(0.3) ? 200 : 40),
    reads: choices.chance(0.4),
    onHello: choices.pick(["ends", "overlooks", "says hello"]),
    stalled: false,
  };
}

function stepZombie(world: World, task: Task): void {
  const life = task.zombie!;
  if (life.stalled) {
    if (world.choices.chance(0.3)) {
      life.stalled = false;
      begin(world, task);
    }
  } else if (life.reads) step(world, task);
  else if (task.queue.length > 0) deliver(world, task);
  if (--life.steps <= 0 || task.dead) world.zombies = world.zombies.filter((other) => other !== task);
}

/** Something happens to ClickHouse. */
export function tamper(world: World): void {
  const { choices, warehouse } = world;
  const sink = choices.pick(["rows", "shares"] as const);
  const keys = warehouse.keys(sink);
  const what = choices.below(6);
  if (what === 0) warehouse.empty();
  else if (what === 1) warehouse.restore();
  else if (what === 2) warehouse.cleanup();
  else if (keys.length > 0 && what === 3) warehouse.remove(sink, choices.pick(keys));
  else if (keys.length > 0) warehouse.alter(sink, choices.pick(keys));
  world.count("ClickHouse tampered with");
}

/** Something happens to a data directory. */
export function mistreat(world: World): void {
  const { choices } = world;
  if (world.options.kind !== "all faults") return;
  const { directory } = world.instance();
  const deeds = [
    () => directory.damage(choices),
    () => directory.swap(choices),
    () => directory.restore(choices),
    () => directory.downgrade(choices),
    () => directory.copyFrom(world.instance().directory),
  ];
  choices.pick(deeds)();
  world.count("directories mistreated");
}

/** Steps of everything in any order, while everything goes wrong that may. */
export function chaos(world: World, steps: number): void {
  const { choices, options } = world;
  const speeds = new Map(world.taskIds().map((id) => [id, 0.15 + choices.next()]));
  const moves = choices.next() * 0.04 * options.heat;
  const compactions = choices.next() * 0.12 * options.heat;
  const changes = 0.05 + choices.next() * 0.15;
  for (let count = 0; count < steps; count++) {
    world.now++;
    if (choices.chance(changes)) changeSource(world);
    if (choices.chance(0.05)) endTransaction(world);
    if (choices.chance(compactions)) {
      if (choices.chance(0.6)) compactSource(world, choices.pick([...world.sources.keys()]));
      else if (!world.alone) expireInbox(world, choices.pick(world.taskIds()));
    }
    if (choices.chance(0.01)) world.standbySpeed = choices.pick([0, 0.03, 0.4]);
    if (choices.chance(moves)) disturb(world);
    if (world.zombies.length > 0 && choices.chance(0.4)) stepZombie(world, choices.pick(world.zombies));
    if (world.ghosts.length > 0 && choices.chance(0.05)) {
      world.ghosts.splice(choices.below(world.ghosts.length), 1)[0].run();
    }
    for (const instance of world.instances) {
      if (choices.chance(0.2)) stepGlobals(world, instance);
      stepStandbys(world, instance);
    }
    const task = world.tasks.get(choices.pick(world.taskIds()))!;
    if (world.keeps("repair") && choices.chance(0.01)) repair(world, task);
    if (choices.chance(speeds.get(task.id)!)) step(world, task);
  }
}

/** Processes are suspended; the log goes on with what it has to do. */
export function pause(world: World): void {
  const { choices } = world;
  for (let count = 1 + choices.below(2); count > 0; count--) {
    for (const name of world.sources.keys()) if (choices.chance(0.8)) compactSource(world, name);
    if (!world.alone) world.now += choices.below(1.5 * RETENTION);
  }
  for (const name of world.sources.keys()) if (choices.chance(0.5)) compactSource(world, name);
}

/** A standby stands still while a row that it has is deleted and the tombstone removed; then it gets the task. */
function leaveBehind(world: World): void {
  const { choices } = world;
  const instance = world.instances.find(({ standbys }) => standbys.size > 0);
  if (instance === undefined) return;
  const [id, { rows }] = choices.pick([...instance.standbys]);
  const table = id[0] as SourceName;
  const own = [...world.truth[table]].filter(([key]) => world.placeOf(table, key) === id);
  const held = own.find(([key]) => (rows.get(key) ?? null) !== null);
  const other = own.find((row) => row !== held);
  if (held === undefined || other === undefined) return;
  write(world, table, { key: held[0], row: null });
  write(world, table, { key: other[0], row: other[1] });
  compactSource(world, id);
  world.now += RETENTION + 1;
  compactSource(world, id);
  assign(world, id, { instance });
  world.count("standbys left behind");
}

function disturb(world: World): void {
  const { choices } = world;
  if (world.alone || choices.chance(0.25)) return crash(world, world.instance());
  const what = choices.next();
  if (what > 0.98) leaveBehind(world);
  else if (what > 0.95) pause(world);
  else if (what < 0.05) tamper(world);
  else if (what < 0.1) mistreat(world);
  else if (what < 0.13) world.warehouse.backUp();
  else if (what < 0.16) recreate(world, choices.pick(TABLES));
  else move(world, choices.pick(world.taskIds()));
}

/** The inboxes are made anew, and a person raises the generation. */
export function renewGeneration(world: World): void {
  world.generation++;
  world.inboxes.clear();
  world.addPartitions();
  world.count("generations");
}

/** Another partition count: every row is written again where its key now belongs; the old records stay. */
export function repartition(world: World): void {
  world.partitions++;
  renewGeneration(world);
  for (const table of ["L", "O", "U", "G"] as const) {
    for (const [key, row] of world.truth[table]) write(world, table, { key, row });
  }
}
