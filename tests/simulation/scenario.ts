import { busyStages } from "./busy_stages.ts";
import { emptySource } from "./emptied_source.ts";
import { damage, failTopology } from "./failures.ts";
import { recreateTopic } from "./faults.ts";
import { hang } from "./hanging.ts";
import { SnapshotKeeper } from "../../src/runtime/lifecycle/snapshot_keeper.ts";
import { interruptAppend } from "./interrupted_append.ts";
import { forgetTasks } from "./left_over.ts";
import { method } from "./mutate.ts";
import { loseRecords, loseRows } from "./lost_records.ts";
import { lateStandbys, standbyTroubles } from "./standby_faults.ts";
import { AGED_MS } from "./store_topologies.ts";
import { recordsWritten } from "./table_topics.ts";
import { trim } from "./trim.ts";
import { World, type WorldOptions } from "./world.ts";

/** How wild a run is. */
export interface ScenarioOptions extends WorldOptions {
  /** Multiplies the number of faults. */
  readonly heat?: number;
  /** Inboxes are compacted, which they never must be. */
  readonly compactInboxes?: boolean;
  /** Rounds of chaos steps; more takes longer and finds more. */
  readonly stepsMax?: number;
}

/** What a run did, for the summary. */
export interface Outcome {
  /** What went wrong, or null. */
  readonly violation: string | null;
  readonly steps: number;
  readonly crashes: number;
  readonly restarts: number;
  /** Runners that failed and were begun anew. */
  readonly failures: number;
}

/**
 * One seed: chaos, then rest, then equality with the truth (A); a restart of everything from compacted sources, in half
 * of the seeds with tasks moving and processes dying meanwhile, must write nothing and never show anything else (B); a
 * few changes more (C); events while everything runs (S); standbys that fall
 * behind and get their tasks, where there are any (G); everything killed, rows
 * and records lost, and chaos once more (D); no inserts, an inbox that refuses messages, or lines that cannot be read,
 * for a while (E); a source that lost all its rows, which must stop the start (F).
 */
export async function runScenario(seed: number, options: ScenarioOptions = {}): Promise<Outcome> {
  forgetTasks();
  const world = new World(seed, options);
  const undo = world.profile.startsAlone ? startAlone() : () => {};
  let violation: string | null;
  try {
    violation = await stages(world, options) ?? world.wrong;
  } catch (error) {
    violation = `EXCEPTION ${(error as Error).stack ?? error}`;
  }
  for (const { owner } of world.instances) owner.dead = true;
  world.scheduler.bury();
  undo();
  const { scheduler: { steps }, crashes, restarts, failures } = world;
  return { violation, steps, crashes, restarts, failures };
}

const startAlone = method(SnapshotKeeper, "catchUp", () => function () {});

/** At each step, while an append is half done: how often the task that is to read the rest moves. */
const INTERRUPT_SHARE = 0.25;
/** At each step: how often something happens to a second topology, and how often a global topic is made again. */
const TWIN_SHARE = 0.03;
const RECREATE_SHARE = 0.004;
/** At each step: how often all processes stand still, in seeds that have a stream; and for how long. */
const ASLEEP_SHARE = 0.01;
const ASLEEP_MS_MAX = 120_000;
/** So long nobody runs, now and then. */
const NIGHT_MS = 45_000;
/** At each step: how often a partition is damaged, and how often what does not work is repaired. */
const DAMAGE_SHARE = 0.01;
const REPAIR_SHARE = 0.03;

async function stages(world: World, options: ScenarioOptions): Promise<string | null> {
  const { choices } = world;
  choices.at("A");
  choices.point("changes");
  for (let index = 5 + choices.below(30); index > 0; index--) world.change();
  choices.point("instances");
  const others = Math.max(choices.below(3), world.profile.standbys ? 1 : 0);
  world.spawn();
  for (let index = 0; index < others; index++) if (choices.happens("instance")) world.spawn();
  await chaos(world, options, "A");
  let wrong = await rest(world, "A");
  if (wrong !== null) return `A ${wrong}`;

  choices.at("B");
  wrong = await age(world);
  if (wrong !== null) return `B aged: ${wrong}`;
  compact(world);
  const before = world.warehouse.memory.writes() + recordsWritten(world.log);
  // What a start has held, another one may delete: failures on other instances are not known.
  const strict = [...world.held.values()].every((rows) => rows === 0);
  let transient: string | null = null;
  world.warehouse.onInsert = () => transient ??= strict ? world.check({ eventsComplete: false }) : null;
  restartAll(world);
  world.log.ghosts.length = world.warehouse.ghosts.length = 0;
  choices.point("moves");
  if (choices.chance(0.5)) await chaos(world, { ...options, quiet: true }, "B");
  wrong = await rest(world, "B");
  world.warehouse.onInsert = () => {};
  if (transient !== null) return `B transient: ${transient}`;
  if (wrong !== null) return `B ${wrong}`;
  const written = world.warehouse.memory.writes() + recordsWritten(world.log) - before;
  if (strict && written > 0) return `B a restart without a change wrote ${written} rows`;

  choices.at("C");
  for (const name of ["lines", "orders", "users", "goods", "makers"] as const) {
    choices.point("change");
    world.change(name);
  }
  choices.point("take over");
  if (world.profile.standbys && choices.happens("take-over")) world.group.moveToStandbys();
  wrong = await rest(world, "C");
  if (wrong !== null) return `C ${wrong}`;
  wrong = await busyStages(world) ?? await fallBehind(world);
  if (wrong !== null) return wrong;

  choices.at("D");
  loseRows(world);
  if (world.profile.elections) loseRecords(world);
  writeLate(world);
  restartAll(world);
  compact(world);
  await chaos(world, options, "D");
  wrong = await rest(world, "D");
  if (wrong !== null) return `D ${wrong}`;

  choices.at("E");
  world.corrections?.end();
  world.log.faults = world.warehouse.faults = true;
  wrong = await hang(world) ?? await rest(world, "E");
  world.warehouse.onInsert = () => {};
  if (wrong !== null) return `E ${wrong}`;

  choices.at("F");
  wrong = await emptySource(world);
  return wrong === null ? null : `F ${wrong}`;
}

async function fallBehind(world: World): Promise<string | null> {
  if (!world.profile.standbys) return null;
  world.choices.at("G");
  await lateStandbys(world);
  const wrong = await rest(world, "G");
  return wrong === null ? null : `G ${wrong}`;
}

/** What a start writes is judged when nothing else changes: then everything is old that grows old. */
async function age(world: World): Promise<string | null> {
  if (!world.profile.expires) return null;
  world.scheduler.nowMs += AGED_MS;
  return await rest(world, "B-aged");
}

async function rest(world: World, stage: string): Promise<string | null> {
  world.choices.at(`${stage}-rest`);
  world.choices.point("rest");
  world.corrections?.finish();
  const wrong = await world.settle();
  // What a start without a change writes is counted.
  if (wrong !== null || stage.startsWith("B")) return wrong;
  return writeLate(world) ? await world.settle() : null;
}

/** Records that dead incarnations wrote to topics of tables, or that were written already, come. */
function writeLate({ log, choices, profile }: World): boolean {
  if (!profile.topics && !profile.changes) return false;
  const late = log.headers.late(choices);
  for (const batch of late) log.store(batch);
  return late.length > 0;
}

function compact(world: World): void {
  world.choices.point("compact");
  if (world.choices.happens("compact", () => "all sources")) world.compactAll();
}

function restartAll(world: World): void {
  world.choices.point("restart");
  if (world.profile.expires && world.choices.strikes("night", 0.3)) world.scheduler.nowMs += NIGHT_MS;
  for (const instance of [...world.instances]) {
    world.kill(instance);
    world.spawn();
  }
}

/** `quiet`: no source changes. */
async function chaos(
  world: World,
  options: ScenarioOptions & { readonly quiet?: boolean },
  stage: string,
): Promise<void> {
  const { choices, scheduler } = world;
  const heat = options.heat ?? 1;
  world.log.faults = world.warehouse.faults = true;
  choices.point("chaos");
  const steps = 60 + choices.below(options.stepsMax ?? 500);
  const rate = 0.03 + choices.next() * 0.12;
  const trouble = choices.next() * 0.03 * heat;
  for (let step = 0; step < steps; step++) {
    choices.at(stage, step + 1);
    choices.point("change");
    if (options.quiet !== true && choices.chance(rate)) world.change();
    // Totals of events are rows of tables, which a restart without a change does not write.
    if (world.events !== null && !(world.profile.stages && options.quiet === true)) writeEvents(world, rate);
    choices.point("fault");
    if (choices.chance(trouble)) fault(world);
    choices.point("interrupt");
    if (choices.chance(INTERRUPT_SHARE)) interruptAppend(world);
    choices.point("come back");
    if (choices.strikes("come-back", 0.01)) world.group.comeBack();
    choices.point("trim");
    if (choices.chance(0.02 * heat)) trim(world, options);
    choices.point("correction");
    world.corrections?.step();
    troubles(world);
    twinTroubles(world, { changes: options.quiet !== true });
    if (world.profile.standbys && options.quiet !== true) standbyTroubles(world);
    choices.point("late request");
    lateRequest(world, heat);
    choices.point("wake");
    if (choices.chance(0.1) || !await scheduler.step()) await scheduler.wakeNext();
  }
}

/** Only in seeds that have a stream, and also where no source changes: no start and no rest may lose one. */
function writeEvents({ events, choices, warehouse }: World, rate: number): void {
  choices.point("event");
  if (choices.chance(rate)) events!.write();
  choices.point("tables' clock");
  // All processes stand still for a while, and their timers, too.
  const sleptMs = choices.below(ASLEEP_MS_MAX);
  if (choices.strikes("asleep", ASLEEP_SHARE, () => `${sleptMs} ms`)) warehouse.aheadMs += sleptMs;
}

/** What is only in seeds whose profile has it: begins and ends. */
function troubles(world: World): void {
  const { choices, profile } = world;
  if (profile.failures) {
    choices.point("repair");
    if (choices.strikes("repair", REPAIR_SHARE)) world.repair();
  }
  if (!profile.damage) return;
  choices.point("damage");
  if (choices.chance(DAMAGE_SHARE)) damage(world);
  if (choices.strikes("mend", REPAIR_SHARE)) world.log.damaged = null;
}

/** Only in seeds in which processes run a second topology. `changes`: also what changes sources. */
function twinTroubles(
  world: World,
  { changes }: { readonly changes: boolean },
): void {
  const { twins, choices, profile } = world;
  if (twins === null) return;
  choices.point("twin");
  if (choices.chance(TWIN_SHARE)) twins.disturb();
  // A topology must be begun anew then.
  if (!profile.failures || !changes) return;
  choices.point("recreate");
  if (!choices.chance(RECREATE_SHARE)) return;
  recreateTopic(world);
  // One that comes just now meets those who do not know it yet.
  if (choices.chance(0.5)) twins.disturb();
}

/** A request that was carried out, or whose process died, arrives. */
function lateRequest({ choices, log, warehouse }: World, heat: number): void {
  const ghosts = choices.chance(0.5) ? log.ghosts : warehouse.ghosts;
  if (ghosts.length === 0 || !choices.chance(0.05 * heat)) return;
  const at = choices.below(ghosts.length);
  const what = () => `of the ${ghosts === log.ghosts ? "log" : "warehouse"}`;
  if (choices.happens("late-request", what)) ghosts.splice(at, 1)[0]();
}

function fault(world: World): void {
  const { choices } = world;
  const kind = choices.below(10);
  if (kind < 2 && world.instances.length > 0) {
    const victim = choices.pick(world.instances);
    // Where topologies fail, half of the processes that would die meet a bug.
    if (world.profile.failures && choices.chance(0.5)) return failTopology(world);
    if (!choices.happens("kill", () => victim.owner.name)) return;
    world.kill(victim);
    if (choices.chance(0.8) || world.instances.length === 0) world.spawn();
  } else if (kind < 3 && world.instances.length < 4) {
    if (choices.happens("start")) world.spawn();
  } else if (kind < 5) {
    if (choices.happens("bounce", () => "a task moves for a while, its owner is not told")) world.group.bounce();
  } else if (kind < 6) {
    if (choices.happens("come-back")) world.group.comeBack();
  } else if (choices.happens("move", () => "a task moves to another process")) world.group.move();
  if (world.instances.length === 0) world.spawn();
}
