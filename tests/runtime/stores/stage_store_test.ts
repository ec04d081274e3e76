import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, count, debezium, events, int8, topology, tumbling } from "../../../src/mod.ts";
import type { Log } from "../../../src/ports/log.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { appendKeyed, openStepLog, StepRun } from "../step_run.ts";
import { read } from "./store_of.ts";

const CLICKS = "shop.clicks";
const USERS = "shop.users";
const clicks = events(CLICKS, { row: z.object({ user_id: int8() }) });
const users = debezium(USERS, { key: ["id"], row: z.object({ id: int8(), country: z.string() }) });
const minutes = clickhouseAppend("minutes", {
  columns: { user_id: "Int64", clicks: "UInt64", country: "String" },
  orderBy: ["user_id"],
});

const declared = topology("clicked", (builder) => {
  const told = builder.stream(clicks).groupBy(({ user_id }) => ({ user_id })).windowedBy(tumbling({ minutes: 1 }))
    .emit("close").aggregate("minutes", { clicks: count() });
  builder.toStream(told).flatMapValues((row) => row === null ? [] : [row])
    .leftJoin("user", builder.globalTable(users), ({ user_id }) => user_id)
    .mapValues(({ user_id, clicks, user }) => ({ user_id, clicks, country: user?.country ?? "" })).to(minutes);
});

/** A log that does not answer about topics of this name while it is silent. */
function silent(log: Log, topic: (name: string) => boolean): { readonly log: Log; until(): void } {
  let over = false;
  return {
    log: {
      ...log,
      offsets: (name) =>
        !over && topic(name)
          ? Promise.reject(new ProductionError("simulated silence", { retriable: true }))
          : log.offsets(name),
    },
    until: () => over = true,
  };
}

Deno.test("a stage that is read back says that it is restored; then its windows have position and lag", async () => {
  const { clock, log } = await openStepLog({ [USERS]: 1 });
  await log.createTopic({ name: CLICKS, partitions: 1, cleanup: "delete", retentionMs: -1 });
  await appendKeyed(log, [{ key: '{"id":1}', value: '{"op":"r","after":{"id":1,"country":"CH"}}' }], {
    topic: USERS,
    partitions: 1,
  });
  await log.append([{
    topic: CLICKS,
    partition: 0,
    records: [1_000, 2_000, 61_000].map((timestampMs) => ({ key: null, value: '{"user_id":1}', timestampMs })),
  }]);
  const held = silent(log, (name) => name.endsWith(".changelog"));
  const run = new StepRun(declared, { clock, ports: { log: held.log } }).start();
  const store = (name: string) => run.runner.stores().find((one) => one.name === name);
  for (let turn = 0; turn < 100 && (store("minutes")?.parts().length ?? 0) === 0; turn++) await clock.pass(250);
  const restoring = read(store("minutes")!, { key: "1" });
  assertEquals(restoring.parts, [{ partition: 0, state: "restoring", position: [], lag: null }]);
  assertEquals([restoring.rows, restoring.columns], [[], null]);

  held.until();
  await run.settled();
  const { rows, kind, parts: [{ state, position: [{ topic, offset }], lag }] } = read(store("minutes")!, { key: "1" });
  assertEquals(rows.map(({ key, value }) => [key, (value as { clicks: number }).clicks]), [
    [{ user_id: 1, window_start: 60e6 }, 1],
  ]);
  const [end] = (await log.offsets(topic)).end;
  assertEquals([kind, state, topic, offset, lag], [
    "windows",
    "running",
    "weir.clicked.minutes.repartition",
    end,
    0,
  ]);

  const whole = read(store("users")!, { key: "1" });
  assertEquals(whole.rows.map(({ partition, value }) => [partition, value]), [[null, { id: 1, country: "CH" }]]);
  assertEquals(whole.parts, [{
    partition: null,
    state: "running",
    position: [{ topic: USERS, partition: 0, offset: 1 }],
    lag: 0,
  }]);
  assertEquals(run.runner.stores().map(({ name }) => name), ["users", "minutes"]);
  await run.stop();
  await log.close();
});
