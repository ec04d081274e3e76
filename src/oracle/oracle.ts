import type { z } from "zod";
import type { AnyRow, ExpireAfterNode, FoldedNode, GroupedNode, LogicalNode } from "../dsl/logical.ts";
import type { SinkSpec } from "../dsl/sink.ts";
import type { SourceSpec } from "../dsl/source.ts";
import type { Topology } from "../dsl/topology.ts";
import { type Key, keyOf, keyOfOne, keyText } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { grouped, isMerged, type Table } from "./grouped.ts";
import { isGlobal, resultKeyOf, rootsOf, sourceOf } from "./roots.ts";
import { hasForm, isLonger } from "./telling.ts";

/**
 * What a sink must show: rows by the JSON texts of their key columns, joined by commas in the sink's key order; of a
 * topic by the canonical texts of the rows' keys.
 */
export interface SinkContent {
  readonly spec: SinkSpec;
  readonly rows: ReadonlyMap<string, Row>;
}

/** A result; with the columns of its key in their order where the row's other columns do not tell them. */
export type FoldedRow = readonly [key: Key, row: Row, keyColumns?: readonly string[]];

/** What only the tasks of a topology know. */
export interface OracleOptions {
  /** Joins on equal keys whose right rows are other tasks'; none if absent. */
  readonly lookedUp?: ReadonlySet<number>;
  readonly limits?: TellingLimits;
  /** The moment of which the sinks are, microseconds since the epoch. Needed where rows expire. */
  readonly nowUs?: number;
  /** The results of an aggregate over a stream. Needed where the topology has any. */
  readonly folded?: (node: FoldedNode) => Iterable<FoldedRow>;
  /** Told of the rows of every operator but sinks. */
  readonly onTable?: (node: LogicalNode, rows: ReadonlyMap<Key, Row>) => void;
  /** Told of every row that is absent because it cannot be computed. */
  readonly onRefused?: (refused: RefusedRow) => void;
  /** Told of every right row that a foreign-key join looks for, whether or not it is there. */
  readonly onLookup?: (lookup: Lookup) => void;
  /** The nodes that are computed, with all that they are made of; all if absent. */
  readonly only?: ReadonlySet<number>;
}

/** A right row that a foreign-key join looks for. */
export interface Lookup {
  /** The node of the right table. */
  readonly right: number;
  readonly key: Key;
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
  options: OracleOptions = {},
): Map<string, SinkContent> {
  const { lookedUp = new Set(), limits = {}, nowUs = NaN, onRefused = () => {}, folded = unknownResults } = options;
  const { onLookup = () => {}, only } = options;
  const sinks = new Map<string, SinkContent>();
  const tables: Table[] = [];
  const keyColumns = new Map<number, readonly string[]>();
  for (const node of topology.nodes) {
    if (only?.has(node.id) === false) continue;
    if (node.op !== "sink") {
      tables[node.id] = compute(
        node,
        { tables, keyColumns, topology, lookedUp, limits, nowUs, onRefused, onLookup, folded },
        read,
      );
      options.onTable?.(node, tables[node.id]);
      continue;
    }
    const { key: columns, output } = node.sink;
    const keyed = [...tables[node.input]].map(([key, row]) =>
      [keyText(output !== undefined ? key : keyOf(columns.map((column) => row[column]))), row] as const
    );
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
  /** Of tables with a key of their own: its columns, in the order of the key. */
  readonly keyColumns: Map<number, readonly string[]>;
  readonly lookedUp: ReadonlySet<number>;
  readonly limits: TellingLimits;
  readonly nowUs: number;
  readonly onRefused: (refused: RefusedRow) => void;
  readonly onLookup: (lookup: Lookup) => void;
  readonly folded: (node: FoldedNode) => Iterable<FoldedRow>;
}

function compute(
  node: Exclude<LogicalNode, { op: "sink" }>,
  computed: Computed,
  read: (topic: string) => Iterable<readonly [Key, Row]>,
): Table {
  if (node.op === "source") return new Map(read(node.source.topic));
  if (node.op === "folded") return resultsOf(node, computed);
  const { tables, topology, lookedUp, limits } = computed;
  const refuse = refusing(node, computed);
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
          computed.onLookup({ right: node.right, key: wanted });
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
    case "union":
      return union([input, tables[node.right]], refuse);
    case "aggregate":
    case "selectKey":
    case "flatMapValues":
      return withOwnKeys(node, computed);
  }
}

function resultsOf(node: FoldedNode, { folded, keyColumns, topology }: Computed): Table {
  const results = [...folded(node)];
  const [[, row, columns] = ["", {}]] = results;
  keyColumns.set(node.id, columns ?? resultKeyOf(topology, { of: node, row }));
  return new Map(results.map(([key, row]) => [key, row]));
}

function union(tables: readonly [Table, Table], refuse: (key: Key, error: unknown) => void): Table {
  const result: Table = new Map();
  for (const key of new Set(tables.flatMap((table) => [...table.keys()]))) {
    const rows = tables.map((table) => table.get(key)).filter((row) => row !== undefined);
    if (rows.length === 1) result.set(key, rows[0]);
    else refuse(key, new TypeError("Both tables have the key"));
  }
  return result;
}

function refusing({ name }: LogicalNode, { onRefused }: Computed): (key: Key, error: unknown) => void {
  return (key, error) => onRefused({ operator: name, key, error });
}

function withOwnKeys(node: GroupedNode, computed: Computed): Table {
  const { tables, topology, limits, keyColumns } = computed;
  const { table, columns } = grouped(node, {
    input: tables[node.input],
    keyValue: keyValues(computed, node.input),
    keyRow: keyRows(computed, node.input),
    shareMax: isMerged(topology, node) ? limits.share : undefined,
    refuse: refusing(node, computed),
  });
  keyColumns.set(node.id, columns);
  return table;
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

/** The row as another task is told it: absent if a value has no form for that, or if it or its key is too long. */
function told(row: Row | null, { key, limits }: { readonly key: Key; readonly limits: TellingLimits }): Row | null {
  if (row === null || !hasForm(row) || isLonger(row, limits.row) || isLonger(key, limits.key)) return null;
  return row;
}

/** From a table's key to what callbacks see: one column's value, or an object of several, as the rows have them. */
function keyValues(computed: Computed, node: number): (key: Key) => AnyRow {
  const keyRow = keyRows(computed, node);
  return (key) => {
    const row = keyRow(key);
    const values = Object.values(row);
    return values.length === 1 ? values[0] : row;
  };
}

/** From a table's key to its columns, as the rows have them, in the order of the key. */
function keyRows({ topology, tables, keyColumns }: Computed, node: number): (key: Key) => Row {
  const roots = rootsOf(topology, node).map((root) => ({
    table: tables[root.id],
    columns: root.op === "source" ? root.source.key : keyColumns.get(root.id)!,
  }));
  return (key) => {
    const { table, columns } = roots.find((root) => root.table.has(key)) ?? roots[0];
    const row = table.get(key)!;
    return Object.fromEntries(roots[0].columns.map((column, index) => [column, row[columns[index]]]));
  };
}
