import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../../src/record/errors.ts";
import { prepareTopics } from "../../../src/runtime/lifecycle/topics.ts";
import { defaultRunOptions } from "../../../src/runtime/options.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import cartAbandonment from "../../../topologies/cart_abandonment.ts";
import { openStepLog } from "../step_run.ts";

Deno.test("prepareTopics() says of missing topics who makes them", async () => {
  const { log } = await openStepLog({});
  const told: (string | null)[] = [];
  const make = (name: string) => log.createTopic({ name, partitions: 1, cleanup: "compact", retentionMs: -1 });
  const wait = () => {
    let stopped = false;
    return assertRejects(() =>
      prepareTopics({
        warehouse: createMemoryWarehouse(),
        onTakenOver() {},
        topology: cartAbandonment,
        log: { ...log, missingTopicAdvice: undefined },
        clock: { ...createManualClock(), sleep: () => Promise.resolve() },
        options: defaultRunOptions,
        onWaiting(problem) {
          if (problem !== null) told.push(problem);
          stopped = true;
        },
        stopped: () => stopped,
      }), ConfigError);
  };
  await wait();
  await make("online_store.public.orders");
  await wait();
  const debezium = "Debezium creates a topic with its first record; check table.include.list";
  const others = "Topics of events are made by whoever writes them, or by hand";
  assertEquals(told, [
    `Waiting for topic(s) online_store.public.orders, online_store.clickstream: not there yet. ${debezium}. ${others}`,
    `Waiting for topic(s) online_store.clickstream: not there yet. ${others}`,
  ]);
  await log.close();
});
