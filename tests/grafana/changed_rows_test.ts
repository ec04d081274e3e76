import { assertEquals } from "@std/assert";
import { openClickHouse } from "../../src/adapters/clickhouse/open_clickhouse.ts";
import { rowsTable } from "../../src/plan/sink_table.ts";
import type { DeleteRow, UpsertRow } from "../../src/ports/warehouse.ts";
import { expandSql, type QueryContext } from "../../tools/dashboards/expand.ts";
import { sales as dashboard } from "../../tools/dashboards/sales.ts";
import { sales } from "../../topologies/online_store/tables.ts";
import { panelsOf } from "./support.ts";
import { ownClickHouse } from "../own_clickhouse.ts";
import { lineOf } from "../line_bytes.ts";

const TASK = "order_items-0";
const DAY_MICROS = 86_400_000_000;
const JANUARY = Date.UTC(2026, 0, 1) * 1000;
/** Several granules, so that the index on the time leaves whole ones out. */
const ROWS = 40_000;

/** An item worth 2.00, in an order of its own. */
function item(id: number, { micros, seq }: { micros: number; seq: number }): UpsertRow {
  const cells = [id, id, micros, "paid", 1, "Mug", "kitchen", 1, "Potter", "DE", 2, "1.00", "2.00"];
  return { line: lineOf(JSON.stringify(cells).slice(0, -1)), task: TASK, key: `[${id}]`, digest: seq, epoch: 1, seq };
}

function tombstone(id: number, seq: number): DeleteRow {
  return { keyLine: `[${id}`, task: TASK, key: `[${id}]`, epoch: 1, seq };
}

Deno.test("the Sales panels do not show a sale whose newest version is outside of the range, or deleted", async () => {
  await using own = await ownClickHouse();
  const warehouse = openClickHouse({ url: own.server.url, database: "online_store" });
  try {
    const table = rowsTable(sales.spec);
    await warehouse.ensure(table);
    const ids = Array.from({ length: ROWS }, (_, id) => id);
    // A sale a minute, about four weeks from the first of January on.
    const placed = (id: number) => JANUARY + id * 60_000_000;
    await warehouse.insert({
      table,
      upserts: ids.map((id) => item(id, { micros: placed(id), seq: 1 + id })),
      deletes: [],
    });
    // Each in a part of its own, in whose granules no time of January is: the index alone would leave them out.
    const moved = ids.filter((id) => id % 10 === 0);
    const later = (id: number) => placed(id) + 400 * DAY_MICROS;
    await warehouse.insert({
      table,
      upserts: moved.map((id) => item(id, { micros: later(id), seq: 1e6 + id })),
      deletes: [],
    });
    const deleted = ids.filter((id) => id % 10 === 5);
    await warehouse.insert({ table, upserts: [], deletes: deleted.map((id) => tombstone(id, 2e6 + id)) });

    const context: QueryContext = {
      fromMs: Date.UTC(2026, 0, 1),
      toMs: Date.UTC(2026, 0, 15) - 1000,
      intervalMs: 86_400_000,
      variables: Object.fromEntries(
        ["category", "seller", "country"].map((name) => [name, { value: "all", options: [] }]),
      ),
    };
    const left = ids.filter((id) => placed(id) < Date.UTC(2026, 0, 15) * 1000 && id % 5 !== 0).length;
    const ask = async (title: string) => {
      const [target] = panelsOf(dashboard).find((panel) => panel.title === title)!.targets;
      return await warehouse.query(expandSql("rawSql" in target ? target.rawSql : "", context));
    };
    const [now] = await ask("Sales");
    assertEquals(now, {
      "Revenue": left * 2,
      "Orders": String(left),
      "Average order value": 2,
      "Pieces sold": String(left * 2),
    });
    const days = await ask("Revenue and orders");
    assertEquals(days.length, 14);
    assertEquals(new Set(days.map((day) => day.Revenue)), new Set([1440 * 0.8 * 2]));
    const [country] = await ask("Revenue by buyer's country");
    assertEquals(country, { country: "DE", revenue: left * 2 });
  } finally {
    await warehouse.close();
  }
});
