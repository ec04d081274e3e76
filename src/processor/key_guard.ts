import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import { Decimal } from "../record/decimal.ts";
import type { Row } from "../record/row.ts";

/** Why ClickHouse would show another value of a key column than the one written; null if it shows the same. */
type Judge = (value: unknown) => string | null;

/**
 * Makes the check that ClickHouse shows the key columns of a row as they are written. If every key comes back as it
 * was, no two keys can be one row there, whichever tasks write them. Most types keep every value that they take, so
 * most sinks have nothing to check. Null is the encoder's business.
 *
 * @returns a function that throws a TypeError naming the column; null if there is nothing to check
 */
export function keyGuard(
  columns: readonly { readonly name: string; readonly type: string }[],
  key: readonly string[],
): ((row: Row) => void) | null {
  const judges = key.flatMap((name) => {
    const type = columns.find((column) => column.name === name)?.type;
    const judge = type === undefined ? null : judgeOf(parseClickHouseType(type));
    return judge === null ? [] : [{ name, type, judge }];
  });
  if (judges.length === 0) return null;
  return (row) => {
    for (const { name, type, judge } of judges) {
      const value = row[name];
      if (value === null || value === undefined) continue;
      const reason = judge(value);
      if (reason === null) continue;
      throw new TypeError(
        `Cannot write key column "${name}" as ${type}: current value is ${String(value).slice(0, 60)}. ${reason}`,
      );
    }
  };
}

function judgeOf(type: ClickHouseType): Judge | null {
  switch (type.name) {
    case "Float":
      return type.bits === 64
        ? null
        : (value) =>
          typeof value !== "number" || Math.fround(value) === value
            ? null
            : "Float32 would round it, and another key could be the same then. Use Float64";
    case "Decimal":
      return decimalJudge(type.precision, type.scale);
    case "String":
      return wellFormed;
    case "FixedString":
      return (value) =>
        typeof value === "string" && value.endsWith("\0")
          ? "FixedString fills up with the character that it ends with. Use String"
          : wellFormed(value);
    case "UUID":
      return (value) =>
        typeof value !== "string" || UUID.test(value)
          ? null
          : "A UUID column shows it in lower case with hyphens. Declare the source's column as uuid(), or map it so";
    default:
      return null;
  }
}

/** As ClickHouse shows a UUID. */
export const UUID: RegExp = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function wellFormed(value: unknown): string | null {
  return typeof value !== "string" || value.isWellFormed()
    ? null
    : "Half a character (a lone surrogate) would become U+FFFD, as any other would. Repair the text at the source";
}

/** Digits lost behind the point are refused by the encoder for any column; before the point they count here. */
function decimalJudge(precision: number, scale: number): Judge {
  const limit = 10n ** BigInt(precision - scale);
  const small = precision - scale <= 15 ? Number(limit) : null;
  return (value) => {
    const whole = value instanceof Decimal
      ? value.scale === 0 ? value.units : value.rescale(0, { rounding: "truncate" }).units
      : value as number | bigint;
    const fits = typeof whole === "number" && small !== null
      ? whole < small && whole > -small
      : typeof whole !== "number" && typeof whole !== "bigint" || (whole < limit && whole > -limit);
    if (!fits) return `It has more than ${precision - scale} digits before the point. Use a greater precision`;
    const lost = value instanceof Decimal && value.scale > scale &&
      !value.rescale(scale, { rounding: "truncate" }).equals(value);
    return lost ? `It has more than ${scale} fraction digits. Use a greater scale` : null;
  };
}
