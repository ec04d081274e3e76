import { assertEquals, assertRejects } from "@std/assert";
import { appendRows } from "../../../src/adapters/clickhouse/append_rows.ts";
import type { Connection } from "../../../src/adapters/clickhouse/connection.ts";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import { startEmbeddedClickHouse } from "../../../src/adapters/embedded_clickhouse/clickhouse.ts";
import { APPEND_EXECUTION_MS, APPEND_TOKENS, type AppendTableSpec } from "../../../src/ports/warehouse.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { lineOf } from "../../line_bytes.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";
import { appendOf, EVENTS, inputs, offsetsOf } from "../../ports/warehouse_fixtures.ts";

const server = clickHouseOfFile();

Deno.test("append() adds what a ClickHouse that ended in the middle knows only the name of", async () => {
  const path = await Deno.makeTempDir({ prefix: "weir-append-" });
  let own = await startEmbeddedClickHouse({ path });
  try {
    const before = openClickHouse({ url: own.url, database: "shop" });
    await before.ensureAppend(EVENTS);
    const kept = appendOf(inputs(0, 3));
    const lost = appendOf(inputs(3, 6));
    await before.append(kept);
    await before.append(lost);
    const [{ directory }] = await before.query(
      "SELECT path AS directory FROM system.parts WHERE database = 'shop' AND table = 'events_rows' AND active " +
        "ORDER BY max_block_number DESC LIMIT 1",
    );
    await before.close();
    await own.close();
    // The name is written down first, then the part gets its place.
    await Deno.remove(String(directory), { recursive: true });
    own = await startEmbeddedClickHouse({ path });
    const warehouse = openClickHouse({ url: own.url, database: "shop" });
    await warehouse.append(lost);
    assertEquals(await offsetsOf(warehouse, inputs(0, 9)), [0, 1, 2], "it takes them for there");
    for (let time = 0; time < 3; time++) {
      await warehouse.append({ ...lost, repeated: true });
      assertEquals(await offsetsOf(warehouse, inputs(0, 9)), [0, 1, 2, 3, 4, 5]);
    }
    // An insert of a former owner that comes late, and one of its repair.
    await warehouse.append(lost);
    await warehouse.append({ ...lost, token: `${lost.token}/1` });
    assertEquals(await offsetsOf(warehouse, inputs(0, 9)), [0, 1, 2, 3, 4, 5]);
    await warehouse.close();
  } finally {
    await own.close();
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("append() makes one part of rows that would be several blocks", async () => {
  const table: AppendTableSpec = { name: "many", columns: [{ name: "id", type: "Int64" }], orderBy: ["id"] };
  const warehouse = openClickHouse({ url: server().url, database: "one_part" });
  await warehouse.ensureAppend(table);
  const count = 1_100_000;
  const rows = Array.from({ length: count }, (_, offset) => ({ line: lineOf(`[${offset}`), offset, index: 0 }));
  const range = inputs(0, count);
  await warehouse.append(appendOf(range, { table, rows }));
  const [found] = await warehouse.query("SELECT uniqExact(_part) AS parts, count() AS rows FROM one_part.many_rows");
  assertEquals([Number(found.parts), Number(found.rows)], [1, count]);
  await warehouse.append(appendOf(range, { table, rows }));
  assertEquals((await warehouse.query("SELECT count() AS rows FROM one_part.many_rows"))[0].rows, String(count));
  await warehouse.close();
});

Deno.test("append() gives up, retriably, when rows are acknowledged and never there", async () => {
  const tokens: unknown[] = [];
  const secondsMax = new Set<unknown>();
  const connection = {
    insert: (_action: string, { settings }: { readonly settings: Record<string, unknown> }) => {
      tokens.push(settings.insert_deduplication_token);
      secondsMax.add(settings.max_execution_time);
      return Promise.resolve(0);
    },
    select: () => Promise.resolve([]),
  } as unknown as Connection;
  const rows = appendOf(inputs(0, 1), { token: "t", repeated: true });
  const target = { connection, database: "shop" };
  const error = await assertRejects(
    () => appendRows(target, rows),
    ProductionError,
    "though ClickHouse acknowledges it",
  );
  assertEquals(error.retriable, true);
  assertEquals(tokens.slice(0, 3), ["t", "t/1", "t/2"]);
  const first = await assertRejects(() => appendRows(target, { ...rows, repeated: undefined }), ProductionError);
  assertEquals([first.retriable, first.message.includes("0 rows written")], [true, true]);
  assertEquals([...secondsMax].map((seconds) => Number(seconds) * 1_000 < APPEND_EXECUTION_MS), [true]);
});

Deno.test("a table remembers as many inserts as the port says", async () => {
  const warehouse = openClickHouse({ url: server().url, database: "window" });
  await warehouse.ensureAppend(EVENTS);
  const [{ engine_full }] = await warehouse.query(
    "SELECT engine_full FROM system.tables WHERE database = 'window' AND name = 'events_rows'",
  );
  const window = /non_replicated_deduplication_window = (\d+)/.exec(String(engine_full))?.[1];
  assertEquals(Number(window), APPEND_TOKENS);
  await warehouse.close();
});
