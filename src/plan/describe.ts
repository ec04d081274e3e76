import type { Topology } from "../dsl/topology.ts";
import { describeCosts } from "./describe_costs.ts";
import type {
  GlobalDescription,
  OutputDescription,
  SinkDescription,
  SourceDescription,
  StoreDescription,
  TaskDescription,
  TopologyDescription,
} from "./description.ts";
import type { ColumnSpec, TableSpec } from "../ports/warehouse.ts";
import { describeOperators } from "./describe_operators.ts";
import { describeAppends, describeOutputs, describeStages, describeStreams } from "./describe_streams.ts";
import { aggregateOf } from "./folded_row.ts";
import { inboxTopic } from "./inbox_topic.ts";
import { memberTopic } from "./member_topic.ts";
import { type OutputPlan as TableOutput, outputsOf } from "./outputs_of.ts";
import { maskedTables } from "./masks.ts";
import type { GlobalTable, LookupPlan, Member, PhysicalPlan, TaskTable } from "./physical.ts";

/**
 * Estimated bytes of an entry, of which integer keys take the least: the key, its place in the index, flags. All of
 * these are of columns with few different texts or small numbers, as most are; `deno task bench state` measures.
 */
const ENTRY_BYTES = 14;
/** Of a column of a row. */
const COLUMN_BYTES = 5;
/** Of a link to a right row, within the lists of its users. */
const LINK_BYTES = 12;
/** Of a digest, or a number. */
const NUMBER_BYTES = 8;
/** Of the place of another slot. */
const PLACE_BYTES = 4;
/** Of a right row: the head of the list of its users. */
const USERS_BYTES = 8;
/** Of the total of a column of a group, an object. */
const TOTAL_BYTES = 100;
/** Of a row of a changelog beside its totals: the group's, a window's, and two of its own. */
const FOLDED_COLUMNS = 5;

/**
 * What `plan`, which was compiled from `topology`, runs where, keeps and costs. Pure; depends on names and order alone.
 */
export function describe(plan: PhysicalPlan, topology: Topology): TopologyDescription {
  const tables = maskedTables(topology);
  return {
    topology: topology.name,
    sources: [
      ...plan.tables.flatMap((table) => table.members.flatMap((member) => sourceOf(member))),
      ...plan.globals.map((table) => source(table, "globalTable")),
    ],
    operators: describeOperators(plan, topology),
    streams: describeStreams(plan),
    stages: describeStages(plan, topology),
    tasks: plan.tables.map((table) => task(table, plan)),
    globals: plan.globals.map((table) => globalTable(table, plan)),
    sinks: [
      ...plan.tables.flatMap((table) =>
        outputsOf(table).flatMap((output) =>
          output.sink.table.output === undefined ? [describeSink(output, table)] : []
        )
      ),
      ...describeAppends(plan),
    ].map((sink) => {
      const masked = tables.get(sink.name)?.columns ?? [];
      return masked.length === 0 ? sink : { ...sink, masked };
    }),
    outputs: [...plan.tables.flatMap(describeTopics), ...describeOutputs(plan, topology)],
    costs: describeCosts(plan),
  };
}

function sourceOf(member: Member): SourceDescription[] {
  return member.kind === "source" ? [source(member, "table")] : [];
}

function source(
  { name, source: spec }: Pick<GlobalTable, "name" | "source">,
  kind: SourceDescription["kind"],
): SourceDescription {
  const masked = spec.mask === undefined ? {} : { masked: spec.mask };
  return { name, topic: spec.topic, kind, key: [...spec.key], columns: Object.keys(spec.row.shape), ...masked };
}

function task(table: TaskTable, plan: PhysicalPlan): TaskDescription {
  const roles: TaskDescription["roles"][number][] = [];
  if (table.members.some((member) => member.kind === "merge")) roles.push("merge");
  if (table.lookups.length + table.sinks.length + table.groups.length > 0) roles.push("home");
  if (table.serves.length > 0) roles.push("server");
  return {
    table: table.name,
    reads: table.members.map((member) => memberTopic(member) ?? `shares of ${member.name}`),
    keyedBy: table.keyColumns === null ? "the group" : table.keyColumns.map(({ name }) => name),
    roles,
    inbox: inboxTopic({ topology: plan.topology, table: table.name, generation: "<generation>" }),
    stores: [
      rowStore(table),
      ...table.lookups.map((lookup) => partnerStore(lookup, plan)),
      ...table.groups.map((group): StoreDescription => ({
        name: group.name,
        entryFor: group.grouping.kind === "parts" ? "part of the task's rows" : "group of the task's rows",
        bytesPerEntry: ENTRY_BYTES + 2 * NUMBER_BYTES + PLACE_BYTES + group.aggregate.columns.length * TOTAL_BYTES,
      })),
      ...table.serves.map((serve): StoreDescription => ({
        name: `${serve.name} subscriptions`,
        entryFor: "row that a home has asked for",
        bytesPerEntry: ENTRY_BYTES + PLACE_BYTES + LINK_BYTES,
      })),
    ],
  };
}

function rowStore(table: TaskTable): StoreDescription {
  const links = table.lookups.length * LINK_BYTES + table.groups.length * PLACE_BYTES;
  const digests = (table.sinks.length + table.serves.length) * NUMBER_BYTES;
  const times = table.steps.some(({ kind }) => kind === "expire") ? NUMBER_BYTES + 2 * PLACE_BYTES : 0;
  const columns = table.members.reduce((sum, member) => sum + columnsOf(member), 0);
  const contributions = table.groups.reduce((sum, group) => sum + group.aggregate.columns.length, 0);
  return {
    name: table.name,
    entryFor: "row of the task's partition",
    bytesPerEntry: ENTRY_BYTES + links + digests + times + COLUMN_BYTES * (columns + contributions),
  };
}

function columnsOf(member: Member): number {
  if (member.kind === "source") return Object.keys(member.source.row.shape).length;
  return member.kind === "merge"
    ? member.aggregate.columns.length + 1
    : Object.keys(aggregateOf(member.node).sides[0].aggregates).length + FOLDED_COLUMNS;
}

function partnerStore(lookup: LookupPlan, plan: PhysicalPlan): StoreDescription {
  if (lookup.global) {
    return {
      name: lookup.name,
      entryFor: "right row in use (the row itself is shared)",
      bytesPerEntry: ENTRY_BYTES + USERS_BYTES + PLACE_BYTES + NUMBER_BYTES,
    };
  }
  const columns = plan.tables[lookup.table].members.reduce((sum, member) => sum + columnsOf(member), 0);
  return {
    name: lookup.name,
    entryFor: "right row in use, in each task that uses it",
    bytesPerEntry: ENTRY_BYTES + USERS_BYTES + COLUMN_BYTES * columns,
  };
}

function globalTable(table: GlobalTable, plan: PhysicalPlan): GlobalDescription {
  const registers = plan.tables.concat(plan.globals as never).flatMap((other) => other.lookups)
    .filter((lookup) => lookup.global && lookup.table === table.index).map((lookup) => lookup.step);
  const columns = Object.keys(table.source.row.shape).length;
  return {
    table: table.name,
    topic: table.source.topic,
    joins: table.lookups.map((lookup) => lookup.name),
    store: {
      name: table.name,
      entryFor: "row, on every instance",
      bytesPerEntry: ENTRY_BYTES + (NUMBER_BYTES + COLUMN_BYTES * columns) * (1 + new Set(registers).size),
    },
  };
}

/** The topics that rows of a table are written to, for others. */
function describeTopics(table: TaskTable): OutputDescription[] {
  return table.sinks.flatMap(({ table: { output }, step }): OutputDescription[] => {
    if (output === undefined || output.changes) return [];
    const { topic, text, columns } = output;
    return [{
      topic,
      holds: "rows",
      from: [table.steps[step].name],
      key: text ? "text" : "json",
      value: "json",
      columns,
      guarantee: "at_least_once",
    }];
  });
}

function describeSink({ kind, sink, index }: TableOutput, table: TaskTable): SinkDescription {
  const from = kind === "rows" ? table.steps[table.sinks[index].step].name : table.groups[index].name;
  return {
    name: sink.name,
    table: `${sink.name}_rows`,
    key: [...sink.table.key],
    columns: shownColumns(sink.table).map(({ name, type }) => `${name} ${type}`),
    from,
    holds: sink.table.shares ? "shares" : "rows",
  };
}

/** What the view shows, as declared: totals, whatever their shares are kept in. */
function shownColumns({ columns, view, refused }: TableSpec): readonly Pick<ColumnSpec, "name" | "type">[] {
  if (view === undefined) return columns;
  const hidden = new Set([refused, ...view.flatMap(({ shares }) => [shares.rest, shares.count])]);
  return columns.filter(({ name }) => !hidden.has(name)).map((column) =>
    view.find(({ shares }) => shares.value === column.name) ?? column
  );
}
