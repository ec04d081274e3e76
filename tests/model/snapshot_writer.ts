import { cut } from "./snapshot_cut.ts";
import type { Task } from "./task.ts";
import type { World } from "./world.ts";

/** Begins a snapshot, writes the next part of one, or publishes it: what a task does of it in one turn. */
export function writeSnapshot(world: World, task: Task): void {
  const { choices, plan, generation } = world;
  const job = task.snapshotJob;
  if (job === null) {
    if (!choices.chance(0.1)) return;
    const file = cut(task, { plan, generation, keeps: (rule) => world.keeps(rule) });
    const waits = new Set(world.keeps("publishAfterAcknowledgement") ? task.unacknowledged : []);
    const { directory } = task.instance;
    task.snapshotJob = { file: world.keeps("ownTemporaryFile") ? file : directory.common(task.id, file), waits };
    return world.count("snapshots begun");
  }
  if (!choices.chance(0.7)) return;
  for (const part of job.file.rest.splice(0, 1 + choices.below(6))) job.file.sections.set(...part);
  if (job.file.rest.length > 0) return;
  if (job.waits.size > 0) return world.count("waits for acknowledgements");
  task.instance.directory.publish(task.id, job.file, { synced: world.keeps("syncBeforeRename") });
  task.snapshotJob = null;
  world.count("snapshots published");
}
