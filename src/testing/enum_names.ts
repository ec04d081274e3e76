import type { ClickHouseType } from "../record/clickhouse_type.ts";

const ELEMENT = /^'((?:[^'\\]|\\.|'')*)'/s;

/** The elements' names of an Enum type; null for any other type. */
export function enumNames(type: ClickHouseType): ReadonlySet<string> | null {
  if (type.name !== "Other" || !/^Enum(8|16)?$/.test(type.word)) return null;
  return new Set(
    type.arguments.flatMap((argument) => {
      const name = ELEMENT.exec(argument)?.[1];
      return name === undefined ? [] : [name.replaceAll("''", "'").replaceAll(/\\(.)/gs, "$1")];
    }),
  );
}
