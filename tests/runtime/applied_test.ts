import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, events, topology } from "../../src/mod.ts";
import { whenApplied } from "../../src/runtime/applied.ts";
import type { Warehouse } from "../../src/ports/warehouse.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { openStepLog, StepRun } from "./step_run.ts";

const TOPIC = "shop.clicks";
const PARTITIONS = 2;
const clicks = events(TOPIC, { row: z.object({ user: z.int() }) });
const perUser = clickhouse("per_user", { key: ["user"], columns: { user: "Int64", n: "UInt64" } });
const perCount = clickhouse("per_count", { key: ["n"], columns: { n: "UInt64", users: "UInt64" } });

/** A total, its changes as events, and a total of these: five messages behind each other. */
const totals = topology("totals", (builder) => {
  const users = builder.stream(clicks).groupBy(({ user }) => ({ user })).aggregate("users", { n: count() });
  users.to(perUser);
  builder.toStream(users).filter((row) => row !== null).groupBy((row) => ({ n: row!.n }))
    .aggregate("counts", { users: count() }).to(perCount);
});

async function opened(warehouse: Warehouse) {
  const { clock, log } = await openStepLog({ [TOPIC]: PARTITIONS });
  const run = new StepRun(totals, { clock, ports: { log, warehouse } }).start();
  await run.settled();
  let clicked = 0;
  const click = async (times: number) => {
    const records = Array.from({ length: times }, () => ({ key: "7", value: '{"user":7}' }));
    await log.append([{ topic: TOPIC, partition: clicked++ % PARTITIONS, records }]);
  };
  /** Lets time pass until it is known. */
  const applied = async (afterMs = 60_000) => {
    let answer: boolean | null = null;
    const options = { ready: () => run.runner.ready, deadlineMs: clock.nowMs() + afterMs };
    whenApplied(run.runner.instance!, options).then((found) => answer = found);
    while (answer === null) await clock.pass(10);
    return answer as boolean;
  };
  const end = async () => {
    await run.stop();
    await log.close();
  };
  return { run, click, applied, end };
}

Deno.test("whenApplied() waits for stages behind each other, and for the tables of their results", async () => {
  const warehouse = createMemoryWarehouse();
  const { click, applied, end } = await opened(warehouse);
  for (let round = 1; round <= 5; round++) {
    await click(3);
    assert(await applied());
    const { n } = warehouse.select("per_user")[0];
    assertEquals(Number(n), 3 * round);
    assertEquals(warehouse.select("per_count").length, 3 * round);
  }
  await end();
});

Deno.test("whenApplied() says nothing while ClickHouse has not acknowledged what a stage has made", async () => {
  const memory = createMemoryWarehouse();
  let shut = false;
  const release = Promise.withResolvers<void>();
  const warehouse: Warehouse = {
    ...memory,
    insert: (batch) => shut ? release.promise.then(() => memory.insert(batch)) : memory.insert(batch),
  };
  const { click, applied, end } = await opened(warehouse);
  await click(1);
  assert(await applied());
  shut = true;
  await click(1);
  assertEquals(await applied(), false);
  shut = false;
  release.resolve();
  assert(await applied());
  await end();
});
