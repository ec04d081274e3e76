import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, debezium, events, int8, store, topology } from "../../../src/mod.ts";
import { explanationLines } from "../../../src/cli/explain/explain_text.ts";
import { explanationJson } from "../../../src/cli/explain/explanation.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const orders = events("shop.orders", { row: z.object({ id: int8().nullable(), n: int8() }) });
const payment = z.object({ order_id: int8(), method: z.string() });
const payments = events("shop.payments", { row: payment });
const users = debezium("shop.users", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const told = clickhouseAppend("told", { columns: { n: "Int64", name: "Nullable(String)" }, orderBy: ["n"] });

const byId = ({ id }: { readonly id: number | bigint | null }) => id === null ? null : { id };
const byOrder = ({ order_id: id }: { readonly order_id: number | bigint }) => ({ id });

const paid = (kind: "join" | "leftJoin") =>
  topology("paid", (builder) => {
    const [left, right] = [builder.stream(orders), builder.stream(payments)];
    const how = { on: [byId, byOrder] as [typeof byId, typeof byOrder], within: { seconds: 10 } };
    const both = kind === "join" ? left.join("payment", right, how) : left.leftJoin("payment", right, how);
    both.mapValues(({ n, payment }) => ({ n, name: payment?.method ?? null })).to(told);
  });

const order = (id: number | null, [n, second]: readonly [number, number]) => ({
  ...{ key: null, value: { id, n }, timestampMs: second * 1_000 },
});

Deno.test("explain() names the records that an event is joined with, and until when one waits, in words", async () => {
  await using driver = createTopologyTestDriver(paid("leftJoin"), { partitions: 1 });
  driver.send(orders, order(1, [1, 100]));
  driver.send(payments, { key: "p", value: { order_id: 1, method: "cash" }, timestampMs: 95_000 });
  driver.send(orders, order(2, [2, 101]));
  await driver.settle();
  const joined = await driver.explain(told, "shop.orders/0/0");
  assertEquals(joined.outcome, "matched", joined.sentence);
  const [partner] = joined.steps.at(-1)!.partners!;
  assertEquals([partner.table, partner.topic, partner.partition, partner.offset, partner.timeUs, partner.isSure], [
    ...["payments", "shop.payments", 0, 0, 95_000_000, true],
  ]);
  assertEquals([partner.key, partner.row], [{ key: "p" }, { order_id: 1, method: "cash" }]);
  const lines = explanationLines(joined, { width: 200, colours: false });
  assert(
    lines.some((line) => line.includes("with shop.payments/0/0 of 1970-01-01T00:01:35.000000Z: order_id 1")),
    lines.join("\n"),
  );
  const waiting = await driver.explain(told, "shop.orders/0/1");
  assertEquals([waiting.outcome, waiting.operator], ["waiting", joined.operator]);
  assert(
    waiting.sentence.endsWith(
      "is told without one when stream time is beyond 1970-01-01 00:01:51 (now 1970-01-01 00:01:41)",
    ),
    waiting.sentence,
  );
});

Deno.test("explain() tells that a join has no key to look by, and by how much an event came too late", async () => {
  await using driver = createTopologyTestDriver(paid("join"), { partitions: 1 });
  driver.send(orders, order(1, [1, 100]));
  driver.send(orders, order(1, [2, 130]));
  driver.send(orders, order(1, [3, 105]));
  await driver.settle();
  const late = await driver.explain(told, "shop.orders/0/2");
  assertEquals(late.outcome, "late", late.sentence);
  assert(late.sentence.includes("it came 5 s later"), late.sentence);
  await driver.restart();
  const gone = await driver.explain(told, "shop.orders/0/2");
  assertEquals(gone.outcome, "no partner", gone.sentence);
  driver.send(payments, { key: "p", value: { order_id: 1, method: "cash" }, timestampMs: 104_000 });
  await driver.settle();
  const near = await driver.explain(told, "shop.orders/0/2");
  assertEquals(near.outcome, "not kept");
  assert(near.sentence.endsWith("1 event of the other side has its key and a time near enough"), near.sentence);
});

Deno.test("explain() tells which row a table has for an event now, and that the one of then is not kept", async () => {
  const named = topology("named", (builder) => {
    builder.stream(orders).leftJoin("user", builder.table(users), ({ id }) => id)
      .mapValues(({ n, user }) => ({ n, name: user?.name ?? null })).to(told);
  });
  await using driver = createTopologyTestDriver(named, { partitions: 1 });
  driver.insert(users, { id: 1, name: "ada" });
  await driver.settle();
  for (const [n, id] of [1, 2, null].entries()) driver.send(orders, order(id, [n, 1]));
  await driver.settle();
  const asked = async (offset: number) => {
    const { outcome, steps } = await driver.explain(told, `shop.orders/0/${offset}`);
    const { row, sentence } = steps.at(-1)!;
    return [outcome, row, /there is now (this|no) row$/.exec(sentence)?.[1]];
  };
  assertEquals(await asked(0), ["not kept", { id: 1, name: "ada" }, "this"]);
  assertEquals(await asked(1), ["not kept", null, "no"]);
  assertEquals(await asked(2), ["null key", null, undefined]);
});

Deno.test("explain() tells what a processor keeps of an event's key, and its next call", async () => {
  const quiet = topology("quiet", (builder) => {
    builder.stream(orders).process("quiet", {
      on: ({ id }) => ({ id: id ?? 0 }),
      stores: { orders: store<number>() },
      process: ({ n }, { stores, schedule, timestampUs }) => {
        if (n === 13) throw new RangeError("13 is not wanted");
        stores.orders.put("n", (stores.orders.get("n") ?? 0) + 1);
        schedule(timestampUs + 5_000_000);
        return [] as { n: number; name: null }[];
      },
      punctuate: ({ stores }) => [{ n: stores.orders.get("n") ?? 0, name: null }],
    }).to(told);
  });
  await using driver = createTopologyTestDriver(quiet, { partitions: 1 });
  driver.send(orders, order(1, [1, 100]));
  driver.send(orders, order(1, [13, 101]));
  await driver.settle();
  const taken = await driver.explain(told, "shop.orders/0/0");
  assertEquals([taken.outcome, taken.operator], ["taken", "quiet"]);
  assert(
    taken.sentence.endsWith(
      "1 entry now, and is called again when stream time is 1970-01-01 00:01:45 (now 1970-01-01 00:01:41)",
    ),
    taken.sentence,
  );
  assertEquals((await driver.explain(told, "shop.orders/0/1")).outcome, "dead letter");
  await driver.restart();
  assertEquals((await driver.explain(told, "shop.orders/0/0")).outcome, "not kept");
});

Deno.test("explain() names the partners of an event, and nothing of what is masked", async () => {
  const secret = "a secret method";
  const hidden = events("shop.payments", { row: payment, mask: ["method"] });
  const masked = topology("masked", (builder) => {
    const [left, right] = [builder.stream(orders), builder.stream(hidden)];
    left.leftJoin("payment", right, { on: [byId, byOrder], within: { seconds: 10 } })
      .mapValues(({ n, payment }) => ({ n, name: payment?.method ?? null })).to(told);
  });
  await using driver = createTopologyTestDriver(masked, { partitions: 1 });
  driver.send(orders, order(1, [1, 100]));
  driver.send(hidden, { key: "p", value: { order_id: 1, method: secret }, timestampMs: 95_000 });
  await driver.settle();
  for (const place of ["shop.orders/0/0", "shop.payments/0/0"]) {
    const explained = await driver.explain(told, place);
    assertEquals(explained.outcome, "matched", explained.sentence);
    assertEquals(explained.steps.at(-1)!.partners!.map(({ offset, row }) => [offset, row]), [[0, null]]);
    assert(!explanationJson(explained).includes(secret));
  }
});
