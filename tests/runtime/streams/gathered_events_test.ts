import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  clickhouseAppend,
  count,
  debezium,
  events,
  int8,
  topology,
  type TopologyBuilder,
  tumbling,
} from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const left = events("pairs.left", { row: z.object({ id: int8() }) });
const right = events("pairs.right", { row: z.object({ id: int8() }) });
const people = debezium("pairs.public.people", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const pairs = clickhouseAppend("pairs", { columns: { id: "Int64", met: "UInt8" }, orderBy: ["id"] });
const minutes = clickhouseAppend("minutes", { columns: { minute: "Int64", n: "UInt64" }, orderBy: ["minute"] });
const named = clickhouseAppend("named", { columns: { id: "Int64", name: "Nullable(String)" }, orderBy: ["id"] });

type Id = number | bigint;

const MANY = 100;
const all = <T>(make: (at: number) => T) => Array.from({ length: MANY }, (_, at) => make(at));

/** An event of a minute, `ms` milliseconds behind its begin. */
const event = (at: number, ms = 0) => ({ key: null, value: { id: at }, timestampMs: at * 60_000 + ms });

const on = [({ id }: { readonly id: Id }) => ({ id }), ({ id }: { readonly id: Id }) => ({ id })] as const;
const joined = topology("joined", (builder: TopologyBuilder) => {
  builder.stream(left).leftJoin("other", builder.stream(right), { on, within: { seconds: 10 } })
    .mapValues(({ id, other }) => ({ id, met: other === null ? 0 : 1 }))
    .to(pairs);
});

for (const partitions of [1, 3]) {
  const name = (what: string) => `${what}, ${partitions} partition(s)`;

  Deno.test(name("streams that have gathered find their partners without grace, whichever is read first"), async () => {
    for (const sides of [[left, right], [right, left]]) {
      await using driver = createTopologyTestDriver(joined, { partitions });
      for (const side of sides) {
        for (let at = 0; at < MANY; at++) {
          driver.send(side, { ...event(at, side === left ? 0 : 5_000), partition: at % partitions });
        }
      }
      await driver.settle();
      const close = { ...event(MANY + 1), value: { id: -1 } };
      for (let partition = 0; partition < partitions; partition++) driver.send(left, { ...close, partition });
      await driver.settle();
      assertEquals(
        driver.appended(pairs).filter(({ id }) => Number(id) >= 0).map(({ id, met }) => `${id} ${met}`).sort(),
        all((at) => `${at} 1`).sort(),
      );
    }
  });

  Deno.test(name("and so they do after a long stop"), async () => {
    await using driver = createTopologyTestDriver(joined, { partitions });
    for (const side of [left, right]) driver.send(side, event(0));
    await driver.settle();
    for (const side of [right, left]) {
      for (let at = 1; at < MANY; at++) driver.send(side, { ...event(at), partition: at % partitions });
    }
    await driver.restart({ after: { hours: 2 } });
    assertEquals(driver.appended(pairs).map(({ id, met }) => `${id} ${met}`).sort(), all((at) => `${at} 1`).sort());
  });
}

Deno.test("windows count what has gathered in several partitions without grace", async () => {
  const counted = topology("counted", (builder) => {
    const closed = builder.stream(left).groupBy(() => ({ all: 1 })).windowedBy(tumbling({ minutes: 1 })).emit("close")
      .aggregate("by_minute", { n: count() });
    builder.toStream(closed).mapValues((row) => ({ minute: row!.window_start / 60_000_000, n: row!.n })).to(minutes);
  });
  await using driver = createTopologyTestDriver(counted, { partitions: 3 });
  for (let partition = 0; partition < 3; partition++) {
    for (let at = 0; at < MANY; at++) driver.send(left, { ...event(at, partition * 10_000), partition });
  }
  await driver.settle();
  await driver.restart();
  assertEquals(driver.appended(minutes).map(({ minute, n }) => `${minute} ${n}`), all((at) => `${at} 3`).slice(0, -1));
});

Deno.test("a table without history is read before the events that have gathered with it", async () => {
  const known = topology("known", (builder) => {
    builder.stream(left).leftJoin("person", builder.table(people), ({ id }) => id)
      .mapValues(({ id, person }) => ({ id, name: person?.name ?? null }))
      .to(named);
  });
  await using driver = createTopologyTestDriver(known, { partitions: 3 });
  for (let at = 0; at < MANY; at++) driver.send(left, { ...event(at), partition: at % 3 });
  for (let at = 0; at < MANY; at++) driver.insert(people, { id: at, name: `p${at}` });
  await driver.settle();
  assertEquals(
    driver.appended(named).map(({ id, name }) => `${id} ${name}`).sort(),
    all((at) => `${at} p${at}`).sort(),
  );
});
