import { boundProblems } from "./aggregate_problems.ts";
import type { Graph } from "./graph.ts";
import type { RowOf } from "./source.ts";
import type { StreamAggregates, StreamAggregateSpec } from "./stream_aggregates.ts";
import type { GroupSelector } from "./stream_nodes.ts";
import type { KTable } from "./tables.ts";
import type { Windows } from "./windows.ts";

/** The column that tells windows of a group apart: part of the key. */
export type WindowKey = {
  /** Where it begins, microseconds since the epoch. */
  readonly window_start: number;
};

/** The columns that tell a window: microseconds since the epoch. */
// An alias, not an interface: rows have no other columns.
export type WindowColumns = {
  /** Where it begins. */
  readonly window_start: number;
  /** Where it ends: excluded for tumbling and hopping windows, included for sliding ones and sessions. */
  readonly window_end: number;
};

/** When rows of windows are told: at each change, or once. Windows without an end are never told once. */
export type Emit<E> = [E] extends [never] ? "update" : "update" | "close";

/** @ignore Where a grouped stream stands. */
export interface GroupedPlace {
  readonly graph: Graph;
  readonly node: number;
  readonly groupBy: GroupSelector;
}

/** A grouped stream as one of several inputs. */
export interface GroupedInput<G, V> {
  /** @ignore Carries a type. */
  readonly "~group": G;
  /** @ignore Carries a type. */
  readonly "~value": V;
  /** @ignore This stream, and what it adds. */
  input(aggregates: StreamAggregates<V>): AggregationInput;
}

/** One input, and what it adds. */
export interface AggregationInput {
  /** @ignore Where it stands. */
  readonly place: GroupedPlace;
  /** What it adds, by column. */
  readonly aggregates: StreamAggregates<never>;
}

/** An aggregate that is being declared. */
export interface Aggregation {
  readonly inputs: readonly AggregationInput[];
  readonly windows: Windows | Windows<never> | null;
  readonly emit: "update" | "close";
}

/** Adds it to its topology. What is wrong with it becomes the topology's problem. @throws TypeError */
export function aggregated<K extends RowOf, R extends RowOf>(name: string, aggregation: Aggregation): KTable<K, R> {
  const { inputs, windows, emit } = aggregation;
  const { graph } = inputs[0].place;
  if (inputs.some(({ place }) => place.graph !== graph)) {
    throw new TypeError(`Cannot aggregate "${name}" over two topologies. Declare its streams with the same builder`);
  }
  graph.claim(name, "Give one of the aggregates another name");
  const sides = inputs.map(({ place: { groupBy }, aggregates }) => ({ groupBy, aggregates: specsOf(aggregates) }));
  graph.problems.push(...problemsOf(name, { columns: sides.map((side) => side.aggregates), aggregation }));
  const stream = graph.addStream({
    op: "streamAggregate",
    name,
    inputs: inputs.map(({ place }) => place.node),
    sides,
    window: windows?.spec ?? null,
    emit,
  });
  return graph.tableAt(graph.add({ op: "folded", name, stream }), name) as KTable<K, R>;
}

type Columns = Readonly<Record<string, StreamAggregateSpec>>;

function specsOf(aggregates: StreamAggregates<never>): Columns {
  return Object.fromEntries(Object.entries(aggregates).map(([column, { spec }]) => [column, spec]));
}

function problemsOf(
  name: string,
  { columns, aggregation: { windows, emit } }: {
    readonly columns: readonly Columns[];
    readonly aggregation: Aggregation;
  },
): string[] {
  const problems: string[] = [];
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    problems.push(`Cannot use "${name}" as an aggregate's name: it names a topic. Use letters, digits, "-" and "_"`);
  }
  const kind = windows?.spec.kind ?? "unlimited";
  if (emit === "close" && kind === "unlimited") {
    problems.push(`Aggregate "${name}" is told when its windows close, which they never do. Leave emit("close") out`);
  }
  for (const [column, spec] of Object.entries(columns[0])) {
    const total = `Total "${column}" of aggregate "${name}"`;
    if (windows !== null && (column === "window_start" || column === "window_end")) {
      problems.push(`${total} has the name of a column of its window. Give it another one`);
    }
    if (kind === "session" && spec.kind === "folding" && spec.merge === null) {
      problems.push(`${total} is folding() without merge, and sessions become one. Add merge: (a, b) => ...`);
    }
    if ("most" in spec) problems.push(...boundProblems(spec).map((problem) => `${total} ${problem}`));
  }
  for (const others of columns.slice(1)) {
    if (textOf(others) === textOf(columns[0])) continue;
    problems.push(
      `Aggregate "${name}" has other totals for one stream than for another: ${textOf(columns[0])}, and ` +
        `${textOf(others)}. Give all the same columns, each of one kind, as cogroup(...) needs them`,
    );
  }
  return problems;
}

/** Equal for totals that several inputs may add to. */
function textOf(columns: Columns): string {
  return Object.entries(columns).map(([column, spec]) => `${column}: ${kindText(spec)}`).sort().join(", ");
}

function kindText(spec: StreamAggregateSpec): string {
  switch (spec.kind) {
    case "avg":
      return `avg of scale ${spec.scale}`;
    case "topN":
    case "collect":
      return `${spec.kind}(${spec.most})`;
    default:
      return spec.kind;
  }
}
