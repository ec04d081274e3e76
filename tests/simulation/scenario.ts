import { compactInbox, compactTopic, cutInbox } from "./faults.ts";
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
}

/**
 * One seed: chaos, then rest, then equality with the truth (A); a restart of everything from compacted sources, in half of the seeds
 * with tasks moving and processes dying meanwhile, must write nothing and never show anything else (B); a few changes more (C);
 * everything killed and chaos once more (D).
 */
export async function runScenario(seed: number, options: ScenarioOptions = {}): Promise<Outcome> {
  const world = new World(seed, options);
  let violation: string | null;
  try {
    violation = await stages(world, options);
  } catch (error) {
    violation = `EXCEPTION ${(error as Error).stack ?? error}`;
  }
  for (const { owner } of world.instances) owner.dead = true;
  world.scheduler.bury();
  return { violation, steps: world.scheduler.steps, crashes: world.crashes, restarts: world.restarts };
}

/** At each step, while an append is half done: how often the task that is to read the rest moves. */
const INTERRUPT_SHARE = 0.25;

async function stages(world: World, options: ScenarioOptions): Promise<string | null> {
  const { choices } = world;
  for (let index = 5 + choices.below(30); index > 0; index--) world.change();
  for (let index = 1 + choices.below(3); index > 0; index--) world.spawn();
  await chaos(world, options);
  let wrong = await world.settle();
  if (wrong !== null) return `A ${wrong}`;

  world.compactAll();
  const before = world.warehouse.memory.writes();
  let transient: string | null = null;
  world.warehouse.onInsert = () => transient ??= world.check();
  for (const instance of [...world.instances]) {
    world.kill(instance);
    world.spawn();
  }
  world.log.ghosts.length = world.warehouse.ghosts.length = 0;
  if (choices.chance(0.5)) await chaos(world, { ...options, quiet: true });
  wrong = await world.settle();
  world.warehouse.onInsert = () => {};
  if (transient !== null) return `B transient: ${transient}`;
  if (wrong !== null) return `B ${wrong}`;
  const written = world.warehouse.memory.writes() - before;
  if (written > 0) return `B a restart without a change wrote ${written} rows`;

  for (const name of ["lines", "orders", "users", "goods", "makers"] as const) world.change(name);
  wrong = await world.settle();
  if (wrong !== null) return `C ${wrong}`;

  for (const instance of [...world.instances]) {
    world.kill(instance);
    world.spawn();
  }
  world.compactAll();
  await chaos(world, options);
  wrong = await world.settle();
  return wrong === null ? null : `D ${wrong}`;
}

/** `quiet`: no source changes. */
async function chaos(world: World, options: ScenarioOptions & { readonly quiet?: boolean }): Promise<void> {
  const { choices, scheduler } = world;
  const heat = options.heat ?? 1;
  world.log.faults = world.warehouse.faults = true;
  const steps = 60 + choices.below(options.stepsMax ?? 500);
  const rate = 0.03 + choices.next() * 0.12;
  const trouble = choices.next() * 0.03 * heat;
  for (let step = 0; step < steps; step++) {
    if (options.quiet !== true && choices.chance(rate)) world.change();
    if (choices.chance(trouble)) fault(world);
    if (choices.chance(INTERRUPT_SHARE)) world.interrupt();
    if (choices.chance(0.01)) world.group.comeBack();
    if (choices.chance(0.02 * heat)) trim(world, options);
    const ghosts = choices.chance(0.5) ? world.log.ghosts : world.warehouse.ghosts;
    if (ghosts.length > 0 && choices.chance(0.05 * heat)) ghosts.splice(choices.below(ghosts.length), 1)[0]();
    if (choices.chance(0.1) || !await scheduler.step()) await scheduler.wakeNext();
  }
}

function fault(world: World): void {
  const { choices } = world;
  const kind = choices.below(10);
  if (kind < 2 && world.instances.length > 0) {
    world.kill(choices.pick(world.instances));
    if (choices.chance(0.8) || world.instances.length === 0) world.spawn();
  } else if (kind < 3 && world.instances.length < 4) world.spawn();
  else if (kind < 5) world.group.bounce();
  else if (kind < 6) world.group.comeBack();
  else world.group.move();
  if (world.instances.length === 0) world.spawn();
}

function trim(world: World, options: ScenarioOptions): void {
  const topic = world.choices.pick([...world.log.topics.values()]);
  if (topic.compacted) {
    // A tombstone stays longer than any living reader lags, so only what no reader needs is removed here.
    compactTopic(topic, world.choices, 0.5);
  } else if (options.compactInboxes === true) compactInbox(topic);
  else cutInbox(topic, world.choices, (partition) => readPosition(world, topic.name, partition));
}

function readPosition(world: World, topic: string, partition: number): number {
  const positions = world.instances.flatMap(({ runner }) =>
    runner.status().tasks.filter((task) => task.inbox.topic === topic && task.partition === partition)
      .map((task) => task.inbox.position)
  );
  return positions.length === 0 ? 0 : Math.min(...positions);
}
