import { killWriter } from "./interrupted_append.ts";
import type { World } from "./world.ts";

const STEPS_MIN = 100;
const STEPS_MAX = 500;
const EVENT_SHARE = 0.2;
/** At each step, while parts of what a stage writes are on their way: how often its process dies. */
const CUT_SHARE = 0.15;

/**
 * Events come while everything runs, so that stages write their changelogs under faults: where processes come and go
 * all the time, few stages get as far. Their processes die in the middle of writing. Returns what is wrong, or null.
 */
export async function busyStages(world: World): Promise<string | null> {
  const { choices, events, log, warehouse, scheduler } = world;
  if (!world.profile.stages) return null;
  log.faults = warehouse.faults = true;
  const steps = STEPS_MIN + choices.below(STEPS_MAX - STEPS_MIN);
  for (let step = 1; step <= steps; step++) {
    choices.at("S", step);
    choices.point("event");
    if (choices.chance(EVENT_SHARE)) events!.write();
    choices.point("cut");
    if (choices.chance(CUT_SHARE)) killWriter(world);
    choices.point("wake");
    if (choices.chance(0.1) || !await scheduler.step()) await scheduler.wakeNext();
  }
  choices.at("S-rest");
  choices.point("rest");
  const wrong = await world.settle();
  return wrong === null ? null : `S ${wrong}`;
}
