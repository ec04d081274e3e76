import type { AggregateNode, AnyRow, GroupedNode, PartsNode, RekeyNode } from "../dsl/logical.ts";
import type { Topology } from "../dsl/topology.ts";
import { type Key, keyOf, keyValueText } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { hasForm, isLonger } from "./telling.ts";
import { objectionTo, total } from "./totals.ts";

/** Rows by key. */
export type Table = Map<Key, Row>;

/** What rows under new keys are made of. */
interface Grouping {
  readonly input: Table;
  /** The key as callbacks see it. */
  readonly keyValue: (key: Key) => AnyRow;
  /** The columns of the key. */
  readonly keyRow: (key: Key) => Row;
  /** As in {@link TellingLimits}. */
  readonly shareMax: number | undefined;
  readonly refuse: (key: Key, error: unknown) => void;
}

/** Rows by the key that they have got. */
type Groups = Map<Key, { readonly columns: Row; readonly rows: Row[] }>;

/** The table of an operator whose rows have keys of their own, and the columns of these, in order. */
export function grouped(
  node: GroupedNode,
  grouping: Grouping,
): { readonly table: Table; readonly columns: readonly string[] } {
  const groups = groupsOf(node, grouping);
  const table: Table = new Map();
  for (const [key, { columns, rows }] of groups) {
    try {
      table.set(key, rowOf(node, { columns, rows }));
    } catch (error) {
      // A total that is no value leaves its group without a row; the runtime sets it aside as a dead letter.
      grouping.refuse(key, error);
    }
  }
  const [first] = groups.values();
  return { table, columns: Object.keys(first?.columns ?? {}).sort() };
}

function groupsOf(node: GroupedNode, grouping: Grouping): Groups {
  switch (node.op) {
    case "aggregate":
      return aggregate(node, grouping);
    case "selectKey":
      return rekeyed(node, grouping);
    case "flatMapValues":
      return parts(node, grouping);
  }
}

/** @throws LimitError | TypeError | RangeError for a total that is no value, and for several rows of one key */
function rowOf(node: GroupedNode, { columns, rows }: { readonly columns: Row; readonly rows: readonly Row[] }): Row {
  if (node.op === "aggregate") {
    const totals = Object.entries(node.aggregates).map(([name, spec]) => [name, total(spec, rows)]);
    return { ...columns, ...Object.fromEntries(totals) };
  }
  if (rows.length > 1) throw new TypeError(`${rows.length} rows have one key`);
  return { ...rows[0], ...columns };
}

/** @throws TypeError for a column without a value */
function put(groups: Groups, { columns, row }: { readonly columns: Row; readonly row: Row }): void {
  const missing = Object.keys(columns).find((column) => columns[column] === undefined);
  if (missing !== undefined) throw new TypeError(`Group column "${missing}" is undefined`);
  const group = keyOf(Object.keys(columns).sort().map((column) => columns[column]));
  if (!groups.has(group)) groups.set(group, { columns, rows: [] });
  groups.get(group)!.rows.push(row);
}

function aggregate(
  node: AggregateNode,
  { input, keyValue, shareMax, refuse }: Grouping,
): Groups {
  const groups: Groups = new Map();
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
      put(groups, { columns, row });
    } catch (error) {
      refuse(key, error);
    }
  }
  return groups;
}

function rekeyed({ selector }: RekeyNode, { input, keyValue, shareMax, refuse }: Grouping): Groups {
  const groups: Groups = new Map();
  for (const [key, row] of input) {
    try {
      const columns: Row | null = selector(row, keyValue(key));
      if (columns === null) continue;
      checkTold([columns, row], shareMax);
      put(groups, { columns, row });
    } catch (error) {
      refuse(key, error);
    }
  }
  return groups;
}

/** A row of which one part cannot be is absent with all of its parts. */
function parts(
  { mapper, part: { column, counted }, most }: PartsNode,
  { input, keyValue, keyRow, shareMax, refuse }: Grouping,
): Groups {
  const groups: Groups = new Map();
  for (const [key, row] of input) {
    try {
      const own: Groups = new Map();
      const list: readonly unknown[] = mapper(row, keyValue(key));
      if (!Array.isArray(list)) throw new TypeError("No array of parts");
      if (list.length > most) throw new RangeError(`More than ${most} parts`);
      for (const [position, part] of list.entries()) {
        if (typeof part !== "object" || part === null || Array.isArray(part)) throw new TypeError("A part is no row");
        const columns = { ...keyRow(key), [column]: counted ? position : (part as Row)[column] };
        const twice = Object.keys(columns).find((name) =>
          Object.hasOwn(part, name) && keyValueText((part as Row)[name]) !== keyValueText(columns[name])
        );
        if (twice !== undefined) throw new TypeError(`Column "${twice}" of a part is not the key's`);
        checkTold([columns, part], shareMax);
        put(own, { columns, row: part as Row });
      }
      if (own.size < list.length) throw new TypeError("Two parts of a row have one key");
      own.forEach((group, of) => groups.set(of, group));
    } catch (error) {
      refuse(key, error);
    }
  }
  return groups;
}

/** @throws TypeError | RangeError for what another task cannot be told */
function checkTold(told: readonly unknown[], most: number | undefined): void {
  if (!told.every(hasForm)) throw new TypeError("A value has no form for other tasks");
  if (told.some((value) => isLonger(value, most))) throw new RangeError("Too long to be told");
}

/** Whether merge tasks are told the shares: something else than sinks takes the totals, or no view can make them. */
export function isMerged(topology: Topology, node: GroupedNode): boolean {
  if (node.op !== "aggregate") return true;
  const { id, aggregates } = node;
  return Object.values(aggregates).some(({ kind }) => !["sum", "count", "avg", "min", "max"].includes(kind)) ||
    topology.nodes.some((node) =>
      (node.op !== "sink" || node.sink.output !== undefined) &&
      (("input" in node && node.input === id) || ("right" in node && node.right === id))
    );
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}
