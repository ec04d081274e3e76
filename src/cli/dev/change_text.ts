import type { Topology } from "../../dsl/topology.ts";
import type { Warehouse } from "../../ports/warehouse.ts";
import { grouped } from "../numbers.ts";
import { changedTables, type TableChange } from "./changed_tables.ts";

/** A topology before and after a change of its files; null: there is none. */
export interface TopologyChange {
  readonly before: Topology | null;
  readonly after: Topology | null;
}

/**
 * What loading a topology anew will do to its tables, a line each, by what is declared and how many rows are there now.
 * How many of them differ nobody knows before they are computed: the start says so then.
 */
export async function changeText(
  { before, after }: TopologyChange,
  { warehouse, database }: { readonly warehouse: Pick<Warehouse, "query">; readonly database: string },
): Promise<string> {
  const changes = changedTables(before, after);
  if (changes.length === 0) return "its tables stay as they are: it only adds rows, or has none";
  const lines = await Promise.all(changes.map(async (change) => {
    const rows = await rowsOf(change, { warehouse, database });
    return `${change.table}: ${textOf(change, rows)}`;
  }));
  return lines.join("; ");
}

function textOf({ kind, added }: TableChange, rows: number | null): string {
  const there = rows === null ? "the rows that are there" : `${grouped(rows)} rows`;
  switch (kind) {
    case "new":
      return rows === null || rows === 0
        ? "a new table, all of its rows are added"
        : `${there} are there from before; those that differ are rewritten, missing ones added, others deleted`;
    case "gone":
      return `nobody writes it any more; ${there} stay, none is deleted`;
    case "columns":
      return added.length === 0
        ? `its columns change; of ${there} those that differ are rewritten, none is added or deleted for that`
        : `column ${added.join(", ")} is added, and ${there} are rewritten`;
    case "program":
      return `it is computed in another way; of ${there} those that differ are rewritten or deleted, ` +
        "missing ones added";
    case "same":
      return `nothing, unless a value that it uses has changed (${there})`;
  }
}

/** Null if nobody knows: the table is not there yet, or ClickHouse does not answer. */
async function rowsOf(
  { table }: TableChange,
  { warehouse, database }: { readonly warehouse: Pick<Warehouse, "query">; readonly database: string },
): Promise<number | null> {
  try {
    const [row] = await warehouse.query(`SELECT toString(count()) AS rows FROM \`${database}\`.\`${table}\``);
    return Number(row.rows);
  } catch {
    return null;
  }
}
