import { CLICKHOUSE, CLICKHOUSE_PLUGIN, type ClickHouseTarget, PROMETHEUS, type PrometheusTarget } from "./model.ts";

/** A ClickHouse query with a column `time`, sorted by it; further text columns become labels of the series. */
export function seriesOf(sql: string, refId = "A"): ClickHouseTarget {
  return clickhouse(sql, { refId, queryType: "timeseries", format: 0 });
}

/** A ClickHouse query whose rows are shown as they come. */
export function tableOf(sql: string, refId = "A"): ClickHouseTarget {
  return clickhouse(sql, { refId, queryType: "table", format: 1 });
}

function clickhouse(
  sql: string,
  rest: Pick<ClickHouseTarget, "refId" | "queryType" | "format">,
): ClickHouseTarget {
  return {
    refId: rest.refId,
    datasource: CLICKHOUSE,
    editorType: "sql",
    queryType: rest.queryType,
    format: rest.format,
    pluginVersion: CLICKHOUSE_PLUGIN,
    rawSql: sql,
  };
}

/** Expressions over time, each with the legend of its series. */
export function expressions(...list: readonly (readonly [expr: string, legend: string])[]): PrometheusTarget[] {
  return list.map(([expr, legendFormat], index) => prometheus(index, { expr, legendFormat, instant: false }));
}

/** Expressions as they are now. */
export function instants(...list: readonly (readonly [expr: string, legend: string])[]): PrometheusTarget[] {
  return list.map(([expr, legendFormat], index) => prometheus(index, { expr, legendFormat, instant: true }));
}

function prometheus(
  index: number,
  query: { readonly expr: string; readonly legendFormat: string; readonly instant: boolean },
): PrometheusTarget {
  return {
    refId: String.fromCharCode("A".charCodeAt(0) + index),
    datasource: PROMETHEUS,
    expr: query.expr,
    legendFormat: query.legendFormat,
    range: !query.instant,
    instant: query.instant,
    format: "time_series",
  };
}
