import type { SinkSpec } from "../dsl/sink.ts";
import type { ColumnSpec, TableSpec, ViewColumn } from "../ports/warehouse.ts";
import { parseClickHouseType } from "../record/clickhouse_type.ts";
import type { AggregatePlan, TaskTable } from "./physical.ts";
import { sinkKeyProblems } from "./sink_key.ts";

/** Fraction digits of an average's sum at least: the values may have more digits than the average. */
const SUM_SCALE = 10;

/** The ClickHouse table of a sink that takes rows as they are. */
export function rowsTable(sink: SinkSpec): TableSpec {
  return {
    name: sink.name,
    columns: Object.entries(sink.columns).map(([name, type]) => ({ name, type })),
    key: sink.key,
    shares: false,
    indexes: sink.indexes,
  };
}

/**
 * The ClickHouse table of an aggregate whose shares are added up by the view: one row for each (group, task). An
 * average is kept as sum and count; the view divides. ClickHouse's division and its cast to fewer digits both cut
 * toward zero, as `avg` does.
 */
export function sharesTable(sink: SinkSpec, aggregate: AggregatePlan): TableSpec {
  const columns: ColumnSpec[] = [];
  const view: ViewColumn[] = [];
  for (const [name, type] of Object.entries(sink.columns)) {
    const spec = aggregate.columns.find((column) => column.name === name)?.spec;
    if (spec === undefined) {
      columns.push({ name, type });
      continue;
    }
    if (spec.kind === "avg") {
      columns.push({ name: `${name}__sum`, type: `Decimal(38, ${Math.max(spec.scale, SUM_SCALE)})` }, {
        name: `${name}__count`,
        type: "UInt64",
      });
      const quotient = `sum(${name}__sum) / nullIf(sum(${name}__count), 0)`;
      const division = `CAST(${quotient} AS Nullable(Decimal(38, ${spec.scale})))`;
      view.push({ name, expression: castTo(division, type), combine: { kind: "avg", scale: spec.scale } });
      continue;
    }
    columns.push({ name, type });
    const combine = spec.kind === "min" || spec.kind === "max" ? spec.kind : "sum";
    view.push({ name, expression: castTo(`${combine}(${name})`, type), combine: { kind: combine, scale: 0 } });
  }
  return { name: sink.name, columns, key: sink.key, shares: true, view, indexes: sink.indexes };
}

function castTo(expression: string, type: string): string {
  const from = parseClickHouseType(type).nullable ? expression : `assumeNotNull(${expression})`;
  return `CAST(${from} AS ${type})`;
}

/** What is wrong with a sink on this table. Group columns are known only when rows come. */
export function sinkProblems(sink: SinkSpec, { name, keyColumns }: Pick<TaskTable, "name" | "keyColumns">): string[] {
  const problems = sinkKeyProblems(sink);
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

/** What is wrong with a sink that takes an aggregate's groups and totals. */
export function shareSinkProblems(sink: SinkSpec, aggregate: AggregatePlan): string[] {
  const problems = sinkKeyProblems(sink);
  for (const name of Object.keys(sink.columns)) {
    const isTotal = aggregate.columns.some((column) => column.name === name);
    if (!isTotal && !sink.key.includes(name)) {
      problems.push(
        `Column "${name}" of sink "${sink.name}" is neither a total of aggregate "${aggregate.name}" nor part of ` +
          `the sink's key. All group columns belong to the key: key: [..., "${name}"]`,
      );
    }
    if (isTotal && sink.key.includes(name)) {
      problems.push(
        `Column "${name}" of sink "${sink.name}" is a total of "${aggregate.name}" and cannot be part of the key`,
      );
    }
  }
  return problems;
}
