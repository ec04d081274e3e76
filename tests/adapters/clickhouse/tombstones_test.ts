import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect, type ConnectedDatabase } from "../../../src/adapters/clickhouse/connection.ts";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import { countTombstones, removeTombstones } from "../../../src/adapters/clickhouse/tombstones.ts";
import type { Warehouse } from "../../../src/ports/warehouse.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { collect, noSale, PARTIAL, PLAIN, sale } from "../../ports/warehouse_fixtures.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";

const TASK = "sales@0";
const IDS = Array.from({ length: 300 }, (_, id) => id);
/** Every third row is deleted, every fifth changed. */
const isDeleted = (id: number) => id % 3 === 0;
const isChanged = (id: number) => id % 5 === 0;

const server = clickHouseOfFile();

async function withTable(
  database: string,
  use: (target: ConnectedDatabase & { warehouse: Warehouse; all: () => Promise<unknown> }) => Promise<void>,
): Promise<void> {
  const warehouse = openClickHouse({ url: server().url, database });
  const connection = connect({ url: server().url, database });
  try {
    await warehouse.ensure(PLAIN);
    await warehouse.ensure(PARTIAL);
    await warehouse.insert({ table: PLAIN, upserts: IDS.map((id) => sale(id)), deletes: [] });
    const changed = IDS.filter((id) => isChanged(id)).map((id) => sale(id, { seq: 2 }, "2.00"));
    await warehouse.insert({ table: PLAIN, upserts: changed, deletes: [] });
    const deleted = IDS.filter(isDeleted).map((id) => noSale(id, { seq: 3 }));
    await warehouse.insert({ table: PLAIN, upserts: [], deletes: deleted });
    const all = async () => [
      await warehouse.query("SELECT * FROM sales ORDER BY id"),
      await collect(warehouse.shown(PLAIN, [TASK])),
      await warehouse.greatestEpochs(PLAIN, [TASK]),
    ];
    await use({ warehouse, connection, database, all });
  } finally {
    await connection.close();
    await warehouse.close();
  }
}

Deno.test("removeTombstones() leaves what is shown as it is, and nothing of deleted rows", () =>
  withTable("removed", async (target) => {
    // ClickHouse's own merges, even of all parts, keep the marks.
    await target.connection.command("merge", "OPTIMIZE TABLE removed.sales_rows FINAL");
    const shown = await target.all();
    const deleted = IDS.filter(isDeleted).length;
    assertEquals(await countTombstones(target), [
      { name: "revenue_rows", rows: 0, tombstones: 0 },
      { name: "sales_rows", rows: IDS.length, tombstones: deleted },
    ]);
    await removeTombstones(target, "sales_rows");
    assertEquals((await countTombstones(target))[1], {
      name: "sales_rows",
      rows: IDS.length - deleted,
      tombstones: 0,
    });
    assertEquals(await target.all(), shown);
    // Again, on an empty table, and after the next start: nothing changes.
    await removeTombstones(target, "sales_rows");
    await removeTombstones(target, "revenue_rows");
    assertEquals(await target.warehouse.ensure(PLAIN), { created: false, added: [] });
    assertEquals(await target.all(), shown);
  }));

Deno.test("removeTombstones() beside inserts loses none of them, and what was deleted stays so", () =>
  withTable("beside", async (target) => {
    const { warehouse } = target;
    const expected = new Map(IDS.filter((id) => !isDeleted(id)).map((id) => [id, isChanged(id) ? "2.00" : "1.00"]));
    let removing = true;
    const removed = removeTombstones(target, "sales_rows").finally(() => removing = false);
    let seq = 10;
    for (let round = 0; removing || round < 20; round++) {
      const id = (round * 7) % IDS.length;
      if (round % 2 === 0) {
        await warehouse.insert({ table: PLAIN, upserts: [sale(id, { seq: seq++ }, "3.00")], deletes: [] });
        expected.set(id, "3.00");
      } else {
        await warehouse.insert({ table: PLAIN, upserts: [], deletes: [noSale(id, { seq: seq++ })] });
        expected.delete(id);
      }
    }
    await removed;
    const rows = await warehouse.query("SELECT toInt32(id) AS id, toString(amount) AS amount FROM sales ORDER BY id");
    assertEquals(
      rows.map(({ id, amount }) => [id, Number(amount)]),
      [...expected].sort(([a], [b]) => a - b).map(([id, amount]) => [id, Number(amount)]),
    );
    await removeTombstones(target, "sales_rows");
    const [, { rows: stored, tombstones }] = await countTombstones(target);
    assertEquals([stored, tombstones], [expected.size, 0]);
  }));

Deno.test("countTombstones() sees Weir's tables alone, and removeTombstones() says what it could not do", () =>
  withTable("others", async (target) => {
    const { connection } = target;
    await connection.command(
      "create",
      "CREATE TABLE others.mine_rows (a Int64) ENGINE = ReplacingMergeTree ORDER BY a",
    );
    assertEquals((await countTombstones(target)).map(({ name }) => name), ["revenue_rows", "sales_rows"]);
    const error = await assertRejects(() => removeTombstones(target, "missing_rows"), ProductionError);
    assert(error.message.includes('"others.missing_rows"'), error.message);
  }));
