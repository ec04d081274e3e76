import { askSome } from "./blocks.ts";
import { receive } from "./conversation.ts";
import { globalChanged, work } from "./evaluation.ts";
import type { Instance } from "./instance.ts";
import { deliver } from "./outbox.ts";
import { lostItsPlace, newStandby, readSource, readStandby } from "./reader.ts";
import { writeSnapshot } from "./snapshot_writer.ts";
import { begin, isLoaded, open } from "./start.ts";
import { newTask, type Task } from "./task.ts";
import type { World } from "./world.ts";

/** Gives the task to an instance, where a new life of it begins. */
export function assign(world: World, id: string, { instance }: { readonly instance: Instance }): void {
  const task = newTask(id, instance);
  begin(world, task);
  world.tasks.set(id, task);
  if (!world.standbys || world.instances.some(({ standbys }) => standbys.has(id))) return;
  const other = world.choices.pick(world.instances.filter((candidate) => candidate !== instance));
  other.standbys.set(id, newStandby(world, id));
}

/** A life ends; of what it has under way some arrives later. */
function end(world: World, task: Task): void {
  task.dead = true;
  const underWay = task.queue.slice(0, 1 + world.choices.below(3));
  if (world.alone || !world.faults) return;
  if (world.choices.chance(0.3)) world.ghosts.push(...underWay);
}

function restart(world: World, task: Task): void {
  world.count("restarts");
  end(world, task);
  if (task.zombie !== null) return;
  const moves = world.faults && world.choices.chance(0.3);
  assign(world, task.id, { instance: moves ? instanceFor(world, task.id) : task.instance });
}

/** Where a task moves to: often to its standby, or where it has a snapshot. */
export function instanceFor(world: World, id: string): Instance {
  const { choices, instances } = world;
  const warm = instances.filter(({ standbys, directory }) => standbys.has(id) || directory.get(id) !== undefined);
  return warm.length > 0 && choices.chance(0.7) ? choices.pick(warm) : choices.pick(instances);
}

/** One turn of a task; false if there was nothing to do. */
export function step(world: World, task: Task): boolean {
  if (task.dead) return false;
  const { choices } = world;
  const log = world.source(task.id);
  const recreated = log.topicId !== task.topicId;
  if (task.inboxPosition < world.inbox(task.id).start || recreated || lostItsPlace(world, task, { log })) {
    world.count("places lost");
    restart(world, task);
    return true;
  }
  const opens = !task.loaded && isLoaded(world, task);
  if (opens) open(world, task);
  if (task.loaded && world.faults) writeSnapshot(world, task);
  const readable = hasInput(world, task);
  if (task.queue.length > 0 && (task.queue.length > 40 || !readable || choices.chance(0.6))) {
    deliver(world, task);
    return true;
  }
  if (!readable && !opens) return false;
  for (let count = 1 + choices.below(choices.chance(0.3) ? 10 : 3); count > 0 && hasInput(world, task); count--) {
    if (!read(world, task)) return true;
    if (!task.loaded && isLoaded(world, task)) break;
  }
  if (task.loaded) {
    askSome(world, task);
    work(world, task, { limit: 1 + choices.below(6) });
  }
  return true;
}

function hasInput(world: World, task: Task): boolean {
  if (world.source(task.id).next(task.position) !== undefined) return true;
  if (!task.loaded) return false;
  const own = task.work.size > 0 || task.toAsk.size > 0 || (task.complete && task.dirtyGroups.size > 0);
  return own || world.inbox(task.id).next(task.inboxPosition) !== undefined;
}

/** Reads one record; false if this life ended with it. */
function read(world: World, task: Task): boolean {
  const record = task.loaded ? world.inbox(task.id).next(task.inboxPosition) : undefined;
  if (record === undefined || world.choices.chance(0.5)) {
    readSource(world, task);
    return true;
  }
  task.inboxPosition = record.offset + 1;
  if (record.value !== null) {
    receive(world, task, { message: record.value });
    return true;
  }
  return successor(world, task);
}

/** A later HELLO in its own inbox: somebody else has, or had, the task. */
function successor(world: World, task: Task): boolean {
  const { zombie } = task;
  if (zombie === null) {
    if (!world.keeps("selfHello")) return true;
    restart(world, task);
    return false;
  }
  if (zombie.onHello === "overlooks") return true;
  end(world, task);
  if (zombie.onHello === "ends") return false;
  const next = newTask(task.id, task.instance);
  next.zombie = { ...zombie };
  begin(world, next);
  world.zombies.push(next);
  world.count("zombies that said HELLO");
  return false;
}

/** One record of a global table; false if all are read. */
export function stepGlobals(world: World, instance: Instance): boolean {
  const { globalPositions: positions } = instance;
  const partition = positions.findIndex((position, index) => world.source(`G${index}`).next(position) !== undefined);
  if (partition < 0) return false;
  const record = world.source(`G${partition}`).next(positions[partition])!;
  positions[partition] = record.offset + 1;
  if (world.partitionOf(record.key) !== partition) return true;
  instance.globals.set(record.key, record.value?.kind === "put" ? record.value.row : null);
  for (const task of [...world.tasks.values(), ...world.zombies]) {
    if (task.instance === instance && task.table === "L" && task.loaded) globalChanged(task, record.key);
  }
  return true;
}

export function stepStandbys(world: World, { standbys }: Instance): void {
  for (const id of standbys.keys()) if (world.choices.chance(world.standbySpeed)) readStandby(world, standbys, { id });
}

/** A process is killed: only its directory stays. Its tasks go to any instance. */
export function crash(world: World, instance: Instance): void {
  world.count("crashes");
  const { choices } = world;
  instance.globals.clear();
  instance.globalPositions.length = 0;
  instance.standbys.clear();
  instance.directory.crash(choices);
  if (world.options.kind === "all faults" && choices.chance(0.1)) instance.directory.damage(choices);
  const gone = world.zombies.filter((task) => task.instance === instance);
  world.zombies = world.zombies.filter((task) => task.instance !== instance);
  for (const task of gone) end(world, task);
  world.addPartitions();
  for (const [id, task] of [...world.tasks]) {
    if (task.instance !== instance) continue;
    if (task.snapshotJob !== null) world.count("crashes while a snapshot was written");
    end(world, task);
    assign(world, id, { instance: instanceFor(world, id) });
  }
}
