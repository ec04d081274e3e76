import { repair } from "./comparison.ts";
import {
  changeSource,
  chaos,
  endTransaction,
  loseRecords,
  mistreat,
  pause,
  recreate,
  renewGeneration,
  repartition,
  tamper,
} from "./faults.ts";
import { stuckTask, wrongLetter, wrongRow } from "./judge.ts";
import { deliver } from "./outbox.ts";
import { assign, crash, step, stepGlobals, stepStandbys } from "./process.ts";
import { TABLES } from "./program.ts";
import { PARTITIONS, World, type WorldOptions } from "./world.ts";

/** Rounds of all tasks after which whatever has not come to rest never will. */
const ROUNDS_MAX = 3000;

/** What a seed came to. */
export interface Outcome {
  /** Null if all was right. */
  readonly violation: string | null;
  readonly counts: ReadonlyMap<string, number>;
}

/**
 * One history of changes and faults. A: changes and faults, then rest and a comparison row by row. B: everything is
 * stopped, something happens meanwhile, everything starts again, without a comparison. C: one change of each table.
 * D: faults once more, then as A.
 */
export function runScenario(seed: number, options: WorldOptions): Outcome {
  const world = new World(seed, options);
  const { choices } = world;
  for (let count = 5 + choices.below(30); count > 0; count--) changeSource(world);
  for (const id of world.taskIds()) assign(world, id, { instance: world.instance() });
  chaos(world, 100 + choices.below(choices.chance(0.5) ? 300 : 800));
  settle(world, "A", { compares: true });
  for (let round = 0; round < 3 && world.violation === null; round++) {
    interrupt(world);
    if (world.violation !== null) break;
    for (const table of ["L", "O", "U", "G"] as const) changeSource(world, table);
    settle(world, "C", { compares: false });
    world.faults = true;
    chaos(world, 100 + choices.below(300));
    settle(world, "D", { compares: true });
  }
  return { violation: world.violation, counts: world.counts };
}

/** What may happen while everything stands still. Those that change nothing must not be visible at any time. */
type Event =
  | "nothing"
  | "directories"
  | "ClickHouse"
  | "topic"
  | "records"
  | "program"
  | "source"
  | "partitions"
  | "inboxes";

function happen(world: World, event: Event): void {
  const { choices } = world;
  switch (event) {
    case "nothing":
      return;
    case "directories":
      for (let count = 1 + choices.below(4); count > 0; count--) mistreat(world);
      return;
    case "ClickHouse":
      return tamper(world);
    case "topic":
      return recreate(world, choices.pick(TABLES));
    case "records":
      loseRecords(world, choices.pick(world.taskIds()));
      for (let count = choices.below(40); count > 0; count--) changeSource(world);
      return;
    case "program":
      world.plan = { ...world.plan, factor: world.plan.factor + 1 };
      return;
    case "source":
      world.plan = { ...world.plan, unit: world.plan.unit + 1 };
      return;
    case "partitions":
      return repartition(world);
    case "inboxes":
      return renewGeneration(world);
  }
}

function eventOf({ choices, alone, partitions }: World): Event {
  if (alone || choices.chance(0.25)) return "nothing";
  const events: Event[] = ["directories", "ClickHouse", "topic", "records", "program", "source", "inboxes"];
  if (partitions === PARTITIONS) events.push("partitions");
  return choices.pick(events);
}

/** Everything stands still, something happens, everything starts again. */
function interrupt(world: World): void {
  const { choices } = world;
  if (choices.chance(0.5)) { // Then snapshots are older than what is shown.
    for (let count = 1 + choices.below(6); count > 0; count--) changeSource(world);
    settle(world, "C", { compares: false });
  }
  const event = eventOf(world);
  const changes = choices.chance(0.5) ? 0 : 1 + choices.below(12);
  for (let count = changes; count > 0; count--) {
    world.now++;
    changeSource(world);
  }
  endTransaction(world);
  happen(world, event);
  if (choices.chance(0.5)) pause(world);
  const invisible = changes === 0 && (event === "nothing" || event === "directories");
  if (invisible) world.onWrite = () => watch(world);
  for (const instance of world.instances) crash(world, instance);
  for (const id of world.taskIds()) if (!world.tasks.has(id)) assign(world, id, { instance: world.instance() });
  // Rows in the name of a task that has lost their keys are the business of the comparison.
  const compares = world.partitions > PARTITIONS && (event === "partitions" || event === "ClickHouse");
  settle(world, `B (${event}${changes > 0 ? ", changes" : ""})`, { compares });
  world.onWrite = null;
  const letter = wrongLetter(world);
  if (letter !== null) world.fail(`B (${event}) ${letter}`);
}

function watch(world: World): void {
  const wrong = wrongRow(world);
  if (wrong !== null) world.fail(`B for a moment: ${wrong}`);
}

/** Faults end, and everything comes to rest. `compares`: what is shown is compared row by row before it is judged. */
function settle(world: World, stage: string, { compares }: { readonly compares: boolean }): void {
  const { choices } = world;
  world.faults = false;
  world.standbySpeed = 0.4;
  endTransaction(world);
  if (choices.chance(0.5)) drain(world, stage);
  for (const zombie of world.zombies) {
    if (choices.chance(0.7)) {
      while (zombie.queue.length > 0) deliver(world, zombie);
    }
  }
  world.zombies = [];
  for (const ghost of world.ghosts.splice(0)) if (choices.chance(0.5)) ghost.run();
  drain(world, stage);
  if (compares && world.keeps("repair")) {
    for (const task of world.tasks.values()) repair(world, task);
    drain(world, stage);
  }
  const wrong = stuckTask(world) ?? wrongRow(world);
  if (wrong !== null) world.fail(`${stage} ${wrong}`);
}

function drain(world: World, stage: string): void {
  const { choices } = world;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    let progress = false;
    for (const instance of world.instances) {
      for (let count = choices.below(4); count > 0; count--) stepGlobals(world, instance);
      stepStandbys(world, instance);
      if (instance.globalPositions.some((position, index) => world.source(`G${index}`).next(position) !== undefined)) {
        progress = true;
      }
    }
    for (const id of world.taskIds()) {
      for (let count = 1 + choices.below(6); count > 0 && step(world, world.tasks.get(id)!); count--) progress = true;
    }
    if (!progress) return;
  }
  world.fail(`${stage} does not come to rest`);
}
