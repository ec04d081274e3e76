import { assert, assertEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, debezium, int8, topic, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";
import cartTopology from "../../../topologies/cart_abandonment.ts";
import fraudTopology from "../../../topologies/fraud_signals.ts";
import { orders } from "../../../topologies/online_store/sources.ts";
import { cartAbandonment, fraudSignals } from "../../../topologies/online_store/tables.ts";
import { click, passTo } from "../../topologies/shop_events.ts";
import { at, order } from "../../topologies/store.ts";

Deno.test("explain() tells of a windowed total what is kept, and the events that made it", async () => {
  await using driver = createTopologyTestDriver(cartTopology);
  driver.insert(orders, order({ id: 50 }));
  const add = { type: "add_to_cart", at: "10:00:00", product_id: 7, quantity: 2, unit_price: "12.30" } as const;
  click(driver, { ...add, user_id: 2 });
  click(driver, { ...add, user_id: 4 });
  click(driver, { type: "order", user_id: 4, at: "10:05:00", order_id: 50, order_total: "24.60" });
  passTo(driver, "11:50:00");
  await driver.settle();
  const asked = (user_id: number) => driver.explain(cartAbandonment, { user_id, window_start: at("10:00:00") });
  const left = await asked(2);
  assertEquals([left.outcome, left.key.window_start, left.shown!.row], [
    ...["shown", "2026-01-01 10:00:00"],
    driver.select(cartAbandonment)[0],
  ]);
  const { topic, offset, row } = left.source!;
  assertEquals(topic, "weir.cart_abandonment.cart-sessions.changelog");
  assert(offset !== null && row!.cart_pieces === 2 && !Object.keys(row!).some((name) => name.startsWith("~")));
  assertEquals(left.steps.map(({ operator, outcome }) => [operator, outcome]), [
    ["cart-sessions", "found"],
    ["cart-sessions.filter", "passed"],
    ["cart-sessions.order", "null key"],
    ["cart-sessions.filter", "passed"],
    ["cart-sessions.mapValues", "mapped"],
  ]);
  const [note] = left.notes;
  assert(/up to offset \d+ are in it; its window is closed$/.test(note), note);
  const { total, proof, rows } = left.contributors!;
  assertEquals([total, proof, rows.map(({ adds }) => adds.cart_pieces)], [1, "equal", [2]]);
  const bought = await asked(4);
  assertEquals([bought.outcome, bought.operator], ["filtered", "cart-sessions.filter"]);
  const session = await driver.explain("cart-sessions", '[2,"2026-01-01 10:00:00"]');
  assertEquals([session.outcome, session.key], ["present", { user_id: 2, window_start: at("10:00:00") }]);
  const nobody = await asked(9);
  assertEquals([nobody.outcome, nobody.shown], ["unknown", null]);
});

Deno.test("explain() says of a table of events which keys no record has, and how to ask for a place", async () => {
  await using driver = createTopologyTestDriver(fraudTopology);
  await driver.settle();
  const { outcome, sentence, key } = await driver.explain(fraudSignals.spec.name, "1");
  assertEquals([outcome, key], ["unknown", { key: "1" }]);
  assert(sentence.includes("topic/partition/offset"), sentence);
});

Deno.test("explain() tells of a row of a topic what its task knows", async () => {
  const users = debezium("shop.public.users", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
  const shown = topic("shop.users_shown", { row: z.object({ id: int8(), name: z.string() }) });
  await using driver = createTopologyTestDriver(topology("app", (builder) => builder.table(users).to(shown)));
  driver.insert(users, { id: 1, name: "ann" });
  await driver.settle();
  const explained = await driver.explain("shop.users_shown", 1);
  assertEquals([explained.outcome, explained.key, explained.shown], ["shown", { id: 1 }, null]);
  assertEquals(explained.notes, ['What topic "shop.users_shown" holds is not read: this is what the task knows']);
  assertEquals((await driver.explain("shop.users_shown", 2)).outcome, "unknown");
});

Deno.test("explain() tells that changes go to a stream, and lists no topic that Weir writes for itself", async () => {
  const users = debezium("shop.public.users", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
  const told = clickhouseAppend("told", { columns: { id: "Int64" }, orderBy: ["id"] });
  const app = topology("app", (builder) => {
    builder.toStream(builder.table(users).filter(({ name }) => name !== "bob")).map((_, { id }) => [null, { id }])
      .to(told);
  });
  await using driver = createTopologyTestDriver(app);
  driver.insert(users, { id: 1, name: "ann" });
  driver.insert(users, { id: 2, name: "bob" });
  await driver.settle();
  const outputs = async (id: number) =>
    (await driver.explain("users", id)).outputs.map(({ outcome, sentence }) => [outcome, sentence]);
  assertEquals(await outputs(1), [["present", "is told to the stream of its changes"]]);
  assertEquals(await outputs(2), [["filtered", 'is not shown: filter "users.filter" leaves its row out']]);
  const none = await assertRejects(() => driver.explain("nothing", 1), TypeError);
  assert(none.message.endsWith('topology "app" has told, users'), none.message);
});
