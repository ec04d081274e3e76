import { chaos, expire, recreate, tick } from "./faults.ts";
import { decide, kill } from "./group.ts";
import { stuckAppend, wrongAppend } from "./judge.ts";
import { PARTITIONS, World, type WorldOptions } from "./world.ts";

/** Ticks after which whatever has not come to rest never will. */
const TICKS_MAX = 10_000;
/** Ticks at rest before it is believed. */
const REST = 5;

/** What a seed came to. */
export interface Outcome {
  /** Null if all was right. */
  readonly violation: string | null;
  readonly counts: ReadonlyMap<string, number>;
}

/**
 * One history. A: inputs and faults, then rest. B: everything is killed or stops, something happens meanwhile,
 * everything starts again. C: inputs and faults once more, then rest. Judged at each rest.
 */
export function runAppendScenario(seed: number, options: WorldOptions): Outcome {
  const world = new World(seed, options);
  const { choices } = world;
  for (let count = choices.below(10); count > 0; count--) world.append(choices.below(PARTITIONS));
  for (let partition = 0; partition < PARTITIONS; partition++) {
    decide(world, partition, { member: choices.pick(world.members), asked: "not asked" });
  }
  chaos(world, 150 + choices.below(options.kind === "frozen starts" ? 3000 : 700));
  settle(world, "A");
  for (let round = 0; round < 2 && world.violation === null; round++) {
    interrupt(world);
    settle(world, "B");
    world.faults = true;
    chaos(world, 100 + choices.below(400));
    settle(world, "C");
  }
  return { violation: world.violation, counts: world.counts };
}

/** Everything dies at any moment, and something happens before it starts again. */
function interrupt(world: World): void {
  const { choices } = world;
  world.faults = choices.chance(0.5);
  for (let ticks = choices.below(30); ticks > 0; ticks--) {
    if (choices.chance(0.3)) world.append(choices.below(PARTITIONS));
    tick(world);
  }
  for (const member of [...world.members]) kill(world, member);
  const pause = choices.chance(0.5);
  if (pause) { // Nobody runs, and what was under way arrives.
    const { members } = world;
    for (const member of members) member.asleepUntil = world.now + 300;
    for (let ticks = 300; ticks > 0; ticks--) {
      if (choices.chance(0.05)) world.append(choices.below(PARTITIONS));
      tick(world);
    }
  }
  const what = choices.next();
  if (what < 0.2) recreate(world);
  else if (what < 0.4) expire(world, choices.below(PARTITIONS));
  else if (what < 0.5) world.program++;
  else if (what < 0.7 && pause) forget(world);
}

/** Progress is forgotten, as Kafka does some days after the last member left. */
function forget(world: World): void {
  world.coordinator.forget();
  world.count("progress forgotten");
  world.logs.forEach(({ topicId }, partition) => {
    // Where nothing is in the table either, the task never ran as far as anybody knows.
    if (world.table.last({ topicId, partition }) === undefined) world.begun[partition] = null;
  });
}

/** Faults end, and everything comes to rest. */
function settle(world: World, stage: string): void {
  world.faults = false;
  let rest = 0;
  for (let ticks = 0; ticks < TICKS_MAX; ticks++) {
    tick(world);
    rest = isAtRest(world) ? rest + 1 : 0;
    if (rest < REST) continue;
    const wrong = wrongAppend(world);
    if (wrong !== null) world.fail(`${stage} ${wrong}`);
    return;
  }
  world.fail(`${stage} STUCK: ${stuckAppend(world) ?? "something is under way for ever"}`);
}

function isAtRest(world: World): boolean {
  if (world.network.flights.length > 0 || world.table.busy || world.notices.length > 0) return false;
  const asleep = world.members.some(({ asleepUntil }) => asleepUntil > world.now);
  return !asleep && world.decisions.every((decision) => decision === null) && stuckAppend(world) === null;
}
