import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, debezium, events, int8, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const left = events("shop.left", { row: z.object({ id: int8(), user_id: int8() }) });
const right = events("shop.right", { row: z.object({ id: int8() }) });
const users = debezium("shop.users", { key: ["id"], row: z.object({ id: int8(), country: z.string() }) });
const pairs = clickhouseAppend("pairs", { columns: { id: "Int64", country: "String" }, orderBy: ["id"] });

Deno.test("what two streams make is joined with a global table that is mapped, and nobody else uses", async () => {
  const joined = topology("joined", (builder) => {
    builder.stream(left)
      .join("right", builder.stream(right), {
        on: [({ id }) => ({ id }), ({ id }) => ({ id })],
        within: { minutes: 1 },
      })
      .join(
        "user",
        builder.globalTable(users).filter(({ country }) => country !== "FR").mapValues((user) => ({
          ...user,
          country: user.country.toLowerCase(),
        })),
        ({ user_id }) => user_id,
      )
      .mapValues(({ id, user }) => ({ id, country: user.country }))
      .to(pairs);
  });
  await using driver = createTopologyTestDriver(joined);
  driver.insert(users, { id: 1, country: "DE" });
  driver.insert(users, { id: 2, country: "FR" });
  for (const id of [1, 2]) {
    driver.send(left, { key: String(id), value: { id, user_id: id } });
    driver.send(right, { key: String(id), value: { id } });
  }
  await driver.settle();
  assertEquals([driver.appended(pairs), driver.deadLetters()], [[{ id: 1, country: "de" }], []]);
});

Deno.test("a dead letter of a stage is open behind a restart, also where the topology has tables", async () => {
  const mirror = clickhouse("users", { key: ["id"], columns: { id: "Int64" } });
  const picky = topology("picky", (builder) => {
    builder.table(users).to(mirror);
    builder.stream(right).process("picky", {
      on: ({ id }) => ({ id }),
      process({ id }) {
        if (id === 13) throw new RangeError("13 is not wanted");
        return [{ id, country: "none" }];
      },
    }).to(pairs);
  });
  await using driver = createTopologyTestDriver(picky);
  driver.insert(users, { id: 1, country: "DE" });
  for (const id of [12, 13]) driver.send(right, { key: String(id), value: { id } });
  await driver.settle();
  const letters = () =>
    driver.deadLetters().map(({ task, resolvedMs }) => [task?.startsWith("stage.picky-"), resolvedMs]);
  assertEquals(letters(), [[true, null]]);
  await driver.restart();
  await driver.advanceWallClockTime({ minutes: 5 });
  await driver.settle();
  assertEquals(letters(), [[true, null]]);
});
