import type { Clock } from "../../src/ports/clock.ts";
import type { DeleteRow, ShownRow, UpsertRow, Warehouse } from "../../src/ports/warehouse.ts";

const SLICE_ROWS = 1_000;

interface Stored {
  readonly task: string;
  readonly key: string;
  /** Null for a deleted row. */
  readonly digest: number | null;
  readonly epoch: number;
  readonly seq: number;
}

/**
 * A warehouse in memory that keeps digests alone and lets others have their turn after every thousand rows: what holds
 * the event loop beside it is the runtime. No id is a bare number: half a million of those in a row ("1", "2") make V8
 * 15 slow with every other new text that a Map is asked for, up to 20 microseconds each.
 */
export function createDigestWarehouse(clock: Clock): Warehouse & { rows(): number; rowsWritten(): number } {
  let written = 0;
  const tables = new Map<string, Map<string, Stored>>();
  async function* chunks(table: string, wanted: (row: Stored) => boolean): AsyncGenerator<readonly ShownRow[]> {
    let rows: ShownRow[] = [];
    let count = 0;
    for (const row of tables.get(table)!.values()) {
      if (row.digest !== null && wanted(row)) rows.push({ task: row.task, key: row.key, digest: row.digest });
      if (++count % SLICE_ROWS === 0) await clock.breathe();
      if (rows.length < SLICE_ROWS * 10) continue;
      yield rows;
      rows = [];
    }
    if (rows.length > 0) yield rows;
  }
  return {
    ensure({ name }) {
      const created = !tables.has(name);
      if (created) tables.set(name, new Map());
      return Promise.resolve({ created, added: [] });
    },
    present: (asked) => Promise.resolve(new Map(asked.map(({ name }) => [name, { id: name, view: true }]))),
    async insert({ table, upserts, deletes }) {
      const rows = tables.get(table.name)!;
      written += upserts.length + deletes.length;
      let count = 0;
      for (const row of [...upserts, ...deletes] as (UpsertRow | DeleteRow)[]) {
        const id = table.shares ? `${row.task} ${row.key}` : `row ${row.key}`;
        const was = rows.get(id);
        if (was === undefined || was.epoch < row.epoch || (was.epoch === row.epoch && was.seq <= row.seq)) {
          const { task, key, epoch, seq } = row;
          rows.set(id, { task, key, digest: "line" in row ? row.digest : null, epoch, seq });
        }
        if (++count % SLICE_ROWS === 0) await clock.breathe();
      }
    },
    ensureAppend: () => Promise.reject(new TypeError("no topology of these benches appends")),
    append: () => Promise.reject(new TypeError("no topology of these benches appends")),
    appended: () => Promise.reject(new TypeError("no topology of these benches appends")),
    keptAppends: () => Promise.reject(new TypeError("no topology of these benches appends")),
    lastAppended: () => Promise.reject(new TypeError("no topology of these benches appends")),
    nowMs: () => Promise.reject(new TypeError("no topology of these benches appends")),
    summed: () => Promise.reject(new TypeError("no task of these benches has a snapshot")),
    newer: () => {
      throw new TypeError("no task of these benches has a snapshot");
    },
    shown: (table, tasks) => chunks(table.name, (row) => tasks.includes(row.task)),
    orphans: (table, tasks) => chunks(table.name, (row) => !tasks.includes(row.task)),
    async greatestEpochs(table, tasks) {
      const greatest = new Map(tasks.map((task) => [task, 0]));
      let count = 0;
      for (const { task, epoch } of tables.get(table.name)!.values()) {
        const known = greatest.get(task);
        if (known !== undefined && epoch > known) greatest.set(task, epoch);
        if (++count % SLICE_ROWS === 0) await clock.breathe();
      }
      return greatest;
    },
    setAside: () => Promise.resolve({ count: 0, groups: [] }),
    kept: () => Promise.resolve({ rows: [], shown: null }),
    query: () => Promise.resolve([]),
    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
    rowsWritten: () => written,
    rows: () => [...tables.values()].reduce((sum, rows) => sum + rows.size, 0),
  };
}
