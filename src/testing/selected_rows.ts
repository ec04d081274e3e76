import type { ColumnTypes } from "../dsl/sink.ts";
import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import { Decimal } from "../record/decimal.ts";
import { addressNumbers } from "../record/ip_address.ts";
import { compareText } from "../record/text_order.ts";

/**
 * A row as a SELECT on the view would show it: decimals and dates as text, times of every precision as microseconds
 * since the epoch, integers beyond 2^53 as bigints, maps, tuples with names and JSON as objects.
 */
export type SelectedRow = Readonly<Record<string, unknown>>;

/**
 * The rows ordered by the key's columns as ClickHouse orders values of their types, null last; text by its bytes, UUIDs
 * by their text.
 */
export function orderedByKey(
  rows: readonly SelectedRow[],
  { key, columns }: { readonly key: readonly string[]; readonly columns: ColumnTypes },
): SelectedRow[] {
  const orders = key.map((name) => ({ name, compare: orderOf(parseClickHouseType(columns[name])) }));
  return [...rows].sort((a, b) => {
    for (const { name, compare } of orders) {
      const order = compare(a[name], b[name]);
      if (order !== 0) return order;
    }
    return 0;
  });
}

type Order = (a: unknown, b: unknown) => number;

function orderOf(type: ClickHouseType): Order {
  const plain = plainOrderOf(type);
  return (a, b) => {
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return plain(a, b);
  };
}

function plainOrderOf(type: ClickHouseType): Order {
  switch (type.name) {
    case "Decimal":
      return (a, b) => Decimal.parse(String(a)).compare(Decimal.parse(String(b)));
    case "Int":
    case "UInt":
    case "Float":
    case "Bool":
    case "DateTime":
    case "DateTime64":
      return byValue;
    case "Enum":
      return (a, b) => byValue(type.elements.indexOf(String(a)), type.elements.indexOf(String(b)));
    case "IPv4":
    case "IPv6":
      return byAddress;
    default:
      return (a, b) => compareText(String(a), String(b));
  }
}

function byValue(a: unknown, b: unknown): number {
  return a === b ? 0 : (a as number) < (b as number) ? -1 : 1;
}

function byAddress(a: unknown, b: unknown): number {
  const [left, right] = [addressNumbers(String(a)), addressNumbers(String(b))];
  const place = left.findIndex((number, index) => number !== right[index]);
  return place < 0 ? 0 : byValue(left[place], right[place]);
}
