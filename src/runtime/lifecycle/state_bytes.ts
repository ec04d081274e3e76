import { LimitError } from "../../record/errors.ts";
import type { Task } from "../task/task.ts";
import type { Instance } from "./instance.ts";

const PROBLEM = "memory";
/** From here on it is a problem, which a person can still do something about. */
const WARN_SHARE = 0.8;
const MIB = 2 ** 20;

/** Bytes that the state of this instance's tasks takes, by table; the right rows and groups of a table count to it. */
function stateBytes({ hosts, context }: Pick<Instance, "hosts" | "context">): Map<string, number> {
  const bytes = new Map<string, number>();
  const add = (table: string, more: number) => bytes.set(table, (bytes.get(table) ?? 0) + more);
  for (const { name } of context.plan.tables) add(name, 0);
  for (const { table, task } of hosts.values()) add(table.name, task === null ? 0 : bytesOf(task));
  for (const { table, bytes: more } of context.globals.bytes()) add(table, more);
  return bytes;
}

function bytesOf({ entries, stores, groups, servers }: Task): number {
  const sum = (tables: readonly { readonly bytes: number }[]) => tables.reduce((all, { bytes }) => all + bytes, 0);
  return entries.keys.bytes + sum(stores.map(({ keys }) => keys)) + sum(groups.map(({ groups }) => groups.keys)) +
    sum(servers);
}

/**
 * Reports what the state takes, and says when it comes near to what it may. Memory outside of the JavaScript heap has
 * no limit of its own: without this one the system would end the process, and nobody would know why.
 *
 * @throws LimitError beyond the limit
 */
export function checkStateBytes(instance: Instance): void {
  const { ports: { metrics }, topology, options: { stateBytesMax }, problems } = instance;
  let all = 0;
  for (const [table, bytes] of stateBytes(instance)) {
    all += bytes;
    metrics.gauge("weir_state_bytes", { topology: topology.name, table }, bytes);
  }
  const advice = "Pick fewer columns, raise WEIR_STATE_BYTES_MAX if the machine has more, or share the topology " +
    "between more instances";
  if (all > stateBytesMax) {
    throw new LimitError(
      "stateBytesMax",
      `Cannot hold ${shown(all)} of state: the limit is ${shown(stateBytesMax)}. ${advice}`,
    );
  }
  const near = all > stateBytesMax * WARN_SHARE;
  problems.set(
    PROBLEM,
    near
      ? `The state takes more than ${WARN_SHARE * 100} % of the ${shown(stateBytesMax)} that it may. ${advice}`
      : null,
  );
}

function shown(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
