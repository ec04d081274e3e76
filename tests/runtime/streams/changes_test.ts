import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, count, debezium, events, int8, sum, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const orders = debezium("shop.public.orders", {
  key: ["id"],
  row: z.object({ id: int8(), status: z.string(), total: int8() }),
});
const log = clickhouseAppend("order_changes", {
  columns: { id: "Nullable(Int64)", op: "String", was: "String", is: "String", at: "Int64" },
  orderBy: ["op"],
});
const moves = clickhouse("moves", {
  key: ["status"],
  columns: { status: "String", changes: "UInt64", total: "Int64" },
});
const totals = clickhouse("totals", { key: ["id"], columns: { id: "Int64", total: "Int64" } });

Deno.test("a Debezium topic is a stream of its changes, beside its table, in one topology", async () => {
  const app = topology("changes", (builder) => {
    const changes = builder.stream(orders, { replicaIdentity: "full" });
    changes.mapValues(({ op, before, after }, key, { timestampUs }) => ({
      id: key === null ? null : key.id,
      op,
      was: before?.status ?? "",
      is: after?.status ?? "",
      at: timestampUs,
    })).to(log);
    changes.filter(({ op }) => op === "u" || op === "c")
      .groupBy(({ after }) => after === null ? null : { status: after.status })
      .aggregate("moves", { changes: count(), total: sum(({ after }) => after?.total ?? 0) })
      .to(moves);
    builder.table(orders).mapValues(({ id, total }) => ({ id, total })).to(totals);
  });
  await using driver = createTopologyTestDriver(app, {
    partitions: 1,
    cleanup: "delete",
    options: { allowRetention: true },
  });
  const { nowMs } = driver;
  driver.insert(orders, { id: 1, status: "new", total: 5 });
  driver.update(orders, { id: 1, status: "paid" });
  driver.delete(orders, 1);
  driver.insert(orders, { id: 2, status: "new", total: 7 });
  driver.raw(orders, { key: null, value: '{"before":null,"after":null,"source":{"ts_ms":9},"op":"t"}', partition: 0 });
  driver.raw(orders, { key: '{"id":3}', value: '{"before":null,"after":null,"source":{"ts_ms":9},"op":"d"}' });
  await driver.settle();
  const shown = () => driver.appended(log).map(({ id, op, was, is }) => `${id} ${op} ${was}>${is}`);
  const expected = ["1 c >new", "1 u new>paid", "1 d paid>", "2 c >new", "null t >"];
  assertEquals(shown(), expected);
  assertEquals(driver.appended(log).map(({ at }) => Number(at)), [...Array(4).fill(nowMs * 1_000), 9_000]);
  assertEquals(driver.select(moves).map(({ status, changes, total }) => `${status} ${changes} ${total}`), [
    "new 2 12",
    "paid 1 5",
  ]);
  assertEquals(driver.select(totals).map(({ id, total }) => `${id} ${total}`), ["2 7"]);
  const letters = driver.deadLetters().filter(({ task }) => task?.startsWith("stream."));
  assertEquals(letters.map(({ reason }) => reason), ["missing_before"]);

  driver.update(orders, { id: 2, status: "paid" });
  await driver.restart();
  assertEquals(shown(), [...expected, "2 u new>paid"]);
  assertEquals(driver.select(moves).map(({ changes }) => Number(changes)), [2, 2]);
});

const raw = events("shop.raw", { bytes: true, key: "bytes" });
const lengths = clickhouseAppend("lengths", { columns: { key: "String", bytes: "UInt32" }, orderBy: ["key"] });

Deno.test("a topic of bytes gives them as they are", async () => {
  const app = topology("raw", (builder) => {
    builder.stream(raw).mapValues((value, key) => ({ key: key?.join("-") ?? "", bytes: value.length })).to(lengths);
  });
  await using driver = createTopologyTestDriver(app, { partitions: 1 });
  driver.send(raw, { key: new Uint8Array([255, 0]), value: new Uint8Array([0, 1, 255]) });
  driver.send(raw, { value: "é" });
  await driver.settle();
  assertEquals(driver.appended(lengths).map(({ key, bytes }) => `${key}:${bytes}`), ["255-0:3", ":2"]);
  assertEquals(driver.deadLetters(), []);
});
