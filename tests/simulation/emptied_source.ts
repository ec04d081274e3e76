import { RestoreError } from "../../src/record/errors.ts";
import type { World } from "./world.ts";

const STEPS_MAX = 20_000;

/**
 * A topic lost all its rows. A process that may delete almost as many rows as its sink shows, but not all of them, must
 * stop before it deletes any, however few are in each partition. Returns what is wrong, or null.
 */
export async function emptySource(world: World): Promise<string | null> {
  const { choices, scheduler, warehouse, log } = world;
  const shown = warehouse.memory.select("facts").length;
  choices.point("empty");
  if (shown < 2 || !choices.happens("empty", () => "sim.lines")) return null;
  for (const instance of [...world.instances]) world.kill(instance);
  log.ghosts.length = warehouse.ghosts.length = 0;
  for (const partition of log.topics.get("sim.lines")!.partitions) {
    partition.records = [];
    partition.start = partition.end;
  }
  let failure: Error | null = null;
  const run = { deletesMaxRows: shown - 1, deletesMaxShare: 0 };
  const { owner, runner } = world.spawn({ run, onFailed: (error) => failure ??= error });
  for (let step = 0; step < STEPS_MAX && failure === null && !runner.knownUnfinished().done; step++) {
    if (!await scheduler.step()) await scheduler.wakeNext();
  }
  owner.dead = true;
  scheduler.bury();
  const left = warehouse.memory.select("facts").length;
  const refused = (failure as Error | null) instanceof RestoreError;
  if (refused && left === shown) return null;
  return `EMPTIED facts shows ${left} of ${shown} rows when its source has none; the start ended with ${failure}`;
}
