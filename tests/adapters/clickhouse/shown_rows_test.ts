import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { connect, type Connection } from "../../../src/adapters/clickhouse/connection.ts";
import { shownRows } from "../../../src/adapters/clickhouse/shown_rows.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import type { ShownRow } from "../../../src/ports/warehouse.ts";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";
import { collect, PLAIN, sale } from "../../ports/warehouse_fixtures.ts";

const server = clickHouseOfFile();

const TASKS = ["sales@0", "sales@1"];
const ROWS: ShownRow[] = [
  { task: "sales@1", key: "1", digest: Number.MAX_SAFE_INTEGER },
  { task: "sales@0", key: '"Zürich 東京 😀"', digest: -1 },
  { task: "stranger ü", key: "x".repeat(300), digest: 0 },
  { task: "sales@0", key: "", digest: 2 ** 32 },
];

/** The rows as ClickHouse writes them: UInt32 place, String task, String key, Int64 digest. */
function rowBinary(rows: readonly ShownRow[]): Uint8Array {
  const bytes: number[] = [];
  const text = (value: string) => {
    const utf8 = new TextEncoder().encode(value);
    let length = utf8.length;
    for (; length > 127; length >>= 7) bytes.push(128 | (length & 127));
    bytes.push(length, ...utf8);
  };
  const number = (value: bigint, size: number) => {
    for (let shift = 0; shift < size; shift++) bytes.push(Number(BigInt.asUintN(8, value >> BigInt(8 * shift))));
  };
  for (const row of rows) {
    const place = TASKS.indexOf(row.task) + 1;
    number(BigInt(place), 4);
    text(place > 0 ? "" : row.task);
    text(row.key);
    number(BigInt(row.digest), 8);
  }
  return new Uint8Array(bytes);
}

function connectionThatSends(chunks: readonly Uint8Array[]): Connection {
  const bytes = async function* () {
    for (const chunk of chunks) yield await Promise.resolve(chunk);
  };
  return { bytes } as unknown as Connection;
}

async function read(chunks: readonly Uint8Array[]): Promise<ShownRow[]> {
  const question = { database: "db", table: PLAIN, tasks: TASKS, which: "shown" } as const;
  const rows: ShownRow[] = [];
  for await (const chunk of shownRows(connectionThatSends(chunks), question)) rows.push(...chunk);
  return rows;
}

Deno.test("shownRows() reads the same rows wherever the answer is cut", async () => {
  const bytes = rowBinary(ROWS);
  for (let cut = 0; cut <= bytes.length; cut++) {
    assertEquals(await read([bytes.subarray(0, cut), bytes.subarray(cut)]), ROWS, `cut at ${cut}`);
  }
  assertEquals(await read([...bytes].map((byte) => new Uint8Array([byte]))), ROWS);
});

Deno.test("shownRows() refuses an answer that ends within a row", async () => {
  const bytes = rowBinary(ROWS);
  const error = await assertRejects(() => read([bytes.subarray(0, bytes.length - 1)]), ProductionError);
  assertEquals(error.retriable, true);
});

Deno.test("shownRows() refuses an exception's text that comes as if it were rows, alone or after rows", async () => {
  const text = new TextEncoder().encode("Code: 241. DB::Exception: Memory limit exceeded");
  for (const before of [[], ROWS]) {
    const bytes = new Uint8Array([...rowBinary(before), ...text]);
    for (const cut of [0, bytes.length - text.length, bytes.length - 40]) {
      const error = await assertRejects(() => read([bytes.subarray(0, cut), bytes.subarray(cut)]), ProductionError);
      assertStringIncludes(error.message, "what is no row: Code: 2");
      assertEquals(error.retriable, true);
    }
  }
});

Deno.test("orphans() leaves out rows that say of no task, since somebody added them", async () => {
  const database = "added";
  const warehouse = openClickHouse({ url: server().url, database });
  const connection = connect({ url: server().url, database });
  try {
    await warehouse.ensure(PLAIN);
    await warehouse.insert({ table: PLAIN, upserts: [sale(1)], deletes: [] });
    await connection.command("add", `INSERT INTO ${database}.sales_rows (id) VALUES (7)`);
    assertEquals(await warehouse.query("SELECT id FROM sales ORDER BY id"), [{ id: "1" }, { id: "7" }]);
    assertEquals(await collect(warehouse.orphans(PLAIN, ["sales@0"])), []);
    const found = await collect(warehouse.orphans(PLAIN, ["sales@1"]));
    assertEquals(found.map(({ task, key }) => [task, key]), [["sales@0", "1"]]);
  } finally {
    await connection.close();
    await warehouse.close();
  }
});
