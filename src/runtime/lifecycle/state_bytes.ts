import { LimitError } from "../../record/errors.ts";
import type { Task } from "../task/task.ts";
import type { Instance } from "./instance.ts";
import { giveUpStandbys } from "./standby.ts";

const PROBLEM = "memory";
/** From here on it is a problem, which a person can still do something about. */
const WARN_SHARE = 0.8;
const MIB = 2 ** 20;

/** What the state of a table takes on this instance. */
interface StateBytes {
  /** Its part of what the process takes: rows that topologies have in common count for each with an equal part. */
  part: number;
  /** What it would take if nobody else used it. */
  alone: number;
}

/**
 * Bytes of the state of this instance's tasks and standbys, by table; the right rows and groups of a table count to it.
 */
function stateBytes({ hosts, standbys, context, globals }: Instance) {
  const bytes = new Map<string, StateBytes>();
  const add = (table: string, { part, alone }: StateBytes) => {
    const sum = bytes.getOrInsertComputed(table, () => ({ part: 0, alone: 0 }));
    sum.part += part;
    sum.alone += alone;
  };
  const addOwn = (table: string, own: number) => add(table, { part: own, alone: own });
  for (const { name } of context.plan.tables) addOwn(name, 0);
  for (const { table, task } of hosts.values()) addOwn(table.name, task === null ? 0 : bytesOf(task));
  for (const { table, rows } of standbys.values()) addOwn(table.name, rows?.bytes ?? 0);
  for (const [index, { table, rows, own }] of context.globals.bytes().entries()) {
    add(table, { part: own + rows / Math.max(1, globals.users[index]), alone: own + rows });
  }
  return bytes;
}

function bytesOf({ entries, stores, groups, servers }: Task): number {
  const sum = (tables: readonly { readonly bytes: number }[]) => tables.reduce((all, { bytes }) => all + bytes, 0);
  return entries.keys.bytes + sum(stores.map(({ keys }) => keys)) + sum(groups.map(({ groups }) => groups.keys)) +
    sum(servers);
}

/**
 * Reports what the state takes, and says when it comes near to what it may. Memory outside of the JavaScript heap has
 * no limit of its own: without this one the system would end the process, and nobody would know why. A table that
 * others use, too, counts to the limit as if they did not: else a topology would stop because another one has ended.
 *
 * @throws LimitError beyond the limit
 */
export function checkStateBytes(instance: Instance): void {
  const { ports: { metrics }, topology, options: { stateBytesMax }, problems } = instance;
  let all = 0;
  for (const [table, { part, alone }] of stateBytes(instance)) {
    all += alone;
    metrics.gauge("weir_state_bytes", { topology: topology.name, table }, Math.round(part));
  }
  const advice = "Pick fewer columns, raise WEIR_STATE_BYTES_MAX if the machine has more, or share the topology " +
    "between more instances";
  // Tasks that run come first.
  if (all > stateBytesMax && !giveUpStandbys(instance.standbys.values(), "WEIR_STATE_BYTES_MAX is reached")) {
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
