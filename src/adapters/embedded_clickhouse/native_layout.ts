import { splitClickHouseType } from "../../record/clickhouse_type.ts";

/** How the values of a column stand in a block of the format Native. */
export type Layout =
  /** So many bytes a value. */
  | { readonly kind: "fixed"; readonly bytes: number }
  /** A length as varint and so many bytes. */
  | { readonly kind: "text" }
  /** A byte a value, then the values. */
  | { readonly kind: "nullable"; readonly of: Layout }
  /** The end of each value's elements as UInt64, then the elements. */
  | { readonly kind: "list"; readonly of: Layout }
  /** The columns one behind the other. */
  | { readonly kind: "columns"; readonly of: readonly Layout[] }
  /** A dictionary and each value's place in it. */
  | { readonly kind: "dictionary"; readonly of: Layout };

/** Bytes of a value by type; of some the arguments matter not, such as a time zone or the names of an Enum. */
const FIXED: Readonly<Record<string, number>> = {
  ...{ Int8: 1, Int16: 2, Int32: 4, Int64: 8, Int128: 16, Int256: 32 },
  ...{ UInt8: 1, UInt16: 2, UInt32: 4, UInt64: 8, UInt128: 16, UInt256: 32 },
  ...{ Float32: 4, Float64: 8, BFloat16: 2, Bool: 1, UUID: 16, IPv4: 4, IPv6: 16, Enum8: 1, Enum16: 2, Nothing: 1 },
  ...{ Date: 2, Date32: 4, DateTime: 4, DateTime64: 8, Time: 4, Time64: 8 },
};
const POINT: Layout = { kind: "columns", of: [{ kind: "fixed", bytes: 8 }, { kind: "fixed", bytes: 8 }] };
/** Geometric types by how many lists there are around a point. */
const POINT_LISTS: Readonly<Record<string, number>> = {
  ...{ Point: 0, Ring: 1, LineString: 1, Polygon: 2, MultiLineString: 2, MultiPolygon: 3 },
};
/** The name in front of an element's type. */
const ELEMENT_NAME = /^(?:`(?:[^`\\]|\\.|``)*`|\w+) (?=\w)/s;

/**
 * The layout of a type, as ClickHouse prints it; null for one whose layout only ClickHouse knows: states of aggregates,
 * and values of several types (`JSON`, `Dynamic`, `Variant`).
 * Source: https://clickhouse.com/docs/reference/interfaces/specs/NativeFormat
 *
 * @throws TypeError for a text that is no type
 */
export function layoutOf(type: string): Layout | null {
  const { word, list } = splitClickHouseType(type);
  const parts = list ?? [];
  if (word in FIXED) return { kind: "fixed", bytes: FIXED[word] };
  if (/^Interval[A-Z]\w*$/.test(word)) return { kind: "fixed", bytes: 8 };
  if (word in POINT_LISTS) {
    return Array(POINT_LISTS[word]).fill(null).reduce((of: Layout): Layout => ({ kind: "list", of }), POINT);
  }
  switch (word) {
    case "String":
      return { kind: "text" };
    case "FixedString":
      return { kind: "fixed", bytes: Number(parts[0]) };
    case "Decimal":
      return { kind: "fixed", bytes: decimalBytes(Number(parts[0])) };
    case "Nullable":
      return around(parts, (of) => ({ kind: "nullable", of }));
    case "Array":
      return around(parts, (of) => ({ kind: "list", of }));
    case "LowCardinality":
      // The dictionary's first value stands for null.
      return around(parts, (of) => ({ kind: "dictionary", of: of.kind === "nullable" ? of.of : of }));
    case "SimpleAggregateFunction":
      return layoutOf(parts[1]);
    case "Tuple":
      return columns(parts);
    case "Map":
    case "Nested": {
      const of = columns(parts);
      return of === null ? null : { kind: "list", of };
    }
    default:
      return null;
  }
}

function around(parts: readonly string[], make: (of: Layout) => Layout): Layout | null {
  const of = layoutOf(parts[0]);
  return of === null ? null : make(of);
}

/** A tuple without elements is a byte a value. */
function columns(parts: readonly string[]): Layout | null {
  if (parts.length === 0) return { kind: "fixed", bytes: 1 };
  const of: Layout[] = [];
  for (const part of parts) {
    const layout = layoutOf(part.replace(ELEMENT_NAME, ""));
    if (layout === null) return null;
    of.push(layout);
  }
  return { kind: "columns", of };
}

function decimalBytes(precision: number): number {
  if (precision <= 9) return 4;
  if (precision <= 18) return 8;
  return precision <= 38 ? 16 : 32;
}
