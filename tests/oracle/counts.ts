import type { AnyRow, LogicalNode } from "../../src/dsl/logical.ts";
import type { Topology } from "../../src/mod.ts";
import { computeSinks, type OracleOptions } from "../../src/oracle/oracle.ts";
import type { Key } from "../../src/record/key.ts";
import type { Row } from "../../src/record/row.ts";
import type { RowCounts } from "../../src/runtime/stores/row_counts.ts";
import type { TopologyTestDriver } from "../../src/testing/mod.ts";

type Table = ReadonlyMap<Key, Row>;

/** Every operator's rows from scratch. */
interface Computed {
  readonly tables: ReadonlyMap<number, Table>;
  /** Rows that cannot be computed, by operator. */
  readonly refused: ReadonlyMap<string, number>;
  /** How many rows a sink shows. */
  readonly shown: (sink: LogicalNode & { readonly op: "sink" }) => number;
}

/**
 * Holds the counts of every operator against the rows from scratch: each row that its source has is counted once at
 * each operator that it comes to, as what became of it there. Returns what is wrong with the first that is not, or
 * null.
 */
export function wrongCounts(
  driver: TopologyTestDriver,
  { topology, read, options }: {
    readonly topology: Topology;
    readonly read: Parameters<typeof computeSinks>[1];
    readonly options: OracleOptions;
  },
): string | null {
  const tables = new Map<number, Table>();
  const refused = new Map<string, number>();
  computeSinks(topology, read, {
    ...options,
    onTable: (node, rows) => tables.set(node.id, rows),
    onRefused: ({ operator }) => refused.set(operator, (refused.get(operator) ?? 0) + 1),
  });
  const computed: Computed = { tables, refused, shown: ({ sink }) => driver.select({ spec: sink }).length };
  for (const { node: id, name, rows } of driver.operators()) {
    if (rows === null) continue;
    const node = topology.nodes[Number(id.slice(2))];
    // Of totals that ClickHouse adds up, the rows are counted that are added, which are those of the aggregate.
    if (node.op === "sink" && rows.waiting === undefined) continue;
    for (const [what, value] of Object.entries(expected(node, computed))) {
      const counted = rows[what as keyof RowCounts];
      if (counted !== value) return `${name} (${node.op}) counts ${what} ${counted}, not ${value}`;
    }
    const { in: taken, out, filtered = 0, waiting = 0, errors = 0, withoutPartner = 0, nullKeys = 0 } = rows;
    const ended = "kind" in node && node.kind !== "inner" ? 0 : withoutPartner + nullKeys;
    if (taken !== out + filtered + waiting + errors + ended) return `${name} loses rows: ${JSON.stringify(rows)}`;
  }
  return null;
}

function expected(node: LogicalNode, { tables, refused, shown }: Computed): Partial<RowCounts> {
  const result = tables.get(node.id)!;
  if (node.op === "source" || node.op === "folded") return { in: result.size, out: result.size };
  const input = tables.get(node.input)!;
  const errors = refused.get(node.name) ?? 0;
  const plain = { in: input.size, waiting: 0, errors };
  switch (node.op) {
    case "mapValues":
      // Several may have one name.
      return { ...plain, out: result.size, errors: input.size - result.size };
    case "filter":
    case "filterNot":
      // No predicate of theirs throws.
      return { in: input.size, out: result.size, filtered: input.size - result.size, errors: 0 };
    case "expireAfter":
      return { in: input.size, out: result.size };
    case "foreignKeyJoin": {
      const nullKeys = [...input.values()].filter((row) => returned(() => node.foreignKey(row, null)) === null).length;
      const joined = [...result.values()].filter((row) => row[node.column] !== null).length;
      const withoutPartner = input.size - errors - nullKeys - joined;
      return { ...plain, out: result.size, joined, nullKeys, withoutPartner };
    }
    case "keyJoin": {
      const left = node.kind === "outer" ? node.leftColumn! : null;
      const rows = [...result.values()];
      const joined = rows.filter((row) => row[node.column] !== null && (left === null || row[left] !== null)).length;
      const taken = left === null ? input.size : result.size;
      return { ...plain, in: taken, out: result.size, joined, withoutPartner: taken - joined };
    }
    case "union": {
      const keys = new Set([...input.keys(), ...tables.get(node.right)!.keys()]);
      return { waiting: 0, in: keys.size, out: result.size, errors: keys.size - result.size };
    }
    case "aggregate":
    case "selectKey":
    case "flatMapValues":
      // What is refused of them may be a row, a group, or a key that several rows have.
      return { in: input.size, waiting: 0, nullKeys: [...input.values()].filter((row) => isInNone(node, row)).length };
    case "sink":
      return { ...plain, out: shown(node), errors: input.size - shown(node) };
  }
}

function isInNone(node: LogicalNode, row: AnyRow): boolean {
  if (node.op === "aggregate") return returned(() => node.groupBy(row, null)) === null;
  if (node.op === "selectKey") return returned(() => node.selector(row, null)) === null;
  return node.op === "flatMapValues" && (returned(() => node.mapper(row, null)) as unknown[] | undefined)?.length === 0;
}

/** What a callback returns; undefined if it throws. */
function returned(call: () => unknown): unknown {
  try {
    return call();
  } catch {
    return undefined;
  }
}
