import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, topology } from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import type { SetAsideGroup } from "../../../src/ports/warehouse.ts";
import type { Instance } from "../../../src/runtime/lifecycle/instance.ts";
import { SetAside } from "../../../src/runtime/lifecycle/set_aside.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";

const votes = debezium("t.public.votes", { key: ["id"], row: z.object({ id: z.int(), team: z.string() }) });
const totals = clickhouse("totals", { key: ["team"], columns: { team: "String", rows: "UInt8" } });
const plan = compile(topology("votes", (builder) => {
  builder.table(votes).groupBy((row) => ({ team: row.team })).aggregate("by-team", { rows: count() }).to(totals);
}));

/** An instance that has the first task, and what it tells. */
function instanceOf(answer: { groups: SetAsideGroup[]; tookMs: number }) {
  const clock = createManualClock();
  const told: string[] = [];
  let asked = 0;
  const refusals = {
    other: (error: Error) => told.push(/for key "(\w+)"/.exec(error.message)![1]),
    otherMended: (operator: string, subject: string) => told.push(`${operator} ${subject} fits`),
  };
  const hosts = new Map([["votes-0", { partition: 0, state: "running", table: plan.tables[0], task: { refusals } }]]);
  const instance = {
    topology: { name: "votes" },
    hosts,
    ports: {
      clock,
      metrics: { gauge: (name: string, _: unknown, value: number) => told.push(`${name} ${value}`) },
      warehouse: {
        setAside: () => {
          asked++;
          clock.advance(answer.tookMs);
          return Promise.resolve({ count: answer.groups.length, groups: answer.groups });
        },
      },
    },
  } as unknown as Instance;
  return { instance, hosts, clock, told: () => told.splice(0), asked: () => asked };
}

const group = (key: string, total = "300"): SetAsideGroup => ({ key: `"${key}"`, column: "rows", total });

Deno.test("SetAside tells each group once until it fits again, and how many there are", async () => {
  const answer = { groups: [group("a"), { key: '"b"', column: null, total: null }], tookMs: 0 };
  const { instance, hosts, told } = instanceOf(answer);
  const setAside = new SetAside(instance);
  await setAside.check();
  // The task that could not write the share of "b" has said so itself.
  assertEquals(told(), ["a", "weir_groups_set_aside 2"]);
  await setAside.check();
  assertEquals(told(), ["weir_groups_set_aside 2"]);
  answer.groups = [];
  await setAside.check();
  answer.groups = [group("a")];
  await setAside.check();
  assertEquals(told(), [
    'sink totals "a" in total fits',
    'sink totals "b" in total fits',
    "weir_groups_set_aside 0",
    "a",
    "weir_groups_set_aside 1",
  ]);
  answer.groups = [group("a", "301")];
  await setAside.check();
  assertEquals(told(), ["a", "weir_groups_set_aside 1"]);
  // The task moves to another instance.
  hosts.clear();
  await setAside.check();
  assertEquals(told(), ["weir_groups_set_aside 0"]);
});

Deno.test("SetAside asks at once, then once a minute, and for at most a twentieth of the time", async () => {
  const answer = { groups: [], tookMs: 0 };
  const { instance, clock, asked } = instanceOf(answer);
  const setAside = new SetAside(instance);
  const tick = async (ms: number) => {
    clock.advance(ms);
    setAside.tick(clock.nowMs());
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    return asked();
  };
  assertEquals([await tick(0), await tick(1_000), await tick(58_000)], [1, 1, 1]);
  answer.tookMs = 10_000;
  assertEquals([await tick(1_000), await tick(60_000), await tick(139_000), await tick(1_000)], [2, 2, 2, 3]);
});
