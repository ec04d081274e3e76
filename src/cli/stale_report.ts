import { readDataFile, writeDataFile } from "./data_file.ts";
import { counted } from "./numbers.ts";

/** A table of which the last change of some keys could not be read: what is shown of them is older than the source. */
export interface StaleTable {
  readonly topology: string;
  readonly table: string;
  readonly keys: number;
}

/** What is asked of a topology that runs here. */
export interface StaleRun {
  /** Of the topology. */
  readonly name: string;
  readonly runner:
    | { readonly ready: boolean; status(): { readonly stale: readonly Omit<StaleTable, "topology">[] } }
    | null;
}

const FILE = "stale.json";

/**
 * Keeps in a data directory which tables are stale, for `dlq` and `verify`, which may run when no instance does. Of a
 * topology that is not ready the list stays as its last run left it: it has not read everything yet.
 */
export class StaleReport {
  readonly #directory: string;
  #kept: readonly StaleTable[];

  constructor(directory: string) {
    this.#directory = directory;
    this.#kept = readStale(directory);
  }

  /** Writes the list, if it has changed. */
  update(runs: readonly StaleRun[]): void {
    const ready = runs.filter(({ runner }) => runner?.ready);
    const names = new Set(ready.map(({ name }) => name));
    const now = [
      ...this.#kept.filter(({ topology }) => !names.has(topology)),
      ...ready.flatMap(({ name, runner }) =>
        runner!.status().stale.map(({ table, keys }) => ({ topology: name, table, keys }))
      ),
    ];
    if (JSON.stringify(now) === JSON.stringify(this.#kept)) return;
    try {
      writeDataFile(this.#directory, { name: FILE, value: now });
      this.#kept = now;
    } catch {
      // No directory yet, or a full disk: the next look tries again, and an instance does not end for want of a note.
    }
  }
}

/** The list kept in a data directory; empty if there is none. */
export function readStale(directory: string): StaleTable[] {
  const tables = readDataFile(directory, FILE);
  return Array.isArray(tables) ? tables : [];
}

/** One line for each table. */
export function staleLines(tables: readonly StaleTable[]): string[] {
  return tables.map(({ topology, table, keys }) =>
    `${topology}: ${counted(keys, "key")} of table "${table}" ${keys === 1 ? "is" : "are"} stale: the last change ` +
    "could not be read, so ClickHouse shows what was before it"
  );
}
