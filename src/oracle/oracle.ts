import type { AggregateSpec } from "../dsl/aggregates.ts";
import type { AnyRow, LogicalNode } from "../dsl/logical.ts";
import type { SinkSpec } from "../dsl/sink.ts";
import type { Topology } from "../dsl/topology.ts";
import { Decimal } from "../record/decimal.ts";
import { type Key, keyOf, keyOfOne, keyParts, keyText } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { compareText } from "../record/text_order.ts";

/** What a sink must show: rows by the JSON texts of their key columns, joined by commas in the sink's key order. */
export interface SinkContent {
  readonly spec: SinkSpec;
  readonly rows: ReadonlyMap<string, Row>;
}

type Table = Map<Key, Row>;

/**
 * The judge: every sink recomputed from scratch, operator by operator, whole tables at a time. It shares nothing with
 * the runtime but the logical graph, the key codec and the decimal. `read` gives the rows of a source topic as they are
 * now.
 */
export function computeSinks(
  topology: Topology,
  read: (topic: string) => Iterable<readonly [Key, Row]>,
): Map<string, SinkContent> {
  const sinks = new Map<string, SinkContent>();
  const tables: Table[] = [];
  for (const node of topology.nodes) {
    if (node.op !== "sink") {
      tables[node.id] = compute(node, { tables, topology }, read);
      continue;
    }
    const rows = [...tables[node.input].values()];
    const keyed = rows.map((row) => [keyText(keyOf(node.sink.key.map((column) => row[column]))), row] as const);
    sinks.set(node.sink.name, { spec: node.sink, rows: new Map(keyed) });
  }
  return sinks;
}

/** The tables of a topology that are computed so far, by node. */
interface Computed {
  readonly topology: Topology;
  readonly tables: readonly Table[];
}

function compute(
  node: Exclude<LogicalNode, { op: "sink" }>,
  { tables, topology }: Computed,
  read: (topic: string) => Iterable<readonly [Key, Row]>,
): Table {
  if (node.op === "source") return new Map(read(node.source.topic));
  const keyValue = keyValues({ topology, tables }, node.input);
  const result: Table = new Map();
  const put = (key: Key, make: () => Row | null) => {
    try {
      const row = make();
      if (row !== null) result.set(key, row);
    } catch {
      // A row whose callback throws is absent; the runtime sets it aside as a dead letter.
    }
  };
  const input = tables[node.input];
  switch (node.op) {
    case "filter":
      input.forEach((row, key) => put(key, () => node.predicate(row, keyValue(key)) ? row : null));
      return result;
    case "mapValues":
      input.forEach((row, key) => put(key, () => node.mapper(row, keyValue(key))));
      return result;
    case "foreignKeyJoin":
      input.forEach((row, key) =>
        put(key, () => {
          const foreignKey = node.foreignKey(row, keyValue(key));
          const partner = tables[node.right].get(rightKey(foreignKey, keyColumns(topology, node.right))) ?? null;
          return partner === null && node.kind === "inner" ? null : { ...row, [node.column]: partner };
        })
      );
      return result;
    case "keyJoin":
      for (const key of new Set([...input.keys(), ...tables[node.right].keys()])) {
        const left = input.get(key) ?? null;
        const right = tables[node.right].get(key) ?? null;
        if (node.kind === "outer") result.set(key, { [node.leftColumn!]: left, [node.column]: right });
        else if (left !== null && (right !== null || node.kind === "left")) {
          result.set(key, { ...left, [node.column]: right });
        }
      }
      return result;
    case "aggregate":
      return aggregate(node, input, keyValue);
  }
}

function rightKey(foreignKey: AnyRow, columns: readonly string[] | null): Key {
  if (foreignKey === null || typeof foreignKey !== "object" || "toJSON" in foreignKey) {
    return keyOfOne(foreignKey ?? null);
  }
  return keyOf((columns ?? Object.keys(foreignKey).sort()).map((column) => foreignKey[column]));
}

function aggregate(node: LogicalNode & { op: "aggregate" }, input: Table, keyValue: (key: Key) => AnyRow): Table {
  const groups = new Map<Key, { columns: Row; rows: Row[] }>();
  for (const [key, row] of input) {
    let columns: Row | null = null;
    try {
      columns = node.groupBy(row, keyValue(key));
      for (const spec of Object.values(node.aggregates)) spec.value?.(row);
    } catch {
      continue;
    }
    if (columns === null) continue;
    const group = keyOf(Object.keys(columns).sort().map((column) => columns[column]));
    if (!groups.has(group)) groups.set(group, { columns, rows: [] });
    groups.get(group)!.rows.push(row);
  }
  const result: Table = new Map();
  for (const [key, { columns, rows }] of groups) {
    try {
      const totals = Object.entries(node.aggregates).map(([name, spec]) => [name, total(spec, rows)]);
      result.set(key, { ...columns, ...Object.fromEntries(totals) });
    } catch {
      // A total that is no value leaves its group without a row; the runtime sets it aside as a dead letter.
    }
  }
  return result;
}

function total(spec: AggregateSpec, rows: readonly Row[]): unknown {
  if (spec.kind === "count") return rows.length;
  const values = rows.map((row) => spec.value!(row)).filter((value) =>
    value !== null && value !== undefined
  ) as AnyRow[];
  if (spec.kind === "sum") {
    const sum = exactSum(values);
    return values.some((value) => value instanceof Decimal) ? decimalOf(sum) : integerOf(sum.units);
  }
  if (values.length === 0) return null;
  if (spec.kind === "avg") {
    const { units, scale } = exactSum(values);
    return Decimal.of(units * 10n ** BigInt(spec.scale) / (BigInt(values.length) * 10n ** scale), spec.scale);
  }
  const sign = spec.kind === "min" ? -1 : 1;
  return values.reduce((a, b) => order(b, a) * sign > 0 ? b : a);
}

/** The sum in units of 10^-scale. */
function exactSum(values: readonly AnyRow[]): { units: bigint; scale: bigint } {
  const scale = values.reduce((greatest, value) => Math.max(greatest, value instanceof Decimal ? value.scale : 0), 0);
  const units = values.reduce((sum: bigint, value) => {
    const own = value instanceof Decimal ? value.scale : 0;
    return sum + BigInt(value instanceof Decimal ? value.units : value) * 10n ** BigInt(scale - own);
  }, 0n);
  return { units, scale: BigInt(scale) };
}

/** @throws LimitError for more than 38 digits */
function decimalOf({ units, scale }: { readonly units: bigint; readonly scale: bigint }): Decimal {
  let [rest, kept] = [units, scale];
  for (; kept > 0n && rest % 10n === 0n && (rest >= 10n ** 38n || rest <= -(10n ** 38n)); kept--) rest /= 10n;
  return Decimal.of(rest, Number(kept));
}

function integerOf(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Numbers by value, texts by code point. @throws TypeError for a number beside a text */
function order(a: AnyRow, b: AnyRow): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === "string" || typeof b === "string") throw new TypeError("numbers and texts have no common order");
  if (a instanceof Decimal || b instanceof Decimal) {
    return (a instanceof Decimal ? a : Decimal.of(a)).compare(b instanceof Decimal ? b : Decimal.of(b));
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Key columns of a table in order; null: group columns, sorted by name. */
function keyColumns(topology: Topology, node: number): readonly string[] | null {
  let at = topology.nodes[node];
  while (at.op !== "source" && at.op !== "aggregate") at = topology.nodes[at.input];
  return at.op === "source" ? at.source.key : null;
}

/** From a table's key to what callbacks see: one column's value, or an object of several. */
function keyValues({ topology, tables }: Computed, node: number): (key: Key) => AnyRow {
  let at = topology.nodes[node];
  while (at.op !== "source" && at.op !== "aggregate") at = topology.nodes[at.input];
  const totals = at.op === "aggregate" ? at.aggregates : {};
  const [group = {}] = tables[at.id].values();
  const columns = at.op === "source" ? at.source.key : Object.keys(group).filter((name) => !(name in totals)).sort();
  return (key) => {
    if (typeof key === "number") return key;
    const values = keyParts(key).map((part) => /^-?\d{16,}$/.test(part) ? BigInt(part) : JSON.parse(part));
    return columns.length === 1
      ? values[0]
      : Object.fromEntries(columns.map((column, index) => [column, values[index]]));
  };
}
