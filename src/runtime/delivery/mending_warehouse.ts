import type { AppendTableSpec, TableSpec, Warehouse } from "../../ports/warehouse.ts";
import { ProductionError } from "../../record/errors.ts";

/** Who is told of tables that were made, and are empty. */
export interface Listener {
  readonly onMade: (table: TableSpec) => void;
  readonly onAppendMade: (table: AppendTableSpec) => void;
}

/**
 * The warehouse, with tables that somebody dropped made again when they are missed: waiting alone would never bring
 * them back. The failed call still fails, retriably, as it did before; `onMade` tells that a table is new and empty, so
 * that its rows are written again, `onAppendMade` the same of an append table, so that it is said what is not in it.
 */
export function mendingWarehouse(warehouse: Warehouse, { onMade, onAppendMade }: Listener): Warehouse {
  const mend = async (error: unknown, make: () => Promise<void>) => {
    if (!(error instanceof ProductionError) || error.reason !== "missing") return;
    try {
      await make();
    } catch (cause) {
      // Also what a start would refuse for, such as a missing right: here it is waited for.
      throw new ProductionError(`${error.message}; ${(cause as Error).message}`, {
        retriable: true,
        reason: "setup",
        cause,
      });
    }
  };
  const made = async (table: TableSpec) => {
    const { created } = await warehouse.ensure(table);
    if (created) onMade(table);
  };
  const mended = async <T>(table: TableSpec, action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      await mend(error, () => made(table));
      throw error;
    }
  };
  // What it held is gone: its rows are made of inputs that nobody reads again.
  const mendedAppend = async <T>(table: AppendTableSpec, action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      await mend(error, async () => {
        if ((await warehouse.ensureAppend(table)).created) onAppendMade(table);
      });
      throw error;
    }
  };
  const mendedRows = async function* <T>(table: TableSpec, read: () => AsyncIterable<T>) {
    try {
      yield* read();
    } catch (error) {
      await mend(error, () => made(table));
      throw error;
    }
  };
  return {
    ensure: (table) => warehouse.ensure(table),
    present: (tables) => warehouse.present(tables),
    insert: (batch) => mended(batch.table, () => warehouse.insert(batch)),
    shown: (table, tasks) => mendedRows(table, () => warehouse.shown(table, tasks)),
    summed: (table, watermarks) => mended(table, () => warehouse.summed(table, watermarks)),
    newer: (table, watermarks) => mendedRows(table, () => warehouse.newer(table, watermarks)),
    orphans: (table, tasks) => mendedRows(table, () => warehouse.orphans(table, tasks)),
    greatestEpochs: (table, tasks) => mended(table, () => warehouse.greatestEpochs(table, tasks)),
    setAside: (table, limit) => mended(table, () => warehouse.setAside(table, limit)),
    // Whoever only looks makes nothing.
    kept: (table, keyLine) => warehouse.kept(table, keyLine),
    ensureAppend: (table) => warehouse.ensureAppend(table),
    append: (rows) => mendedAppend(rows.table, () => warehouse.append(rows)),
    appended: (table, range) => mendedAppend(table, () => warehouse.appended(table, range)),
    keptAppends: (table, question) => warehouse.keptAppends(table, question),
    lastAppended: (table, of) => mendedAppend(table, () => warehouse.lastAppended(table, of)),
    nowMs: () => warehouse.nowMs(),
    query: (sql) => warehouse.query(sql),
    ping: () => warehouse.ping(),
    close: () => warehouse.close(),
  };
}
