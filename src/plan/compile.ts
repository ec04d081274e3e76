import { type FoldedNode, type GroupedNode, isGrouped, type LogicalNode, type SinkNode } from "../dsl/logical.ts";
import type { TableResultNode } from "../dsl/stream_nodes.ts";
import { keyColumnsOf } from "../dsl/key_columns.ts";
import type { Topology } from "../dsl/topology.ts";
import { changelogTopic, compileStreams } from "./compile_streams.ts";
import { aggregateOf, foldedRow, isFoldedRow } from "./folded_row.ts";
import { placeProblems, textProblems } from "./key_place.ts";
import { TopologyError } from "../record/errors.ts";
import { aggregatePlan, groupingOf, partKeyOf, partProblems, partSinkProblems } from "./grouped.ts";
import type {
  GlobalTable,
  GroupPlan,
  LookupPlan,
  Member,
  PhysicalPlan,
  ServePlan,
  SinkPlan,
  Step,
  TaskTable,
} from "./physical.ts";
import { registerPlaces } from "./register_place.ts";
import { isTopic, topicPlan, topicPlanProblems } from "./topic_table.ts";
import { retentionProblems } from "./retention.ts";
import { rowsTable, shareSinkProblems, sharesTable, sinkProblems } from "./sink_table.ts";
import { totalSinkProblems } from "./total_sink.ts";
import { divide, mergedSource, NO_UNIT, type PartitionsOf, type Units } from "./units.ts";

type Draft<T> = { -readonly [P in keyof T]: T[P] extends readonly (infer E)[] ? E[] : T[P] };

/** Everything known while one topology is compiled. */
interface Compilation {
  readonly topology: Topology;
  readonly units: Units;
  readonly problems: string[];
  readonly tables: Map<number, Draft<TaskTable>>;
  readonly globals: Map<number, Draft<GlobalTable>>;
  /** By the unit of parts: the names of the columns that they are keyed by, as far as these are known. */
  readonly partKeys: Map<number, readonly string[]>;
  /** Register of each node within its unit's program. */
  readonly register: Map<number, number>;
  /** Partitions of the widest topic of a table, as far as they are known. */
  readonly widest: number;
}

/**
 * Compiles a topology into tasks and programs. Without `partitionsOf`, tables joined on the same key are assumed to
 * have equally many partitions.
 *
 * @throws TopologyError listing all problems
 */
export function compile(topology: Topology, partitionsOf: PartitionsOf = () => undefined): PhysicalPlan {
  const units = divide(topology, partitionsOf);
  const compilation: Compilation = {
    topology,
    units,
    problems: [...units.problems],
    tables: new Map(),
    globals: new Map(),
    partKeys: new Map(),
    register: new Map(),
    widest: widestOf(topology, partitionsOf),
  };
  for (const [unit, memberIds] of units.members) declareUnit(compilation, { unit, memberIds });
  for (const node of topology.nodes) addNode(compilation, node);
  for (const table of compilation.tables.values()) {
    compilation.problems.push(...placeProblems(table, partitionsOf), ...textProblems(table, partitionsOf));
  }
  const { streams, stages, problems } = compileStreams(topology, (node) => {
    const unit = unitAt(compilation, node);
    if ("members" in unit) return null;
    return { table: unit.index, step: compilation.register.get(node)!, keyColumns: unit.keyColumns };
  });
  compilation.problems.push(...problems, ...retentionProblems(topology));
  if (compilation.problems.length > 0) throw new TopologyError(topology.name, compilation.problems);
  return {
    topology: topology.name,
    tables: [...compilation.tables.values()],
    globals: [...compilation.globals.values()],
    streams,
    stages,
    registers: registerPlaces(topology.nodes, { ...compilation, unitAt: (node) => unitAt(compilation, node) }),
  };
}

function widestOf({ nodes, streams }: Topology, partitionsOf: PartitionsOf): number {
  const topics = [...nodes, ...streams].flatMap((node) => "source" in node ? [node.source.topic] : []);
  return Math.max(1, ...topics.map((topic) => partitionsOf(topic) ?? 1));
}

function declareUnit(
  compilation: Compilation,
  { unit, memberIds }: { readonly unit: number; readonly memberIds: readonly number[] },
): void {
  const { topology } = compilation;
  const first = topology.nodes[memberIds[0]];
  if (first.op === "source" && first.global) {
    const source = mergedSource(topology, first);
    compilation.globals.set(unit, {
      index: compilation.globals.size,
      name: first.name,
      source,
      keyColumns: [...keyColumnsOf(source)],
      steps: [],
      lookups: [],
    });
    return;
  }
  // Aggregates become members when they are compiled, since then the table of their rows is known.
  const members = memberIds.flatMap((id): Member[] => {
    const node = topology.nodes[id];
    if (node.op === "folded") return [foldedMember(topology, node)];
    return node.op === "source" ? [{ kind: "source", name: node.name, source: mergedSource(topology, node) }] : [];
  });
  compilation.tables.set(unit, {
    index: compilation.tables.size,
    name: first.name,
    members,
    keyColumns: first.op === "source" ? [...keyColumnsOf(first.source)] : null,
    steps: [],
    lookups: [],
    sinks: [],
    groups: [],
    serves: [],
  });
}

function foldedMember({ name: topology, streams }: Topology, { name, stream }: FoldedNode): Member {
  const node = streams[stream] as TableResultNode;
  return { kind: "folded", name, topic: changelogTopic(topology, node), node };
}

function addNode(compilation: Compilation, node: LogicalNode): void {
  if (node.op === "sink") return addSink(compilation, node);
  if (isGrouped(node)) return addGrouped(compilation, node);
  if (compilation.units.unitOf[node.id] === NO_UNIT) return;
  if (node.op === "folded") return addFolded(compilation, node);
  const unit = unitAt(compilation, node.id);
  const step = stepOf(compilation, node);
  const same = step.kind === "member"
    ? unit.steps.findIndex((s) => s.kind === "member" && s.member === step.member)
    : -1;
  compilation.register.set(node.id, same >= 0 ? same : unit.steps.push(step) - 1);
}

/** The rows as the changelog has them, without those that are gone, and without what only the changelog needs. */
function addFolded(compilation: Compilation, { id, name }: FoldedNode): void {
  const { members, steps } = unitAt(compilation, id) as Draft<TaskTable>;
  const member = members.findIndex((one) => one.kind === "folded" && one.name === name);
  const all = steps.push({ kind: "member", name, member }) - 1;
  const there = steps.push({ kind: "filter", name, input: all, predicate: isFoldedRow }) - 1;
  compilation.register.set(id, steps.push({ kind: "map", name, input: there, mapper: foldedRow }) - 1);
}

function unitAt(compilation: Compilation, node: number): Draft<TaskTable> | Draft<GlobalTable> {
  const unit = compilation.units.unitOf[node];
  return compilation.tables.get(unit) ?? compilation.globals.get(unit)!;
}

function stepOf(
  compilation: Compilation,
  node: Exclude<LogicalNode, SinkNode | GroupedNode | FoldedNode>,
): Step {
  const { name } = node;
  const unit = unitAt(compilation, node.id);
  if (node.op === "source") {
    const members = "members" in unit ? unit.members : [];
    const member = members.findIndex((m) => m.kind === "source" && m.source.topic === node.source.topic);
    return { kind: "member", name, member: Math.max(0, member) };
  }
  const input = compilation.register.get(node.input)!;
  switch (node.op) {
    case "filter":
      return { kind: "filter", name, input, predicate: node.predicate };
    case "filterNot":
      return { kind: "filter", name, input, predicate: (row, key) => !node.predicate(row, key) };
    case "mapValues":
      return { kind: "map", name, input, mapper: node.mapper };
    case "expireAfter":
      return { kind: "expire", name, input, time: node.time, durationUs: node.durationUs };
    case "foreignKeyJoin": {
      const lookup = addLookup(compilation, { name, home: unit, right: node.right });
      return {
        kind: "lookup",
        name,
        input,
        column: node.column,
        inner: node.kind === "inner",
        lookup,
        foreignKey: node.foreignKey,
      };
    }
    case "union":
      return { kind: "union", name, left: input, right: compilation.register.get(node.right)! };
    case "keyJoin": {
      const { column, leftColumn } = node;
      if (compilation.units.lookedUp.has(node.id)) {
        const lookup = addLookup(compilation, { name, home: unit, right: node.right });
        return { kind: "lookup", name, input, column, inner: node.kind === "inner", lookup, foreignKey: null };
      }
      const right = compilation.register.get(node.right)!;
      return { kind: "pair", name, mode: node.kind, left: input, right, column, leftColumn };
    }
  }
}

function addLookup(
  compilation: Compilation,
  join: { name: string; home: Draft<TaskTable> | Draft<GlobalTable>; right: number },
): number {
  const { name, home } = join;
  const right = unitAt(compilation, join.right);
  const step = compilation.register.get(join.right)!;
  const global = !("members" in right);
  const windowed = !global &&
    right.members.some((one) => one.kind === "folded" && aggregateOf(one.node).window !== null);
  if (windowed) {
    compilation.problems.push(
      `Cannot look up rows of "${right.name}" for join "${name}": its groups have windows, and all windows of a ` +
        "group are where the group is. Aggregate both sides in the same windows, and join on the same key",
    );
  }
  const lookup: LookupPlan = { name, global, table: right.index, step, keyColumns: right.keyColumns };
  if (!global && !("members" in home)) {
    compilation.problems.push(
      `Cannot join "${name}": a global table takes global tables only. Declare the right side with builder.globalTable`,
    );
  } else if (!global) {
    const serve: ServePlan = { name, step, home: home.index };
    right.serves.push(serve);
  }
  return home.lookups.push(lookup) - 1;
}

function addGrouped(compilation: Compilation, node: GroupedNode): void {
  const home = unitAt(compilation, node.input) as Draft<TaskTable>;
  const grouped = {
    name: node.name,
    step: compilation.register.get(node.input)!,
    grouping: groupingOf(node),
    aggregate: aggregatePlan(node),
  };
  const { aggregate } = grouped;
  compilation.problems.push(...partProblems(grouped, home));
  const partKey = partKeyOf(grouped, home);
  if (partKey !== null) compilation.partKeys.set(compilation.units.unitOf[node.id], partKey);
  const merge = compilation.tables.get(compilation.units.unitOf[node.id]);
  if (merge === undefined) {
    for (const sink of compilation.topology.nodes) {
      if (sink.op !== "sink" || sink.input !== node.id) continue;
      compilation.problems.push(...shareSinkProblems(sink.sink, aggregate));
      const plan: SinkPlan = {
        name: sink.name,
        table: sharesTable(sink.sink, aggregate),
        ...groupKeyOrder(sink),
      };
      home.groups.push({ ...grouped, sink: plan, merge: null });
    }
    return;
  }
  const member = merge.members.push({ kind: "merge", name: node.name, aggregate, home: home.index }) - 1;
  const group: GroupPlan = { ...grouped, sink: null, merge: { table: merge.index, member } };
  home.groups.push(group);
  compilation.register.set(node.id, merge.steps.push({ kind: "member", name: node.name, member }) - 1);
}

function addSink(compilation: Compilation, node: SinkNode): void {
  if (compilation.units.unitOf[node.input] === NO_UNIT) return;
  const table = unitAt(compilation, node.input) as Draft<TaskTable>;
  if (isTopic(node.sink)) {
    const { keyColumns } = table;
    compilation.problems.push(...topicPlanProblems(node.sink, table));
    const plan = topicPlan(node.sink, { keyColumns, widest: compilation.widest });
    table.sinks.push({ name: node.name, step: compilation.register.get(node.input)!, ...plan });
    return;
  }
  compilation.problems.push(
    ...sinkProblems(node.sink, table),
    ...partSinkProblems(node.sink, compilation.partKeys.get(compilation.units.unitOf[node.input])),
  );
  const input = compilation.topology.nodes[node.input];
  if (input.op === "aggregate") compilation.problems.push(...totalSinkProblems(node.sink, aggregatePlan(input)));
  const order = table.keyColumns === null
    ? groupKeyOrder(node)
    : { keyOrder: node.sink.key.map((_, index) => index), byName: false };
  table.sinks.push({
    name: node.name,
    step: compilation.register.get(node.input)!,
    table: rowsTable(node.sink),
    ...order,
  });
}

/**
 * Group keys are ordered by column name, so that every task writes the same key text whatever order a callback used.
 */
function groupKeyOrder(node: SinkNode): Pick<SinkPlan, "keyOrder" | "byName"> {
  const sorted = [...node.sink.key].sort();
  return { keyOrder: node.sink.key.map((column) => sorted.indexOf(column)), byName: true };
}
