import type { z } from "zod";
import type { AggregateNode, AnyRow, ExpireAfterNode, FoldedNode, LogicalNode } from "../dsl/logical.ts";
import type { SinkSpec } from "../dsl/sink.ts";
import type { SourceSpec } from "../dsl/source.ts";
import type { Topology } from "../dsl/topology.ts";
import { Decimal } from "../record/decimal.ts";
import { type Key, keyOf, keyOfOne, keyText } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { isGlobal, rootsOf, sourceOf, totalsOf } from "./roots.ts";
import { objectionTo, total } from "./totals.ts";

/** What a sink must show: rows by the JSON texts of their key columns, joined by commas in the sink's key order. */
export interface SinkContent {
  readonly spec: SinkSpec;
  readonly rows: ReadonlyMap<string, Row>;
}

type Table = Map<Key, Row>;

/** What only the tasks of a topology know. */
export interface OracleOptions {
  /** Joins on equal keys whose right rows are other tasks'; none if absent. */
  readonly lookedUp?: ReadonlySet<number>;
  readonly limits?: TellingLimits;
  /** The moment of which the sinks are, microseconds since the epoch. Needed where rows expire. */
  readonly nowUs?: number;
  /** The results of an aggregate over a stream. Needed where the topology has any. */
  readonly folded?: (node: FoldedNode) => Iterable<readonly [Key, Row]>;
  /** Told of every row that is absent because it cannot be computed. */
  readonly onRefused?: (refused: RefusedRow) => void;
}

/** A row that cannot be computed. */
export interface RefusedRow {
  /** As dead letters name it. */
  readonly operator: string;
  readonly key: Key;
  readonly error: unknown;
}

/** What one task can tell another at most, in UTF-16 units of JSON; no limit if absent. */
export interface TellingLimits {
  /** A row that others look up. */
  readonly row?: number;
  /** A key that another task is asked for. */
  readonly key?: number;
  /** The columns of a group, or a text among the totals, where the totals are used further. */
  readonly share?: number;
}

/**
 * The judge: every sink recomputed from scratch, operator by operator, whole tables at a time. It shares nothing with
 * the runtime but the logical graph, the key codec and the decimal. `read` gives the rows of a source topic as they are
 * now. What is refused is absent, from there on: a row whose callback throws, a row whose values cannot be added up
 * exactly, a right row that no other task can be told.
 * @throws TypeError if rows expire and `nowUs` is absent
 */
export function computeSinks(
  topology: Topology,
  read: (topic: string) => Iterable<readonly [Key, Row]>,
  { lookedUp = new Set(), limits = {}, nowUs = NaN, onRefused = () => {}, folded = unknownResults }: OracleOptions = {},
): Map<string, SinkContent> {
  const sinks = new Map<string, SinkContent>();
  const tables: Table[] = [];
  for (const node of topology.nodes) {
    if (node.op !== "sink") {
      tables[node.id] = compute(node, { tables, topology, lookedUp, limits, nowUs, onRefused, folded }, read);
      continue;
    }
    const rows = [...tables[node.input].values()];
    const keyed = rows.map((row) => [keyText(keyOf(node.sink.key.map((column) => row[column]))), row] as const);
    sinks.set(node.sink.name, { spec: node.sink, rows: new Map(keyed) });
  }
  return sinks;
}

function unknownResults({ name }: FoldedNode): never {
  throw new TypeError(`Cannot compute "${name}" without its results: give folded`);
}

/** The tables of a topology that are computed so far, by node. */
interface Computed {
  readonly topology: Topology;
  readonly tables: readonly Table[];
  readonly lookedUp: ReadonlySet<number>;
  readonly limits: TellingLimits;
  readonly nowUs: number;
  readonly onRefused: (refused: RefusedRow) => void;
  readonly folded: (node: FoldedNode) => Iterable<readonly [Key, Row]>;
}

function compute(
  node: Exclude<LogicalNode, { op: "sink" }>,
  computed: Computed,
  read: (topic: string) => Iterable<readonly [Key, Row]>,
): Table {
  if (node.op === "source") return new Map(read(node.source.topic));
  if (node.op === "folded") return new Map(computed.folded(node));
  const { tables, topology, lookedUp, limits } = computed;
  const refuse = (key: Key, error: unknown) => computed.onRefused({ operator: node.name, key, error });
  const keyValue = keyValues(computed, node.input);
  const result: Table = new Map();
  const put = (key: Key, make: () => Row | null) => {
    try {
      const row = make();
      if (row !== null) result.set(key, row);
    } catch (error) {
      // A row whose callback throws is absent; the runtime sets it aside as a dead letter.
      refuse(key, error);
    }
  };
  const input = tables[node.input];
  switch (node.op) {
    case "filter":
      input.forEach((row, key) => put(key, () => node.predicate(row, keyValue(key)) ? row : null));
      return result;
    case "filterNot":
      input.forEach((row, key) => put(key, () => node.predicate(row, keyValue(key)) ? null : row));
      return result;
    case "mapValues":
      input.forEach((row, key) => put(key, () => node.mapper(row, keyValue(key))));
      return result;
    case "expireAfter":
      if (Number.isNaN(computed.nowUs)) {
        throw new TypeError(`Cannot compute "${node.name}" without the time: give nowUs`);
      }
      input.forEach((row, key) => put(key, () => isYoung(node, { row, key: keyValue(key) }, computed) ? row : null));
      return result;
    case "foreignKeyJoin":
      input.forEach((row, key) =>
        put(key, () => {
          const foreignKey = node.foreignKey(row, keyValue(key));
          if (foreignKey === undefined) throw new TypeError("The foreign key is undefined");
          const wanted = rightKey(foreignKey, sourceOf(topology, node.right));
          const right = tables[node.right].get(wanted) ?? null;
          const partner = isGlobal(topology, node.right) ? right : told(right, { key: wanted, limits });
          return partner === null && node.kind === "inner" ? null : { ...row, [node.column]: partner };
        })
      );
      return result;
    case "keyJoin":
      for (const key of new Set([...input.keys(), ...tables[node.right].keys()])) {
        const left = input.get(key) ?? null;
        const held = tables[node.right].get(key) ?? null;
        const right = lookedUp.has(node.id) ? told(held, { key, limits }) : held;
        if (node.kind === "outer") result.set(key, { [node.leftColumn!]: left, [node.column]: right });
        else if (left !== null && (right !== null || node.kind === "left")) {
          result.set(key, { ...left, [node.column]: right });
        }
      }
      return result;
    case "aggregate":
      return aggregate(node, {
        input,
        keyValue,
        shareMax: isMerged(topology, node) ? limits.share : undefined,
        refuse,
      });
  }
}

function isYoung(
  { time, durationUs }: ExpireAfterNode,
  { row, key }: { readonly row: Row; readonly key: AnyRow },
  { nowUs }: Computed,
): boolean {
  const from = typeof time === "string" ? row[time] : time(row, key);
  if (from === null) return true;
  if (typeof from !== "bigint" && (typeof from !== "number" || Number.isNaN(from))) throw new TypeError("No time");
  return nowUs < Number(from) + durationUs;
}

function rightKey(foreignKey: AnyRow, right: SourceSpec | null): Key {
  // Texts that the right column's type calls equal (a uuid in capitals) are one key: what the column makes of them.
  const read = (name: string, value: unknown) => {
    const schema = typeof value === "string" ? right?.row.shape[name] : undefined;
    const parsed = (schema as z.ZodType | undefined)?.safeParse(value);
    return typeof parsed?.data === "string" ? parsed.data : value;
  };
  if (foreignKey === null || typeof foreignKey !== "object" || "toJSON" in foreignKey) {
    return keyOfOne(read(right?.key[0] ?? "", foreignKey ?? null));
  }
  const columns = right?.key ?? Object.keys(foreignKey).sort();
  return keyOf(columns.map((column) => read(column, foreignKey[column])));
}

interface Aggregated {
  readonly input: Table;
  readonly keyValue: (key: Key) => AnyRow;
  /** As in {@link TellingLimits}. */
  readonly shareMax: number | undefined;
  readonly refuse: (key: Key, error: unknown) => void;
}

function aggregate(
  node: AggregateNode,
  { input, keyValue, shareMax, refuse }: Aggregated,
): Table {
  const groups = new Map<Key, { columns: Row; rows: Row[] }>();
  for (const [key, row] of input) {
    try {
      const columns: Row | null = node.groupBy(row, keyValue(key));
      const specs = Object.values(node.aggregates);
      const objection = specs.map((spec) => objectionTo(spec, row)).find((objection) => objection !== null);
      if (objection !== undefined) throw new TypeError(objection!);
      const shown = specs.map((spec) => "by" in spec && isNothing(spec.by(row)) ? null : spec.value?.(row) ?? null);
      if (!shown.every(hasForm)) throw new TypeError("A value has no form for other tasks");
      if (columns === null) continue;
      if ([columns, ...shown].some((told) => isLonger(told, shareMax))) throw new RangeError("Too long to be told");
      const missing = Object.keys(columns).find((column) => columns[column] === undefined);
      if (missing !== undefined) throw new TypeError(`Group column "${missing}" is undefined`);
      const group = keyOf(Object.keys(columns).sort().map((column) => columns[column]));
      if (!groups.has(group)) groups.set(group, { columns, rows: [] });
      groups.get(group)!.rows.push(row);
    } catch (error) {
      refuse(key, error);
    }
  }
  const result: Table = new Map();
  for (const [key, { columns, rows }] of groups) {
    try {
      const totals = Object.entries(node.aggregates).map(([name, spec]) => [name, total(spec, rows)]);
      result.set(key, { ...columns, ...Object.fromEntries(totals) });
    } catch (error) {
      // A total that is no value leaves its group without a row; the runtime sets it aside as a dead letter.
      refuse(key, error);
    }
  }
  return result;
}

/** The row as another task is told it: absent if a value has no form for that, or if it or its key is too long. */
function told(row: Row | null, { key, limits }: { readonly key: Key; readonly limits: TellingLimits }): Row | null {
  if (row === null || !hasForm(row) || isLonger(row, limits.row) || isLonger(key, limits.key)) return null;
  return row;
}

/** A Decimal counts as the text that it is in JSON. */
function isLonger(value: unknown, most: number | undefined): boolean {
  if (most === undefined) return false;
  return JSON.stringify(value, (_, part) => typeof part === "bigint" ? Number(part) : part).length > most;
}

/** Whether merge tasks are told the shares: something else than sinks takes the totals, or no view can make them. */
function isMerged(topology: Topology, { id, aggregates }: AggregateNode): boolean {
  return Object.values(aggregates).some(({ kind }) => !["sum", "count", "avg", "min", "max"].includes(kind)) ||
    topology.nodes.some((node) =>
      node.op !== "sink" && (("input" in node && node.input === id) || ("right" in node && node.right === id))
    );
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}

function hasForm(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "function" || typeof value === "symbol") return false;
  if (typeof value !== "object" || value === null || value instanceof Decimal) return true;
  if (Array.isArray(value)) return value.every(hasForm);
  const prototype = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(hasForm);
}

/** From a table's key to what callbacks see: one column's value, or an object of several, as the rows have them. */
function keyValues({ topology, tables }: Computed, node: number): (key: Key) => AnyRow {
  const roots = rootsOf(topology, node).map((root) => {
    const table = tables[root.id];
    const [group = {}] = table.values();
    const columns = root.op === "source"
      ? root.source.key
      : Object.keys(group).filter((name) => !(name in totalsOf(topology, root))).sort();
    return { table, columns };
  });
  return (key) => {
    const { table, columns } = roots.find((root) => root.table.has(key)) ?? roots[0];
    const row = table.get(key)!;
    const values = columns.map((column) => row[column]);
    return values.length === 1
      ? values[0]
      : Object.fromEntries(roots[0].columns.map((column, index) => [column, values[index]]));
  };
}
