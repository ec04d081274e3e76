import type { ForeignKeyJoinNode, KeyJoinNode } from "../../dsl/logical.ts";
import type { GlobalJoinNode, TableJoinNode } from "../../dsl/stream_nodes.ts";
import { quotesRows } from "../../plan/masks.ts";
import type { RegisterPlace } from "../../plan/register_place.ts";
import type { Key } from "../../record/key.ts";
import type { RightStore } from "../../state/right_store.ts";
import type { SlotTable } from "../../state/slot_table.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { operatorCounts } from "./operator_counts.ts";
import { describeKeys } from "./unmatched_keys.ts";

/** Fewer rows say nothing of a join. */
const ROWS_MIN = 100;
/** Keys named of each side, and right rows that are looked at for them. */
const EXAMPLES = 3;
const LOOKS_MAX = 10_000;

/** Before the node in the name of such a problem. */
const JOIN = "join ";

/** Of joins of two streams it is not known which events of an inner one find no partner. */
type JoinNode = ForeignKeyJoinNode | KeyJoinNode | GlobalJoinNode | TableJoinNode;

const JOINS: ReadonlySet<string> = new Set<JoinNode["op"]>(["foreignKeyJoin", "keyJoin", "globalJoin", "tableJoin"]);

/**
 * Tells of joins in which no row finds a partner, or fewer than the configured share: nothing else does, as each such
 * row is right. To be called when all tasks run; while any of them catches up with a snapshot nothing is told.
 */
export function checkJoins(instance: Instance): void {
  const { topology, problems, options: { joinShareMin }, hosts } = instance;
  const tasks = [...hosts.values()].flatMap(({ task }) => task === null ? [] : [task]);
  if (tasks.some(({ catchingUp, pending }) => catchingUp || pending > 0)) return;
  for (const { node: id, op, rows, passed } of operatorCounts(instance)) {
    if (!JOINS.has(op)) continue;
    const node = (id.startsWith("op") ? topology.nodes : topology.streams)[Number(id.slice(2))] as JoinNode;
    const { joined = 0, withoutPartner = 0 } = rows ?? passed;
    const looked = joined + withoutPartner;
    const bad = looked >= ROWS_MIN && (joined === 0 || joined / looked < joinShareMin);
    const told = bad ? textOf(instance, { node, joined, looked }) : null;
    problems.set(`${JOIN}${id}`, told, { lasting: true });
  }
}

/** What {@link checkJoins} has told, by node of the plan. */
export function joinProblems(
  problems: readonly { readonly name: string; readonly problem: string }[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    problems.flatMap(({ name, problem }) => name.startsWith(JOIN) ? [[name.slice(JOIN.length), problem]] : []),
  );
}

/** Null where the right table of a left join is empty: then nobody expects a partner. */
function textOf(
  instance: Instance,
  { node, joined, looked }: { readonly node: JoinNode; readonly joined: number; readonly looked: number },
): string | null {
  const { topology, topics: { plan }, options } = instance;
  const { nodes, streams } = topology;
  const ofStream = "inputs" in node;
  const left = ofStream ? streams[node.inputs[0]].name : nodes[node.input].name;
  const right = nodes[node.right].name;
  const place = plan.registers[node.right];
  // A table that streams alone are joined with is kept by their stage.
  const { tables, whole } = place === null ? { tables: [], whole: false } : rightKeys(instance, place);
  const empty = whole && tables.every(({ size }) => size === 0);
  if (empty && node.kind !== "inner") return null;
  const said = `Of ${count(looked)} ${ofStream ? "events" : "rows"} of "${left}" ${count(joined)} found a partner in ` +
    `"${right}" (join "${node.name}")`;
  const advice = "Correct what is joined on, or the source. If that is how it should be, filter those rows out";
  if (empty) return `${said}: "${right}" has no rows. Wait for them, or check its topic`;
  if (!quotesRows(topology, options)) return `${said}. ${advice}`;
  const keys = describeKeys({
    wanted: wantedKeys(instance, node),
    there: take(tables.flatMap((keys) => take(keys.used(), EXAMPLES).map((slot) => keys.keyOf(slot))), EXAMPLES),
    has: (key) => tables.some((keys) => keys.has(key)),
  }, right);
  return `${said}${keys === "" ? "" : `: ${keys}`}. ${advice}`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** The keys of a right side, as far as they are here, and whether that is all. */
function rightKeys(
  { hosts, context: { globals }, topics }: Instance,
  { global, table }: RegisterPlace,
): { readonly tables: readonly SlotTable[]; readonly whole: boolean } {
  if (global) {
    const rows = globals.rowsOf(table);
    return { tables: rows === undefined ? [] : [rows.keys], whole: rows !== undefined };
  }
  const tasks = [...hosts.values()].flatMap(({ task }) => task?.table === topics.plan.tables[table] ? [task] : []);
  return { tables: tasks.map(({ entries }) => entries.keys), whole: tasks.length === topics.partitions[table] };
}

/** Keys that were looked up and have no row. */
function wantedKeys({ hosts, context: { globals }, topics: { plan } }: Instance, { name }: JoinNode): Key[] {
  const stores: RightStore[] = [
    ...[...hosts.values()].flatMap(({ table, task }) =>
      task?.stores.filter((_, index) => table.lookups[index].name === name) ?? []
    ),
    ...plan.globals.flatMap(({ lookups, index }) =>
      globals.stateOf(index)?.stores.filter((_, at) => lookups[at].name === name) ?? []
    ),
  ];
  const wanted: Key[] = [];
  for (const store of stores) {
    for (const slot of take(store.keys.used(), LOOKS_MAX)) {
      if (store.value(slot) === null) wanted.push(store.keys.keyOf(slot));
      if (wanted.length === EXAMPLES) return wanted;
    }
  }
  return wanted;
}

function take<T>(items: Iterable<T>, most: number): T[] {
  return Iterator.from(items).take(most).toArray();
}
