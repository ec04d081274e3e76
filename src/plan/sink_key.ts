import type { SinkSpec } from "../dsl/sink.ts";
import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";

/**
 * What is wrong with the types of a sink's key columns: a type in which several texts are one value would let rows of
 * different keys replace each other in ClickHouse. Types in which that depends on the value are judged row by row.
 */
export function sinkKeyProblems(sink: SinkSpec): string[] {
  return sink.key.flatMap((name) => {
    const type = sink.columns[name];
    if (type === undefined) return [];
    const remedy = remedyOf(parseClickHouseType(type));
    if (remedy === null) return [];
    return [
      `Sink "${sink.name}" cannot have column "${name}" of type ${type} in its key: different texts would be one ` +
      `value there, and rows would replace each other. ${remedy}`,
    ];
  });
}

function remedyOf(type: ClickHouseType): string | null {
  switch (type.name) {
    case "Array":
    case "Map":
    case "Tuple":
      return "Use one column for each part of the key, or a String";
    case "JSON":
    case "Other":
      return "Use String";
    default:
      return null;
  }
}
