import type { SetAsideGroup, TableSpec, ViewColumn } from "../ports/warehouse.ts";
import { integerRange } from "../record/integer_range.ts";
import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import { bigPower, DECIMAL_DIGITS_MAX, formatScaled, MAGNITUDE_LIMIT } from "../record/decimal_text.ts";
import type { Row } from "../record/row.ts";
import { compareText } from "../record/text_order.ts";
import { float32 } from "./float32.ts";

/** A stored share with its group's canonical key text. */
export interface KeyedShare {
  readonly key: string;
  readonly row: Row;
}

/** What the view of a table of shares shows, and what it leaves out. */
export interface MemoryView {
  readonly rows: readonly Row[];
  readonly setAside: readonly SetAsideGroup[];
}

/** A total before it is a value of its column: an exact number, a float, a text, or none. */
type Total = { readonly units: bigint; readonly scale: number } | number | string | null;

/** In place of a value that the column's type does not have. */
const UNFIT = Symbol("unfit");
const UUID = /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;
/** Fraction digits of the finest decimals. */
const REST_SCALE = 38;
const DAY_MS = 86_400_000;
/** In place of an average that ClickHouse cannot divide: no column has a value of so many digits. */
const UNDIVIDED: Total = { units: 10n ** 100n, scale: 0 };

/** Adds the shares up as ClickHouse does, and takes a total only if its column can hold it. */
export function memoryView(table: TableSpec, shares: readonly KeyedShare[]): MemoryView {
  const groups = new Map<string, KeyedShare[]>();
  for (const share of shares) {
    // By the values of the key columns, as GROUP BY does.
    const id = table.key.map((column) => share.row[column] === null ? "" : `=${share.row[column]}`).join("\0");
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [share]);
    else group.push(share);
  }
  const typeOf = new Map(table.columns.map(({ name, type }) => [name, parseClickHouseType(type)]));
  const totals = table.view!.map((column): TotalColumn => ({
    column,
    type: parseClickHouseType(column.type),
    shareType: typeOf.get(column.shares.value)!,
  }));
  const rows: Row[] = [];
  const setAside: SetAsideGroup[] = [];
  for (const group of groups.values()) {
    const shown = groupOf(group, { table, totals });
    if ("key" in shown) setAside.push(shown.key);
    else rows.push(shown.row);
  }
  return { rows, setAside };
}

/** A column of the view with its type, and that of its shares. */
interface TotalColumn {
  readonly column: ViewColumn;
  readonly type: ClickHouseType;
  readonly shareType: ClickHouseType;
}

function groupOf(
  group: readonly KeyedShare[],
  { table, totals }: { readonly table: TableSpec; readonly totals: readonly TotalColumn[] },
): { readonly row: Row } | { readonly key: SetAsideGroup } {
  const [{ key, row: first }] = group;
  const members = group.map(({ row }) => row);
  if (table.refused !== undefined && members.some((row) => row[table.refused!] !== 0)) {
    return { key: { key, column: null, total: null } };
  }
  const row: Record<string, unknown> = Object.fromEntries(table.key.map((column) => [column, first[column]]));
  for (const { column, type, shareType } of totals) {
    const total = totalOf(column, { type: shareType, members });
    const value = valueOf(type, total);
    if (value === UNFIT) return { key: { key, column: column.name, total: textOf(total) } };
    row[column.name] = value;
  }
  return { row };
}

/** `type`: that of the shares. */
function totalOf(
  { kind, shares, scale }: ViewColumn,
  { type, members }: { readonly type: ClickHouseType; readonly members: readonly Row[] },
): Total {
  const cells = members.map((row) => row[shares.value]).filter((cell) => cell !== null);
  const digits = type.name === "Decimal" ? type.scale : 0;
  if (kind === "min" || kind === "max") return extreme(kind === "min" ? 1 : -1, { cells, type, digits });
  const sum = (column: string) => members.reduce((sum: bigint, row) => sum + unitsOf(row[column], REST_SCALE), 0n);
  const units = sum(shares.value) + (shares.rest === undefined ? 0n : sum(shares.rest));
  if (kind === "sum") return { units, scale: REST_SCALE };
  const values = sum(shares.count!);
  if (values !== 0n && units % bigPower(REST_SCALE - digits) !== 0n && !isNear(units)) return UNDIVIDED;
  return values === 0n ? null : { units: units * bigPower(scale) / values, scale };
}

/** Whether ClickHouse divides a sum with more digits than its scale: beyond, its Decimal overflows. */
function isNear(units: bigint): boolean {
  const limit = 5n * bigPower(2 * REST_SCALE);
  return units < limit && units > -limit;
}

function extreme(
  sign: 1 | -1,
  { cells, type, digits }: {
    readonly cells: readonly unknown[];
    readonly type: ClickHouseType;
    readonly digits: number;
  },
): Total {
  if (cells.length === 0) return null;
  const first = <T>(values: readonly T[], compare: (a: T, b: T) => number) =>
    values.reduce((a, b) => compare(b, a) * sign < 0 ? b : a);
  if (type.name === "String") return first(cells as string[], compareText);
  if (type.name === "Float") return first(cells as number[], (a, b) => a - b);
  const units = first(cells.map((cell) => unitsOf(cell, digits)), (a, b) => a < b ? -1 : a > b ? 1 : 0);
  return { units, scale: digits };
}

/** What a column of the type shows of a total. */
function valueOf(type: ClickHouseType, total: Total): unknown {
  if (total === null) return type.nullable ? null : UNFIT;
  if (typeof total === "string") return textFits(type, total) ? total : UNFIT;
  if (typeof total === "number") return type.name === "Float" ? floatOf(type, total) : UNFIT;
  if (type.name === "Decimal") return decimalOf(type, total);
  // Shares of other types are integers.
  const small = Number(total.units / bigPower(total.scale));
  const value = Number.isSafeInteger(small) ? small : total.units / bigPower(total.scale);
  switch (type.name) {
    case "Float":
      return typeof value === "number" ? floatOf(type, value) : UNFIT;
    case "Int":
    case "UInt":
    case "DateTime":
    case "DateTime64":
    case "Date":
    case "Date32": {
      if (!integerRange(type)(value)) return UNFIT;
      const date = type.name === "Date" || type.name === "Date32";
      return date ? new Date(small * DAY_MS).toISOString().slice(0, 10) : value;
    }
    default:
      return UNFIT;
  }
}

function floatOf({ bits }: { readonly bits: 32 | 64 }, value: number): unknown {
  if (bits === 64) return value;
  return Number.isFinite(Math.fround(value)) ? float32(value) : UNFIT;
}

function decimalOf(
  { precision, scale }: { readonly precision: number; readonly scale: number },
  total: { readonly units: bigint; readonly scale: number },
): unknown {
  const raised = total.units * bigPower(Math.max(0, scale - total.scale));
  const divisor = bigPower(Math.max(0, total.scale - scale));
  const units = raised / divisor;
  const limit = precision < DECIMAL_DIGITS_MAX ? bigPower(precision) : MAGNITUDE_LIMIT;
  return raised % divisor === 0n && units < limit && units > -limit ? formatScaled(units, scale) : UNFIT;
}

function textFits(type: ClickHouseType, text: string): boolean {
  switch (type.name) {
    case "UUID":
      return UUID.test(text);
    case "FixedString":
      return new TextEncoder().encode(text).length <= type.bytes;
    case "Enum":
      return type.elements.includes(text);
    default:
      return true;
  }
}

/** The number in a cell, in units of 10^-scale. */
function unitsOf(cell: unknown, scale: number): bigint {
  const [whole, fraction = ""] = String(cell).split(".");
  return BigInt(whole + fraction.padEnd(scale, "0"));
}

function textOf(total: Total): string | null {
  if (total === null || typeof total !== "object") return total === null ? null : String(total);
  const text = formatScaled(total.units, total.scale);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
