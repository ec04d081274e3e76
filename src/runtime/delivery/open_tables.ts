import type { TablePresence, TableSpec, Warehouse } from "../../ports/warehouse.ts";
import type { Ports } from "../ports.ts";
import { type Listener, mendingWarehouse } from "./mending_warehouse.ts";
import { type RowTables, TopicTables } from "./topic_tables.ts";

/** All tables that a topology writes: those of the warehouse, and topics in the place of tables. */
export interface OpenTables {
  readonly warehouse: Warehouse;
  readonly topics: TopicTables;
}

/** Opens them. */
export function openTables(
  { warehouse, log, clock }: Pick<Ports, "warehouse" | "log" | "clock">,
  listener: Listener,
): OpenTables {
  const topics = new TopicTables({ log, clock });
  return { warehouse: mendingWarehouse(withTopics(warehouse, topics), listener), topics };
}

/** The warehouse, with tables that are topics beside its own. */
function withTopics(warehouse: Warehouse, topics: RowTables): Warehouse {
  const of = ({ output }: Pick<TableSpec, "output">): RowTables => output === undefined ? warehouse : topics;
  return {
    ensure: (table) => of(table).ensure(table),
    async present(tables) {
      const found = new Map<string, TablePresence>();
      for (const kind of [warehouse, topics]) {
        const own = tables.filter((table) => of(table) === kind);
        if (own.length > 0) { for (const [name, presence] of await kind.present(own)) found.set(name, presence); }
      }
      return found;
    },
    insert: (batch) => of(batch.table).insert(batch),
    shown: (table, tasks) => of(table).shown(table, tasks),
    summed: (table, watermarks) => of(table).summed(table, watermarks),
    newer: (table, watermarks) => of(table).newer(table, watermarks),
    orphans: (table, tasks) => of(table).orphans(table, tasks),
    greatestEpochs: (table, tasks) => of(table).greatestEpochs(table, tasks),
    setAside: (table, limit) => warehouse.setAside(table, limit),
    kept: (table, keyLine) => warehouse.kept(table, keyLine),
    ensureAppend: (table) => warehouse.ensureAppend(table),
    append: (rows) => warehouse.append(rows),
    appended: (table, range) => warehouse.appended(table, range),
    keptAppends: (table, question) => warehouse.keptAppends(table, question),
    lastAppended: (table, of) => warehouse.lastAppended(table, of),
    nowMs: () => warehouse.nowMs(),
    query: (sql) => warehouse.query(sql),
    ping: () => warehouse.ping(),
    close: () => warehouse.close(),
  };
}
