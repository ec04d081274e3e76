/** One column of a table, as MySQL's `information_schema` has it. */
export interface MysqlColumn {
  readonly name: string;
  /** In lower case: `bigint`, `datetime`. */
  readonly type: string;
  /** Of BIT: how many. */
  readonly length: number | null;
  readonly nullable: boolean;
  /** As `COLUMN_DEFAULT` has it; null if there is none. */
  readonly fallback: string | null;
}

/** Makes JSON text of a value's text; null of a value that the connector leaves out. */
export type ToWire = (text: string) => string | null;

const BYTES = new Set(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]);
const TEXTS = new Set(
  ["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json", "decimal", "uuid"],
);
const NUMBERS = new Set(["tinyint", "smallint", "mediumint", "int", "bigint", "float", "double"]);
const EPOCH = "1970-01-01";

/** How values are asked for, always as text. `quotedName`: the column as SQL names it. */
export function selectExpression({ type }: MysqlColumn, quotedName: string): string {
  if (BYTES.has(type)) return `HEX(${quotedName})`;
  return type === "bit" ? `CAST(${quotedName} + 0 AS CHAR)` : `CAST(${quotedName} AS CHAR CHARACTER SET utf8mb4)`;
}

/**
 * What Debezium's connectors write of a column's values when they change, with `decimal.handling.mode=string` and the
 * digits of BIGINT UNSIGNED. Session assumed: time zone UTC. Null for a type whose form on the wire is not known here.
 */
export function wireOf(column: MysqlColumn): ToWire | null {
  const { type, length } = column;
  // ZEROFILL prints zeros that JSON does not have.
  if (NUMBERS.has(type)) return (text) => text.replace(/^0+(?=\d)/, "");
  if (TEXTS.has(type)) return JSON.stringify;
  if (BYTES.has(type)) {
    return (hex) => JSON.stringify(base64(hex.match(/../g)?.map((pair) => parseInt(pair, 16)) ?? []));
  }
  switch (type) {
    case "bit":
      return length === 1 ? (text) => String(text === "1") : (text) => JSON.stringify(bits(BigInt(text), length!));
    case "date":
      return dated(column, (text) => JSON.stringify(text));
    case "datetime":
      return dated(column, (text) => JSON.stringify(text.replace(" ", "T")));
    case "timestamp":
      return dated(column, (text) => JSON.stringify(`${text.replace(" ", "T")}Z`));
    case "time":
      return (text) => String(microsOfDuration(text));
    case "year":
      return (text) => text === "0000" ? "1900" : text;
  }
  return null;
}

/**
 * A zero date, or one with a month or day 0, is null where the column may be null, else its default, else the epoch.
 */
function dated({ nullable, fallback, type }: MysqlColumn, write: (text: string) => string): ToWire {
  const epoch = type === "date" ? EPOCH : `${EPOCH} 00:00:00`;
  const stands = fallback?.replace(/^'|'$/g, "") ?? "";
  const instead = /^\d{4}-(?!00)\d\d-(?!00)\d\d/.test(stands) ? stands : epoch;
  return (text) => /^\d{4}-(?:00-\d\d|\d\d-00)/.test(text) ? (nullable ? null : write(instead)) : write(text);
}

/** Microseconds of `-838:59:59.5`. */
function microsOfDuration(text: string): bigint {
  const [hours, minutes, seconds] = text.replace("-", "").split(":");
  const [whole, fraction = ""] = seconds.split(".");
  const total = ((BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(whole)) * 1_000_000n +
    BigInt(fraction.padEnd(6, "0"));
  return text.startsWith("-") ? -total : total;
}

function bits(value: bigint, length: number): string {
  return base64(
    Array.from({ length: Math.ceil(length / 8) }, (_, place) => Number((value >> BigInt(8 * place)) & 255n)),
  );
}

function base64(bytes: readonly number[]): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
