import type { PlannedSpec } from "../dsl/aggregate_spec.ts";
import type { SinkSpec } from "../dsl/sink.ts";
import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import type { AggregatePlan } from "./physical.ts";
import { isNumber } from "./share_types.ts";
import { groupColumnProblems } from "./sink_table.ts";

/**
 * What is wrong with the columns of a sink that takes the totals of merge tasks as they are. Types are those of totals
 * that no view can make; of the others rows are judged, as a column may take more than its shares could hold.
 */
export function totalSinkProblems(sink: SinkSpec, aggregate: AggregatePlan): string[] {
  const problems = aggregate.columns.flatMap(({ name, spec }) => {
    const type = sink.columns[name];
    const remedy = type === undefined ? null : remedyOf(spec, parseClickHouseType(type));
    return remedy === null ? [] : [`Column "${name}" of sink "${sink.name}" cannot be ${type}: ${remedy}`];
  });
  return [...groupColumnProblems(sink, aggregate), ...problems];
}

function remedyOf(spec: PlannedSpec, type: ClickHouseType): string | null {
  switch (spec.kind) {
    case "countDistinct":
      return isNumber(type) ? null : "countDistinct() gives a number. Declare an Int, UInt, Float or Decimal";
    case "topN":
    case "collect":
      if (type.name === "Array") return null;
      return `${spec.kind}() gives a list. Declare Array(${type.text})`;
    default:
      return null;
  }
}
