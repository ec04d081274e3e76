import { DIRTY, PENDING } from "../../src/state/entries.ts";
import type { Runner } from "../../src/runtime/runner.ts";
import { Task } from "../../src/runtime/task/task.ts";

interface Instance {
  readonly owner: { readonly name: string };
  readonly runner: Runner;
}

/** By id, and sinks, as two topologies have it: the task that has ended a batch last, at rest the one that runs. */
const tasks = new Map<string, Task>();

const { endBatch } = Task.prototype;
Task.prototype.endBatch = function (this: Task) {
  tasks.set([this.id, ...this.table.sinks.map(({ name }) => name)].join(), this);
  endBatch.call(this);
};

/** The tasks of earlier runs are over. */
export function forgetTasks(): void {
  tasks.clear();
}

/**
 * What instances at rest keep though it is over: a problem that they tell of; or of rows that are gone, which would be
 * more with every day: an entry that has no row and of which nothing is shown, a right row that is not there and that
 * nobody uses. Null for nothing.
 */
export function leftOver(instances: readonly Instance[]): string | null {
  const untrue = instances.find(({ runner }) => untold(runner).length > 0);
  if (untrue !== undefined) return `UNTRUE ${untrue.owner.name} tells of a problem that is over`;
  const ids = new Set(instances.flatMap(({ runner }) => runner.status().tasks.map(({ id }) => id)));
  for (const task of tasks.values()) {
    const kept = ids.has(task.id) ? keptBy(task) : null;
    if (kept !== null) return `LEFT OVER ${task.id} keeps ${kept}`;
  }
  return null;
}

function keptBy({ entries, sinks, stores }: Task): string | null {
  for (const entry of entries.keys.used()) {
    if (entries.hasRow(entry) || entries.is(entry, PENDING | DIRTY)) continue;
    if (sinks.some((sink) => sink.shows(entry))) continue;
    return `an entry of key ${entries.keys.keyOf(entry)}, which has no row`;
  }
  for (const store of stores) {
    const { keys, links } = store;
    for (const right of keys.used()) {
      // One that is there is told of when it changes or goes, and then it is left.
      if (links.users(right) > 0 || store.value(right) !== null) continue;
      return `a right row of key ${keys.keyOf(right)}, which is not there and which nobody uses`;
    }
  }
  return null;
}

/** Names of the problems that are over. A restart stays a problem for a while, and so do rows that are held. */
function untold(runner: Runner): string[] {
  const held = runner.status().held.length > 0;
  return runner.problems.list().map(({ name }) => name)
    .filter((name) => !name.startsWith("task ") && !(held && name === "held rows"));
}
