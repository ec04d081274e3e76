import { assign, kill, notify } from "./group.ts";
import { ChangelogReader } from "./reader.ts";
import { type AggregateOptions, AggregateWorld, GROUPS, PARTITIONS, type Task } from "./world.ts";

/** Ticks after which whatever has not come to rest never will. */
const TICKS_MAX = 5000;
/** Ticks at rest before it is believed. */
const REST = 5;
/** Ticks that a process may be suspended. */
const SLEEP_MAX = 300;
/** The same of one that is about to delete keys of others. */
const FREEZE_MAX = 200;
/** The same under shared keys: less than the compaction's lag. */
const SHORT_SLEEP_MAX = 100;

/**
 * One history. A: inputs and faults, then rest. B: everything is killed and starts again, perhaps with the input's
 * topic made again. C: inputs and faults once more, then rest. Judged at each rest.
 */
export function runAggregateScenario(seed: number, options: AggregateOptions): {
  /** Null if all was right. */
  readonly violation: string | null;
  readonly counts: ReadonlyMap<string, number>;
} {
  const world = new AggregateWorld(seed, options);
  const { choices } = world;
  for (const id of world.taskIds()) assign(world, id, { process: choices.pick(world.processes) });
  chaos(world, 200 + choices.below(1500));
  settle(world, "A");
  for (let round = 0; round < 2 && world.violation === null; round++) {
    if (choices.chance(0.5)) {
      world.recreateInput();
      world.count("topics created again");
    }
    for (const process of [...world.processes]) kill(world, process);
    settle(world, "B");
    world.faults = true;
    chaos(world, 100 + choices.below(800));
    settle(world, "C");
  }
  return { violation: world.violation, counts: world.counts };
}

function tick(world: AggregateWorld): void {
  world.now++;
  for (const reader of world.readers) if (world.choices.chance(0.1)) reader.step(world.choices);
  notify(world);
  world.network.deliver();
  for (const process of world.processes) {
    if (process.asleepUntil > world.now) continue;
    process.awake++;
    for (const task of process.tasks.values()) {
      if (task.over || !world.choices.chance(0.8)) continue;
      if (task.steps.next().done === true) task.over = true;
    }
  }
}

/** Ticks, while everything goes wrong that may. */
function chaos(world: AggregateWorld, ticks: number): void {
  const { choices, options } = world;
  const traffic = choices.pick([0.05, 0.1, 0.3]);
  const trouble = choices.pick([0.005, 0.02, 0.05]) * options.heat;
  const compaction = choices.pick([0.005, 0.05, 0.3]);
  for (; ticks > 0; ticks--) {
    if (choices.chance(traffic)) world.append();
    if (choices.chance(trouble)) disturb(world);
    if (choices.chance(compaction)) choices.pick(world.changelogs).compact(choices, world);
    world.deleting.length = 0;
    tick(world);
    for (const task of world.deleting) freeze(world, task);
  }
}

/** A process is suspended where it is; its task may go elsewhere, if it is not there yet. */
function freeze(world: AggregateWorld, { process, id, tenure }: Task): void {
  const present = world.tenures.get(id) === tenure;
  if (!world.choices.chance(present ? 0.2 : 0.8)) return;
  process.asleepUntil = world.now + 10 + world.choices.below(FREEZE_MAX);
  if (present && world.choices.chance(0.5)) assign(world, id, { process: world.choices.pick(world.processes) });
  world.count("processes suspended before they delete");
}

function disturb(world: AggregateWorld): void {
  const { choices } = world;
  const process = choices.pick(world.processes);
  const what = choices.next();
  if (what < 0.25) return kill(world, process);
  if (what < 0.6) return assign(world, choices.pick(world.taskIds()), { process });
  const longest = world.options.kind === "shared keys" ? SHORT_SLEEP_MAX : SLEEP_MAX;
  process.asleepUntil = world.now + 5 + choices.below(choices.chance(0.4) ? longest : 40);
  world.count("processes suspended");
  for (const id of world.taskIds()) {
    if (world.owners.get(id) === process && choices.chance(0.6)) {
      assign(world, id, { process: choices.pick(world.processes) });
    }
  }
}

/** Faults end, and everything comes to rest. */
function settle(world: AggregateWorld, stage: string): void {
  world.faults = false;
  let rest = 0;
  for (let ticks = 0; ticks < TICKS_MAX && world.violation === null; ticks++) {
    tick(world);
    rest = isAtRest(world) ? rest + 1 : 0;
    if (rest < REST) continue;
    const wrong = wrongGroup(world);
    if (wrong !== null) world.fail(`${stage} ${wrong}`);
    return;
  }
  world.fail(`${stage} STUCK`);
}

function isAtRest(world: AggregateWorld): boolean {
  if (world.network.flights.length > 0 || world.notices.length > 0) return false;
  if (world.processes.some(({ asleepUntil }) => asleepUntil > world.now)) return false;
  return world.taskIds().every((id) => {
    const { idleAt = null, partition = 0 } = world.owners.get(id)!.tasks.get(id) ?? {};
    const log = (id.startsWith("u") ? world.inputs : world.shuffled)[partition];
    return idleAt !== null && idleAt.topicId === log.topicId && idleAt.position === log.end;
  });
}

/** An input that was lost, or a group that is not shown as its events make it; null if there is none. */
function wrongGroup(world: AggregateWorld): string | null {
  const lost = [...world.written].filter((name) => !world.arrived.has(name));
  if (lost.length > 0) return `lost on the way: ${lost.join(" ")}`;
  for (const reader of world.readers) reader.readToEnd();
  const fresh = world.changelogs.map((changelog) => new ChangelogReader(changelog));
  for (const reader of fresh) reader.readToEnd();
  for (let group = 0; group < GROUPS; group++) {
    const should = [...world.truth.get(group) ?? []].sort();
    const partition = group % PARTITIONS;
    const shown = { sink: world.sink, reader: world.readers[partition].groups, start: fresh[partition].groups };
    for (const [where, groups] of Object.entries(shown)) {
      const is = [...groups.get(group)?.items ?? []].sort();
      if (is.join(" ") === should.join(" ")) continue;
      const twice = is.filter((item, index) => is[index - 1] === item || !should.includes(item));
      const missing = should.filter((item) => !is.includes(item));
      return `${where}: group ${group} of ${partition}: too many ${twice.join(" ")}, missing ${missing.join(" ")}`;
    }
  }
  return null;
}
