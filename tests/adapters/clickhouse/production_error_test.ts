import { assert, assertEquals, assertRejects } from "@std/assert";
import { ClickHouseError } from "@clickhouse/client";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import { productionError } from "../../../src/adapters/clickhouse/production_error.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { PLAIN, sale } from "../../ports/warehouse_fixtures.ts";

function answered(code: number): ClickHouseError {
  return new ClickHouseError({ message: "why", code: String(code), type: "NAME" });
}

/** About the server, its disk, the table, the user: all rows alike would get these answers. */
const ALL_ROWS = [
  ...[3, 16, 33, 36, 40, 47, 49, 53, 60, 62, 74, 75, 76, 81, 158, 159, 160, 164, 192, 193, 194, 201, 202, 203, 209],
  ...[210, 218, 236, 241, 242, 243, 252, 285, 291, 307, 319, 425, 497, 499, 516, 722, 999, 1_000, 1_001, 1_002, 2_999],
];

Deno.test("productionError() refuses for good only what speaks of a row's content", async (t) => {
  const cases: [unknown, boolean][] = [
    ...ALL_ROWS.map((code) => [answered(code), true] as [unknown, boolean]),
    ...[6, 26, 27, 38, 41, 69, 72, 117, 131, 321, 349, 376, 407, 441, 467, 469, 675, 676, 691].map((code) =>
      [answered(code), false] as [unknown, boolean]
    ),
    [Object.assign(new Error("connect refused"), { code: "ECONNREFUSED" }), true],
    [new Error("Timeout error."), true],
    [new Error("502 Bad Gateway"), true],
    [Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" }), false],
    ["thrown text", true],
  ];
  for (const [error, retriable] of cases) {
    await t.step(String(error), () => {
      const mapped = productionError('insert into "a.b"', error);
      assertEquals(mapped.retriable, retriable);
      if (error instanceof ClickHouseError) assertEquals(mapped.reason === "content", !retriable);
      assert(mapped.message.startsWith('Cannot insert into "a.b": '));
    });
  }
});

Deno.test("productionError() tells an insert that came too late from what others throw", () => {
  const thrown = (message: string) => {
    const type = "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO";
    const { retriable, reason } = productionError("append", new ClickHouseError({ message, code: "395", type }));
    return [retriable, reason];
  };
  assertEquals(thrown("The deadline of this insert is over: while executing"), [false, "late"]);
  assertEquals(thrown("stock is negative"), [true, undefined]);
});

Deno.test("productionError() puts one full stop between ClickHouse's message and what to do", () => {
  const { message } = productionError("x", new ClickHouseError({ message: "Wrong.", code: "516", type: "NAME" }));
  assert(message.includes("NAME: Wrong. Check user"), message);
});

Deno.test("productionError() tells what to do about a value that the column does not take", () => {
  const message = "Too large value for FixedString(4): (while reading the value of key code).";
  const refused = new ClickHouseError({ message, code: "131", type: "TOO_LARGE_STRING_SIZE" });
  assertEquals(
    productionError('insert into "a.b"', refused).message,
    'Cannot insert into "a.b": ClickHouse answered 131 TOO_LARGE_STRING_SIZE: Too large value for FixedString(4): ' +
      "(while reading the value of key code). Declare a column that takes the value, " +
      "or map the value to one that it takes",
  );
});

Deno.test("productionError() keeps messages short and ProductionErrors as they are", () => {
  assert(productionError("x", new Error("long ".repeat(10_000))).message.length < 2_100);
  const error = new ProductionError("mine", { retriable: true });
  assertEquals(productionError("x", error), error);
});

Deno.test("openClickHouse() fails retriably while nobody listens, without a word of the password", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const warehouse = openClickHouse({ url: `http://me:hunter2@127.0.0.1:${port}`, database: "db" });
  const attempts = [
    () => warehouse.ping(),
    () => warehouse.ensure(PLAIN),
    () => warehouse.insert({ table: PLAIN, upserts: [sale(1)], deletes: [] }),
    () => warehouse.query("SELECT 1"),
    () => warehouse.greatestEpochs(PLAIN, ["a"]),
    () => Array.fromAsync(warehouse.shown(PLAIN, ["a"])),
  ];
  for (const attempt of attempts) {
    const error = await assertRejects(attempt, ProductionError);
    assertEquals(error.retriable, true);
    assert(!`${error.message} ${error.stack} ${String(error.cause)}`.includes("hunter2"));
  }
  await warehouse.close();
});

Deno.test("insert() does not believe an acknowledgement of fewer rows, or of no number at all", async () => {
  let headers: Record<string, string> = { "x-clickhouse-summary": '{"written_rows":"1"}' };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("", { headers }),
  );
  const warehouse = openClickHouse({ url: `http://127.0.0.1:${server.addr.port}`, database: "db" });
  const insert = (rows: number) =>
    warehouse.insert({ table: PLAIN, upserts: Array.from({ length: rows }, (_, id) => sale(id)), deletes: [] });
  await insert(1);
  assertEquals((await assertRejects(() => insert(2), ProductionError)).retriable, true);
  headers = {};
  // A proxy swallows it, for all rows alike: none may be set aside for it.
  const error = await assertRejects(() => insert(1), ProductionError);
  assertEquals([error.retriable, error.reason], [true, "setup"]);
  await warehouse.close();
  await server.shutdown();
});
