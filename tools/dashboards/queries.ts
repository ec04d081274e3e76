import { CLICKHOUSE, CLICKHOUSE_PLUGIN, type ClickHouseTarget, PROMETHEUS, type PrometheusTarget } from "./model.ts";

/**
 * A ClickHouse query with a column `time`, sorted by it. Further text columns become labels of the series; then the
 * number is to be called `Value`, a name that Grafana leaves out of legends.
 */
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

/** The topologies that are asked for. */
export const CHOSEN_TOPOLOGIES = 'topology=~"$topology"';

/** Series that began longer ago than this before a range, and were not seen since, count as new within it. */
const KNOWN_FOR = "1h";

/**
 * How often a counter's event happened in `range`, by labels: what `increase()` tells, and the first value of each
 * series that begins within the range. Weir's counters begin with 0, but what an instance counted before Prometheus
 * first read it, or under a label that nobody knew beforehand, would be missed.
 */
export function counted(
  series: string,
  { range, by = [] }: { readonly range: string; readonly by?: readonly string[] },
): string {
  const increase = `increase(${series}[${range}])`;
  const first = `(min_over_time(${series}[${range}]) unless last_over_time(${series}[${KNOWN_FOR}] offset ${range}))`;
  const grouped = by.length === 0 ? "sum" : `sum by (${by.join(", ")}) `;
  return `${grouped}(${increase} + ${first} or ${increase} or ${first})`;
}
