import type { Key } from "../../record/key.ts";
import { UNKNOWN } from "../../record/row.ts";
import { NO_SLOT } from "../../state/slots.ts";
import type { Server } from "./server.ts";
import type { TaskView } from "./task_view.ts";

/** A home that wants to be told of a key. `held`: digest of the value that it holds; null if it holds none. */
export interface Subscriber {
  readonly home: number;
  readonly key: Key;
  readonly held: number | null;
}

/**
 * Takes a subscription. True if the value is the one that the home holds, which it has to be told; any other value is
 * told at once, or as soon as it is known.
 */
export function subscribed(task: TaskView, server: Server, { home, key, held }: Subscriber): boolean {
  server.subscribe(home, key);
  if (!task.loaded) return false;
  const entry = task.entries.keys.find(key);
  if (entry === NO_SLOT) return server.answer(home, key, { entry, value: null, held });
  if (held !== null && server.hasTold(entry, held) && task.pendingEntries.isSettled(entry)) return true;
  const value = task.registersOf(entry)[server.plan.step];
  if (value !== UNKNOWN) return server.answer(home, key, { entry, value, held });
  task.pendingEntries.add(entry);
  server.owe(entry);
  return false;
}
