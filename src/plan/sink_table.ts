import { isTotal, type TotalSpec } from "../dsl/aggregate_spec.ts";
import type { SinkSpec } from "../dsl/sink.ts";
import type { ColumnSpec, ShareColumns, TableSpec, ViewColumn } from "../ports/warehouse.ts";
import { parseClickHouseType } from "../record/clickhouse_type.ts";
import type { AggregatePlan, TaskTable } from "./physical.ts";
import { sinkKeyProblems } from "./sink_key.ts";
import { type ShareTypes, shareTypes } from "./share_types.ts";
import { shareStorageProblems, sinkStorageProblems } from "./storage_problems.ts";

/** Column of a table of shares that is 1 where a task could not write its share. */
const REFUSED = "_refused";

/** The ClickHouse table of a sink that takes rows as they are. */
export function rowsTable(sink: SinkSpec): TableSpec {
  return {
    name: sink.name,
    columns: Object.entries(sink.columns).map(([name, type]) => ({ name, type })),
    key: sink.key,
    shares: false,
    indexes: sink.indexes,
    ...storageOf(sink),
  };
}

/**
 * The ClickHouse table of an aggregate whose shares are added up by the view: one row for each (group, task). Shares
 * have types of their own, wide enough that every total is exact before the view decides whether it fits its column. An
 * average is kept as sum and number of values; the view divides. Digits beyond the scale of a decimal total have a
 * column of their own: they may come to nothing (0.005 and 0.005 into a `Decimal(18, 2)`), and an average depends on
 * all of them.
 */
export function sharesTable(sink: SinkSpec, aggregate: AggregatePlan): TableSpec {
  const columns: ColumnSpec[] = [];
  const view: ViewColumn[] = [];
  for (const [name, type] of Object.entries(sink.columns)) {
    const spec = specOf(aggregate, name);
    if (spec === undefined) {
      columns.push({ name, type });
      continue;
    }
    // Types without shares are refused with a better message by shareSinkProblems.
    const types = shareTypes(spec, parseClickHouseType(type)) ?? { value: type };
    const shares = shareNames(name, { spec, types });
    for (const part of ["value", "rest", "count"] as const) {
      if (types[part] !== undefined) columns.push({ name: shares[part]!, type: types[part] });
    }
    view.push({ name, type, kind: spec.kind === "count" ? "sum" : spec.kind, shares, scale: spec.scale });
  }
  columns.push({ name: REFUSED, type: "UInt8" });
  const { name, key, indexes } = sink;
  return { name, columns, key, shares: true, view, refused: REFUSED, indexes, ...storageOf(sink) };
}

function storageOf({ storage }: SinkSpec): Pick<TableSpec, "storage"> {
  return storage === undefined ? {} : { storage };
}

/** All totals that are kept in shares are of this kind. */
function specOf(aggregate: AggregatePlan, name: string): TotalSpec | undefined {
  const spec = aggregate.columns.find((column) => column.name === name)?.spec;
  return spec !== undefined && isTotal(spec) ? spec : undefined;
}

function shareNames(
  name: string,
  { spec, types }: { readonly spec: TotalSpec; readonly types: ShareTypes },
): ShareColumns {
  return {
    value: spec.kind === "avg" ? `${name}__sum` : name,
    ...(types.rest === undefined ? {} : { rest: `${name}__rest` }),
    ...(types.count === undefined ? {} : { count: `${name}__count` }),
  };
}

/** What is wrong with a sink on this table. Group columns are known only when rows come. */
export function sinkProblems(sink: SinkSpec, { name, keyColumns }: Pick<TaskTable, "name" | "keyColumns">): string[] {
  const problems = [...sinkKeyProblems(sink), ...sinkStorageProblems(sink)];
  if (keyColumns === null || sink.key.length === keyColumns.length) return problems;
  return [
    ...problems,
    `Sink "${sink.name}" has ${sink.key.length} key column(s) (${
      sink.key.join(", ")
    }), but table "${name}" is keyed by ` +
    `${keyColumns.length} (${
      keyColumns.map((column) => column.name).join(", ")
    }). Name one sink column for each key column, in the same order`,
  ];
}

/** What is wrong with the columns of a sink that takes groups and totals: its key is the group, all else are totals. */
export function groupColumnProblems(sink: SinkSpec, { name: aggregate, columns }: AggregatePlan): string[] {
  return Object.keys(sink.columns).flatMap((name) => {
    const isTotal = columns.some((column) => column.name === name);
    if (isTotal !== sink.key.includes(name)) return [];
    return isTotal
      ? [`Column "${name}" of sink "${sink.name}" is a total of "${aggregate}" and cannot be part of the key`]
      : [
        `Column "${name}" of sink "${sink.name}" is neither a total of aggregate "${aggregate}" nor part of ` +
        `the sink's key. All group columns belong to the key: key: [..., "${name}"]`,
      ];
  });
}

/** What is wrong with a sink that takes an aggregate's groups and totals as shares. */
export function shareSinkProblems(sink: SinkSpec, aggregate: AggregatePlan): string[] {
  const problems = [
    ...sinkKeyProblems(sink),
    ...groupColumnProblems(sink, aggregate),
    ...sinkStorageProblems(sink),
    ...shareStorageProblems(sink),
  ];
  for (const [name, type] of Object.entries(sink.columns)) {
    const spec = specOf(aggregate, name);
    if (name === REFUSED) problems.push(`Column "${name}" of sink "${sink.name}" is kept for bookkeeping. ${RENAME}`);
    if (spec === undefined) continue;
    const types = shareTypes(spec, parseClickHouseType(type));
    if (types === null) {
      problems.push(`Column "${name}" of sink "${sink.name}" cannot be ${type}: ${remedyOf(name, spec)}`);
      continue;
    }
    for (const share of Object.values<string>({ ...shareNames(name, { spec, types }) })) {
      if (share === name || !Object.hasOwn(sink.columns, share)) continue;
      problems.push(
        `Column "${share}" of sink "${sink.name}" has the name under which the total "${name}" keeps its shares. ` +
          RENAME,
      );
    }
  }
  return problems;
}

const RENAME = "Choose another name";

/** Which types a total's column may have. */
function remedyOf(name: string, { kind, scale }: TotalSpec): string {
  switch (kind) {
    case "sum":
    case "count":
      return `${kind}() gives a number. Declare an Int, UInt, Float, or Decimal of at most 38 fraction digits`;
    case "avg":
      return `avg() gives a decimal of ${scale} fraction digits. Declare a Decimal with as many, or give avg() the ` +
        `column's: ${name}: avg(..., 2) for a Decimal(18, 2)`;
    case "min":
    case "max":
      return `${kind}() gives no value of it, or another one than ClickHouse. Declare an Int, UInt, Float, Decimal ` +
        "of at most 38 fraction digits, Date, Date32, DateTime, DateTime64, String, FixedString, UUID, Enum8 or Enum16";
  }
}
