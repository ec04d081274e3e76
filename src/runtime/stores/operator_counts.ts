import type { LogicalNode } from "../../dsl/logical.ts";
import type { StreamNode } from "../../dsl/stream_nodes.ts";
import type { TaskTable } from "../../plan/physical.ts";
import { eventCountsOf } from "../../processor/event_counts.ts";
import type { OutcomeCounts, OutcomePatterns } from "../../processor/outcomes.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { patternsOf } from "../task/table_outcomes.ts";
import { addCounts, eventCounts, NO_ROWS, type RowCounts, rowCounts } from "./row_counts.ts";

/** An operator, and what became of its rows on one instance. */
export interface OperatorCounts {
  /** `op<id>` for one of tables, `ev<id>` for one of streams. */
  readonly node: string;
  readonly name: string;
  readonly op: string;
  /** Rows that came since the topology began on this instance: each counts whenever it is evaluated. */
  readonly passed: RowCounts;
  /** Of the rows that are there now, each counts once; null for streams, which keep none. */
  readonly rows: RowCounts | null;
  /**
   * Of a stage in which events or changes of a table wait: how many do now. Of a join of streams they are those that it
   * tells without a partner if none comes. Null: of all other operators.
   */
  readonly waiting: number | null;
}

/** A step at which outcomes are found, on this instance. */
interface Place {
  readonly patterns: OutcomePatterns;
  readonly step: number;
  /** It is a sink of totals: the rows that are in a group come to it. */
  readonly added: boolean;
  readonly rowsAt: readonly ((step: number) => OutcomeCounts)[];
}

/** What became of rows and events at each operator, as far as they are on this instance, in the order of the plan. */
export function operatorCounts(instance: Instance): OperatorCounts[] {
  return [...tableCounts(instance), ...streamCounts(instance)];
}

/** Of streams this process counts all that it has taken, also what it had no part of before. */
function streamCounts(instance: Instance): OperatorCounts[] {
  const { plan } = instance.topics;
  const nodes = new Set([...plan.streams, ...plan.stages].flatMap((flow) => flow.nodes));
  return [...nodes].map((node) => ({
    ...{ node: `ev${node.id}`, name: node.name, op: node.op, rows: null },
    passed: eventCounts(node, eventCountsOf(node)),
    waiting: isWaitedIn(node) ? waitingIn(instance, node) : null,
  }));
}

function isWaitedIn({ op }: StreamNode): boolean {
  return op === "streamJoin" || op === "tableJoin" || op === "suppress";
}

function waitingIn({ topics: { plan }, streams }: Instance, node: StreamNode): number {
  const stage = plan.stages.find((one) => one.node === node)!;
  const views = [...streams.values()].filter(({ topic }) => topic === stage.repartition);
  return views.reduce((sum, { stage }) => sum + (stage?.waiting ?? 0), 0);
}

function tableCounts(instance: Instance): OperatorCounts[] {
  return instance.topology.nodes.flatMap((node): OperatorCounts[] => {
    const { id, name, op } = node;
    const plain = { node: `op${id}`, name, op, waiting: null };
    const size = globalSize(instance, node);
    if (size !== null) return [{ ...plain, passed: { in: size, out: size }, rows: { in: size, out: size } }];
    const place = placeOf(instance, node);
    if (place === null) return [];
    const { patterns, step, added, rowsAt } = place;
    const counted = (outcomes: OutcomeCounts): RowCounts => {
      const counts = rowCounts(node, outcomes);
      return added ? { in: counts.out, out: counts.out } : counts;
    };
    return [{
      ...plain,
      passed: counted(patterns.countsAt(step, (pattern) => patterns.found[pattern])),
      rows: rowsAt.map((rows) => counted(rows(step))).reduce(addCounts, NO_ROWS),
    }];
  });
}

/** Rows of a global table that nothing is made of but what it is; null for everything else. */
function globalSize({ topics: { plan }, context: { globals } }: Instance, { id }: LogicalNode): number | null {
  const place = plan.registers[id];
  if (place === null || !place.global) return null;
  const state = globals.stateOf(place.table);
  return state === undefined ? 0 : state.outcomes === null ? state.rows.keys.size : null;
}

function placeOf(instance: Instance, node: LogicalNode): Place | null {
  const { plan } = instance.topics;
  const register = plan.registers[node.id];
  if (register?.global) {
    const outcomes = instance.context.globals.stateOf(register.table)!.outcomes!;
    const rowsAt = [(step: number) => outcomes.rowsAt(step)];
    return { patterns: outcomes.patterns, step: register.step, added: false, rowsAt };
  }
  const at = isOutput(node) ? outputPlace(plan.tables, node) : register ?? null;
  if (at === null) return null;
  const table = plan.tables[at.table];
  const tasks = [...instance.hosts.values()].flatMap(({ task }) => task?.table === table ? [task] : []);
  return {
    patterns: patternsOf(table),
    step: at.step,
    added: node.op === "sink" && at.step < table.steps.length + table.groups.length,
    rowsAt: tasks.map(({ outcomes }) => (step) => outcomes.rowsAt(step)),
  };
}

function isOutput({ op }: LogicalNode): boolean {
  return op === "sink" || op === "aggregate" || op === "selectKey" || op === "flatMapValues";
}

/** Groups and sinks come behind the steps. A sink of totals has the rows that are added up for it. */
function outputPlace(
  tables: readonly TaskTable[],
  { op, name }: LogicalNode,
): { readonly table: number; readonly step: number } | null {
  for (const { index: table, steps, groups, sinks } of tables) {
    const group = groups.findIndex((one) => op === "sink" ? one.sink?.name === name : one.name === name);
    if (group >= 0) return { table, step: steps.length + group };
    const sink = op === "sink" ? sinks.findIndex((one) => one.name === name) : -1;
    if (sink >= 0) return { table, step: steps.length + groups.length + sink };
  }
  return null;
}
