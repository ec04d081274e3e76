import { refusal } from "./reading_rules.ts";

/**
 * Settings that whoever only reads may give with a request: limits, and how values are written and compared. Others
 * name files, addresses and tables, have expressions in them, allow what is not allowed, or change how a statement is
 * understood.
 */
const FAMILIES = new RegExp(
  "^(" + [
    ...["max", "min", "output_format", "format_csv", "format_tsv", "format_json", "format_custom", "format_binary"],
    ...["join", "any_join", "group_by", "distinct", "sort", "set", "result", "timeout", "transfer", "totals", "union"],
    ...["except", "intersect", "optimize", "query_plan", "date_time", "cast", "aggregate_functions", "aggregation"],
    ...["short_circuit", "empty_result", "prefer", "preferred", "read_overflow", "read_in_order", "enable_positional"],
  ].join("|") + ")_",
);
const SINGLE: readonly string[] = [
  ...["extremes", "limit", "offset", "final", "session_timezone", "transform_null_in", "count_distinct_implementation"],
  ...["select_sequential_consistency", "cancel_http_readonly_queries_on_client_close", "log_comment", "log_queries"],
  ...["decimal_check_overflow", "priority", "load_balancing", "low_cardinality_allow_in_native_format"],
  ...["connect_timeout", "send_timeout", "receive_timeout", "use_uncompressed_cache", "async_insert"],
];
/** Of these families, those that name a file or an address, or follow one. */
const NAMING = /schema|registry|confluent|path|file|url|redirect/;

/**
 * The settings of a request that only reads. It may take `secondsMax` and less.
 * @throws Exception 164 (READONLY) for others than those that may be given
 */
export function readingSettings(
  asked: ReadonlyMap<string, string>,
  secondsMax: number,
): ReadonlyMap<string, string> {
  for (const name of asked.keys()) {
    if ((FAMILIES.test(name) && !NAMING.test(name)) || SINGLE.includes(name)) continue;
    throw refusal(
      `Cannot take the setting "${name}": limits (max_...), output_format_..., join_... and session_timezone are taken`,
    );
  }
  const seconds = Number(asked.get("max_execution_time"));
  const given = seconds > 0 && seconds < secondsMax ? asked.get("max_execution_time")! : String(secondsMax);
  return new Map([...asked, ["max_execution_time", given]]);
}
