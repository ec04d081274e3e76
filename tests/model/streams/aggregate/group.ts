import { aggregate } from "./aggregate_task.ts";
import { shuffle } from "./shuffle_task.ts";
import type { AggregateWorld, Process, Task } from "./world.ts";

/** A task gets another owner, or the same one anew. Whoever had it is told some time later, or never. */
export function assign(world: AggregateWorld, id: string, { process }: { readonly process: Process }): void {
  const tenure = (world.tenures.get(id) ?? 0) + 1;
  world.tenures.set(id, tenure);
  world.owners.set(id, process);
  world.notices.push({ process, id, tenure, dueAt: world.now + world.choices.below(8) });
  world.count("assignments");
}

function newTask(world: AggregateWorld, process: Process, { id, tenure }: { id: string; tenure: number }): Task {
  const partition = Number(id.slice(1));
  const task: Task = { id, partition, tenure, process, steps: nothing(), over: false, idleAt: null };
  task.steps = id.startsWith("u") ? shuffle(world, task) : aggregate(world, task);
  return task;
}

function* nothing(): Task["steps"] {}

/** Processes that are awake learn what they have, and what they have no more. */
export function notify(world: AggregateWorld): void {
  const heard = world.notices.filter(({ dueAt, process }) => dueAt <= world.now && process.asleepUntil <= world.now);
  world.notices = world.notices.filter((notice) => !heard.includes(notice));
  for (const { process, id, tenure } of heard) {
    if (world.tenures.get(id) === tenure) process.tasks.set(id, newTask(world, process, { id, tenure }));
  }
  for (const process of world.processes) {
    if (process.asleepUntil > world.now) continue;
    for (const [id, { tenure, over }] of process.tasks) {
      if (world.tenures.get(id) === tenure) continue;
      if (over || world.choices.chance(world.faults ? 0.01 : 0.2)) process.tasks.delete(id);
    }
  }
}

/** A process is no more; another one takes its place. What it had under way goes on. */
export function kill(world: AggregateWorld, process: Process): void {
  world.processes.splice(world.processes.indexOf(process), 1);
  world.addProcess();
  world.count("processes killed");
  for (const id of world.taskIds()) {
    if (world.owners.get(id) === process) assign(world, id, { process: world.choices.pick(world.processes) });
  }
}
