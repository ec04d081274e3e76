import { cleaner } from "./cleaner.ts";
import { sessionStage } from "./session_stage.ts";
import { stage } from "./stage.ts";
import { table } from "./table.ts";
import { actor, type RetentionOptions, RetentionWorld, type StageProcess } from "./world.ts";

/** Ticks after which whatever has not come to rest never will. */
const TICKS_MAX = 8000;
/** Ticks at rest before it is believed. */
const REST = 300;
/** Ticks that a start may be suspended. */
const SLEEP_MAX = 400;

/**
 * One history: events and faults, then rest; three times. At rest the sink shows what all events of each window make,
 * also of windows that everybody has forgotten, and nothing is kept of these.
 */
export function runRetentionScenario(seed: number, options: RetentionOptions): {
  /** Null if all was right. */
  readonly violation: string | null;
  readonly counts: ReadonlyMap<string, number>;
} {
  const world = new RetentionWorld(seed, options);
  const { choices } = world;
  startStage(world);
  world.addTable((self) => table(world, self));
  for (let round = 0; round < 3 && world.violation === null; round++) {
    world.faults = true;
    chaos(world, 200 + choices.below(1200));
    settle(world, "ABC"[round]);
  }
  return { violation: world.violation, counts: world.counts };
}

function startStage(world: RetentionWorld): void {
  if (world.options.kind !== "sessions") {
    world.stage = actor((self) => stage(world, self));
    world.cleaner = actor((self) => cleaner(world, { self, process: null }));
    return;
  }
  const start = ++world.startsEver;
  const process: StageProcess = { start, begunAt: Infinity, durableTo: 0, number: 0, isToRename: false };
  world.stage = actor((self) => sessionStage(world, { self, process }));
  world.cleaner = actor((self) => cleaner(world, { self, process }));
}

function chaos(world: RetentionWorld, ticks: number): void {
  const { choices, options } = world;
  const traffic = choices.pick([0.05, 0.1, 0.3]);
  const trouble = choices.pick([0.005, 0.01, 0.02]) * options.heat;
  const compaction = choices.pick([0.005, 0.05, 0.3]);
  for (; ticks > 0 && world.violation === null; ticks--) {
    if (choices.chance(traffic)) world.append();
    if (choices.chance(compaction)) world.compact();
    if (choices.chance(trouble)) world.addTable((self) => table(world, self));
    if (choices.chance(trouble)) startStage(world);
    if (choices.chance(trouble)) choices.pick(actorsOf(world)).asleepUntil = world.now + choices.below(SLEEP_MAX);
    tick(world);
  }
}

function actorsOf(world: RetentionWorld) {
  return [world.stage!, world.cleaner!, ...world.tables];
}

function tick(world: RetentionWorld): void {
  world.now++;
  world.network.deliver();
  for (const one of actorsOf(world)) {
    if (one.over || one.asleepUntil > world.now || !world.choices.chance(0.8)) continue;
    if (one.steps.next().done === true) one.over = true;
  }
}

function settle(world: RetentionWorld, name: string): void {
  world.faults = false;
  world.count(`rounds`);
  let rest = 0;
  for (let ticks = 0; ticks < TICKS_MAX && world.violation === null; ticks++) {
    tick(world);
    if (world.tables.at(-1)!.over) world.addTable((self) => table(world, self));
    // Whoever sleeps does not know yet what it has to do.
    const isAtRest = world.network.flights.length === 0 &&
      actorsOf(world).every(({ idle, over, asleepUntil }) => over || (idle && asleepUntil <= world.now));
    rest = isAtRest ? rest + 1 : 0;
    if (rest < REST) continue;
    judge(world, name);
    return;
  }
  world.fail(`${name} STUCK`);
}

function judge(world: RetentionWorld, name: string): void {
  const truth = world.truth();
  for (const window of new Set([...truth.keys(), ...world.sink.keys()])) {
    const should = world.shownOf(truth.get(window) ?? null);
    const shown = world.sink.get(window)?.count ?? null;
    if (should !== shown) world.fail(`${name} window ${window} shows ${shown} instead of ${should}`);
  }
  const told = world.changelog.records.map(({ value }) => value);
  const horizon = Math.max(...told.map((value) => value?.kind === "horizon" ? value.at : -Infinity));
  const last = new Map(world.changelog.records.map(({ key, value }) => [key, value]));
  const kept = [...last.values()].filter((value) => value?.kind === "fact" && value.age <= horizon);
  if (kept.length > 0) world.fail(`${name} ${kept.length} facts are beyond the horizon`);
}
