import { assert, assertEquals } from "@std/assert";
import { encodeWire } from "../../../src/record/wire.ts";
import { permitted } from "../support.ts";
import { type Instance, withShops } from "./explain_instances.ts";
import type { ShownShare } from "../../../src/runtime/explain/explanation.ts";

const options = { ignore: !permitted };

Deno.test(
  "GET /api/explain tells what can be asked about, and why a key is as it is",
  options,
  () =>
    withShops({ count: 1 }, async ([instance]) => {
      const { json: { topologies: [{ name, tables }] } } = await instance.get("");
      assertEquals(name, "shop");
      assertEquals(tables.find((table: { name: string }) => table.name === "sold"), {
        name: "sold",
        kind: "rows",
        key: ["item_id"],
      });
      for (
        const key of [
          "/20",
          "?item_id=20",
          `/${encodeURIComponent("[20]")}`,
          `/${encodeURIComponent('{"item_id":20}')}`,
        ]
      ) {
        const { status, json } = await instance.get(`/shop/sold${key}`);
        assertEquals(
          [status, json.outcome, json.key, json.shown.digestsEqual],
          [200, "shown", { item_id: 20 }, true],
          key,
        );
        assertEquals(json.source.row, { id: 20, order_id: 2, price: "1.50" });
      }
      const text = await instance.get(`/shop/by_status/${encodeURIComponent("new 3")}`);
      assertEquals([text.json.outcome, text.json.shown.row.order_id], ["shown", 3]);
    }),
);

Deno.test(
  "GET /api/explain refuses what there is not, as JSON that says what there is",
  options,
  () =>
    withShops({ count: 1 }, async ([instance]) => {
      for (
        const [path, status, said] of [
          ["/shopp/sold/1", 404, 'no topology "shopp"'],
          ["/shop/sould/1", 404, 'Did you mean "sold"?'],
          ["/shop/sold", 400, "without a key"],
          ["/shop/sold/one", 400, "which is Int64"],
          ["/shop/sold/20?limit=0", 400, "from 1 to 10000"],
          ["/shop/sold?name=1", 400, "its columns are item_id"],
          ["/shop?part=%7B%7D", 400, "another version"],
          [`/shop?part=${partOf(99)}`, 409, "instances run different topologies"],
        ] as const
      ) {
        const { status: is, json } = await instance.get(path);
        assertEquals([is, json.error.includes(said)], [status, true], `${path}: ${json.error}`);
      }
      instance.run = await stopped(instance);
      assertEquals((await instance.get("/shop/sold/20")).status, 503);
    }),
);

/** A question of another instance about a table by its number. */
function partOf(table: number): string {
  return encodeURIComponent(encodeWire({ kind: "row", table, global: false, key: "1" }));
}

Deno.test(
  "GET /api/explain looks again at what ClickHouse shows beside the state, and at nothing else",
  options,
  () =>
    withShops({ count: 1 }, async ([instance], { log, warehouse }) => {
      const looks = { kept: 0, readers: 0 };
      const [kept, reader] = [warehouse.kept.bind(warehouse), log.reader.bind(log)];
      let under = Infinity;
      warehouse.kept = async (...asked) => {
        const found = await kept(...asked);
        return looks.kept++ < under ? { ...found, rows: found.rows.map((row) => ({ ...row, digest: 1 })) } : found;
      };
      log.reader = () => (looks.readers++, reader());
      const { json: other } = await instance.get("/shop/sold/20");
      assertEquals([other.outcome, other.shown.digestsEqual, other.source.offset !== null], ["shown", false, true]);
      assertEquals(looks, { kept: 3, readers: 1 });
      Object.assign(looks, { kept: 0, readers: 0 });
      under = 1;
      const { json: same } = await instance.get("/shop/sold/20");
      assertEquals([same.shown.digestsEqual, same.notes, looks], [true, [], { kept: 2, readers: 1 }]);
      looks.kept = 0;
      const { json: total } = await instance.get("/shop/revenue/5");
      assertEquals([total.shown.digestsEqual, looks.kept], [true, 2], "of a total, too");
    }),
);

async function stopped(instance: Instance): Promise<null> {
  await instance.run?.stop();
  return null;
}

Deno.test("GET /api/explain answers who knows the password; without one, this machine alone", options, async () => {
  await withShops({ count: 1 }, async ([instance]) => {
    assertEquals((await instance.get("/shop/sold/20", {})).status, 401);
    assertEquals((await instance.get("/shop/sold/20", { authorization: "Bearer other" })).status, 401);
  });
  await withShops({ count: 1, password: null }, async ([instance]) => {
    assertEquals((await instance.get("/shop/sold/20", {})).status, 200);
    assertEquals((await instance.get("/shop/sold/20", { origin: "http://elsewhere" })).status, 403, "of a page");
  });
});

Deno.test(
  "GET /api/explain asks the instance that has the task, for rows, partners and totals",
  options,
  () =>
    withShops({ count: 2 }, async ([first, second]) => {
      for (const instance of [first, second]) {
        for (const id of [10, 20, 21, 30, 40, 50]) {
          const { json } = await instance.get(`/shop/sold/${id}`);
          assertEquals([json.outcome, json.shown.digestsEqual, json.unanswered], ["shown", true, []], json.sentence);
        }
        const { json: cancelled } = await instance.get("/shop/sold/60");
        assert(cancelled.sentence.includes('orders 6 is not there: filter "orders.filter"'), cancelled.sentence);
        const { json: total } = await instance.get("/shop/revenue/5?limit=2");
        assertEquals([total.outcome, total.shown.row.items, total.contributors.total], ["shown", 5, 5]);
        const after = encodeURIComponent(total.contributors.next);
        const { json: rest } = await instance.get(`/shop/revenue/5?after=${after}`);
        const ids = [...total.contributors.rows, ...rest.contributors.rows].map(({ key }) => key.id);
        assertEquals(ids, [50, 51, 52, 53, 54]);
        assertEquals((await instance.get("/shop/sold/99")).json.outcome, "unknown");
      }
      await second.server.close();
      const answers = await Promise.all([10, 20, 21, 30, 40, 50].map((id) => first.get(`/shop/sold/${id}`)));
      const outcomes = answers.map(({ json }) => json.outcome);
      assertEquals([...new Set(outcomes)].sort(), ["shown", "undecided"]);
      const silent = answers.find(({ json }) => json.outcome === "undecided")!.json;
      assertEquals(silent.unanswered.map(({ instance }: { instance: string }) => instance), [second.address]);
      assertEquals([silent.shown.row.item_id, silent.shown.digestsEqual, silent.notes], [silent.key.item_id, null, []]);
      const { json: total } = await first.get("/shop/revenue/5");
      const told = total.shares.map(({ rows, digestsEqual }: ShownShare) => [rows === null, digestsEqual]);
      assertEquals(told.toSorted(), [[false, true], [true, null]]);
      assertEquals([total.shown.digestsEqual, total.notes.filter((note: string) => /another one/.test(note))], [
        null,
        [],
      ]);
    }),
);
