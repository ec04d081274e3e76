import { quotesRows } from "../../plan/masks.ts";
import { heldOf } from "../task/task_outputs.ts";
import type { Instance } from "./instance.ts";
import type { TaskHost } from "./task_host.ts";

/** Under which name rows that are held are a problem. */
export const HELD_ROWS = "held rows";

/** Rows of one sink that ClickHouse shows although they are not computed, because something failed. */
export interface Held {
  readonly sink: string;
  readonly rows: number;
}

/** What tasks of this instance hold since their starts, by sink; sinks that hold nothing are left out. */
export function heldRows(hosts: Iterable<TaskHost>): Held[] {
  const held = new Map<string, number>();
  for (const { task } of hosts) {
    // Until then the end of the start is about to delete them.
    if (task === null || !task.complete) continue;
    for (const { sink, rows } of heldOf(task)) held.set(sink, (held.get(sink) ?? 0) + rows);
  }
  return [...held].flatMap(([sink, rows]) => rows > 0 ? [{ sink, rows }] : []);
}

/**
 * Tells what is held, and looks at it again: what failed may compute by now, and then rows that are gone are deleted.
 */
export function tendHeldRows(instance: Instance): void {
  const { hosts, busy, wake, problems, ports, topology, writers } = instance;
  const held = heldRows(hosts.values());
  for (const sink of writers.keys()) {
    const rows = held.find((one) => one.sink === sink)?.rows ?? 0;
    ports.metrics.gauge("weir_held_rows", { topology: topology.name, sink }, rows);
  }
  problems.set(HELD_ROWS, held.length === 0 ? null : problemOf(held, instance));
  if (held.length === 0) return;
  for (const host of hosts.values()) {
    const { task } = host;
    if (task === null || !task.complete || heldOf(task).every(({ rows }) => rows === 0)) continue;
    if (!task.failures.ended()) continue;
    task.reconsider();
    busy.add(host);
    wake();
  }
}

/** The same while the same sinks hold rows: a problem is told whenever its text changes. */
function problemOf(held: readonly Held[], { hosts, options, topology }: Instance): string {
  const sinks = held.map(({ sink }) => `"${sink}"`).join(", ");
  const failed = [...hosts.values()].find(({ task }) => task?.failures.first)?.task?.failures.first?.message;
  // Its message names a key.
  const reason = failed === undefined
    ? "records could not be read, or ClickHouse refused rows"
    : quotesRows(topology, options)
    ? failed
    : "a callback threw";
  return `Rows of ${sinks} are shown as they were before this start, because what they are computed from failed at ` +
    `it: ${reason}. Mend the topology or the rows, and start again ("deno task dlq" lists what failed); to have ` +
    `these rows deleted instead, start once with --allow-deletes`;
}
