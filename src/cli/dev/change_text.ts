import type { Topology } from "../../dsl/topology.ts";
import type { Warehouse } from "../../ports/warehouse.ts";
import { counted, grouped } from "../numbers.ts";
import { changedTables, type TableChange } from "./changed_tables.ts";
import type { TopologyPreview } from "./preview_process.ts";
import type { TablePreview } from "./previewed_tables.ts";

/** A topology before and after a change of its files; null: there is none. */
export interface TopologyChange {
  readonly before: Topology | null;
  readonly after: Topology | null;
}

/** What is known of the tables of a topology. */
export interface KnownTables {
  readonly warehouse: Pick<Warehouse, "query">;
  readonly database: string;
  readonly preview: TopologyPreview;
  /** Records that what runs had not applied yet when the preview was made; they count as well. */
  readonly lagRecords: number;
}

/**
 * What loading a topology anew will do to its tables, a line each: how many rows it rewrites, adds, deletes and leaves,
 * if that was counted, else what the declarations say, how many rows are there now, and why they were not counted.
 */
export async function changeText({ before, after }: TopologyChange, known: KnownTables): Promise<string> {
  const changes = changedTables(before, after);
  if (changes.length === 0) return "its tables stay as they are: it only adds rows, or has none";
  const { preview } = known;
  const lines = await Promise.all(changes.map(async (change) => {
    if (change.kind === "gone") return `${change.table}: ${boundsOf(change, await rowsOf(change, known))}`;
    const found = "tables" in preview ? preview.tables.find(({ table }) => table === change.table) : preview;
    if (found !== undefined && "counts" in found) return `${change.table}: ${countedText(change, found)}`;
    const reason = found?.reason ?? "it was not there when they were counted";
    return `${change.table}: ${boundsOf(change, await rowsOf(change, known))} (not counted: ${reason})`;
  }));
  return lines.join("; ") + ("tables" in preview ? asOf(preview.at, known.lagRecords) : "");
}

function asOf(at: string, lagRecords: number): string {
  const behind = lagRecords === 0
    ? ""
    : `; ${counted(lagRecords, "record")} of its topics, not applied by then, included`;
  return ` (as of ${at}${behind})`;
}

type CountedTable = Extract<TablePreview, { readonly counts: unknown }>;

function countedText({ kind, added }: TableChange, { counts, groups }: CountedTable): string {
  const { rewritten, unchanged } = counts;
  const noun = groups ? "group" : "row";
  const there = rewritten + counts.deleted + unchanged;
  if (there === 0) return `a new table, ${counted(counts.added, noun)} added`;
  if (rewritten + counts.added + counts.deleted === 0) return `nothing, all ${counted(unchanged, noun)} unchanged`;
  const numbers = `${counted(rewritten, noun)} rewritten, ${grouped(counts.added)} added, ` +
    `${grouped(counts.deleted)} deleted, ${grouped(unchanged)} unchanged`;
  switch (kind) {
    case "new":
      return `${counted(there, noun)} there from before: ${numbers}`;
    case "columns":
      return `${added.length === 0 ? "its columns change" : `column ${added.join(", ")} is added`}: ${numbers}`;
    case "program":
      return `it is computed in another way: ${numbers}`;
    case "gone":
    case "same":
      return numbers;
  }
}

/** What can be said of rows that nobody has counted. */
function boundsOf({ kind, added }: TableChange, rows: number | null): string {
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
  { warehouse, database }: Pick<KnownTables, "warehouse" | "database">,
): Promise<number | null> {
  try {
    const [row] = await warehouse.query(`SELECT toString(count()) AS rows FROM \`${database}\`.\`${table}\``);
    return Number(row.rows);
  } catch {
    return null;
  }
}
