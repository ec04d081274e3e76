import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  clickhouseAppend,
  events,
  int8,
  type KStream,
  sessionStore,
  store,
  topology,
  windowStore,
} from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import type { Log } from "../../../src/ports/log.ts";
import { loadStage } from "../../../src/runtime/streams/stage_changelog.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";
import { read } from "../stores/store_of.ts";
import { openStepLog, StepRun } from "../step_run.ts";
import { changelogRecords } from "./changelog_records.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const columns = { user_id: "Int64", minutes: "String", visits: "String" } as const;
const seen = clickhouseAppend("seen", { columns, orderBy: ["user_id"] });
const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;

/** Counts clicks by minutes, and finds visits with gaps of 30 seconds; both are known for ten minutes. */
const SEEN = topology("seen", (builder) => {
  builder.stream(clicks).process("seen", {
    on: ({ user_id }) => ({ user_id }),
    stores: {
      minutes: windowStore<number>({ retention: { minutes: 10 } }),
      visits: sessionStore<number>({ retention: { minutes: 10 } }),
    },
    process: ({ user_id }, { stores: { minutes, visits }, timestampUs }) => {
      const minute = Math.floor(timestampUs / MINUTE_US) * MINUTE_US;
      minutes.put(minute, (minutes.fetch(minute) ?? 0) + 1);
      let [startUs, endUs, count] = [timestampUs, timestampUs, 1];
      for (const [near, n] of visits.findSessions(timestampUs - 30 * SECOND_US, timestampUs + 30 * SECOND_US)) {
        visits.remove(near);
        [startUs, endUs, count] = [Math.min(startUs, near.startUs), Math.max(endUs, near.endUs), count + n];
      }
      visits.put({ startUs, endUs }, count);
      return [{
        user_id,
        minutes: minutes.fetch(-Infinity, Infinity).map(([us, n]) => `${us / MINUTE_US}: ${n}`).join(),
        visits: visits.fetch().map(([{ startUs, endUs }, n]) => `${(endUs - startUs) / SECOND_US} s: ${n}`).join(),
      }];
    },
  }).to(seen);
});

Deno.test("stores of windows and sessions go on behind restarts, can be read, and count what is late", async () => {
  await using driver = createTopologyTestDriver(SEEN, { partitions: 1 });
  const click = (user_id: number, second: number) =>
    driver.send(clicks, { key: null, value: { user_id }, timestampMs: second * 1_000 });
  for (const second of [0, 20, 100]) click(1, second);
  await driver.settle();
  await driver.restart();
  click(1, 75);
  click(2, 599);
  await driver.settle();
  assertEquals(driver.appended(seen).map(({ minutes, visits }) => `${minutes} | ${visits}`), [
    "0: 1 | 0 s: 1",
    "0: 2 | 20 s: 2",
    "0: 2,1: 1 | 20 s: 2,0 s: 1",
    "0: 2,1: 2 | 20 s: 2,25 s: 2",
    "9: 1 | 0 s: 1",
  ]);
  const minutes = driver.store<{ user_id: number; window_start: number }, number>("seen.minutes");
  assertEquals(minutes.of({ user_id: 1 }).map(({ key, value }) => [key.window_start / MINUTE_US, value]), [
    [0, 2],
    [1, 2],
  ]);
  assertEquals(minutes.get({ user_id: 2, window_start: 9 * MINUTE_US }), 1);
  assertEquals(
    driver.store("seen.visits").all().map(({ key, value }) => [...Object.values(key).map(Number), Number(value)]),
    [[1, 0, 20e6, 2], [1, 75e6, 100e6, 2], [2, 599e6, 599e6, 1]],
  );
  click(2, 660);
  click(1, 50);
  await driver.settle();
  assertEquals(driver.store("seen.minutes").all().map(({ key }) => Number(key.window_start) / MINUTE_US), [9, 11]);
  assertEquals(driver.appended(seen).at(-1)?.visits, "50 s: 3");
  assertEquals(driver.dropped(), [{ operator: "seen", reason: "late", count: 1 }]);
  await driver.restart();
  assertEquals(driver.store("seen.minutes").all().map(({ key }) => Number(key.window_start) / MINUTE_US), [9, 11]);
});

/** Records of a changelog that compaction would leave, but those that are gone: of how many elements. */
async function factsIn(log: Log, topic: string): Promise<number> {
  const { last } = await changelogRecords(log, topic);
  return [...last.values()].filter(({ kind }) => kind === "fact").length;
}

Deno.test("what is over in a store, or was removed, leaves the changelog when it is over", async () => {
  const { clock, log } = await openStepLog({});
  await log.createTopic({ name: "shop.clicks", partitions: 1, cleanup: "delete", retentionMs: -1 });
  const send = async (user_id: number, seconds: readonly number[]) => {
    const records = seconds.map((second) => ({
      key: null,
      value: `{"user_id":${user_id}}`,
      timestampMs: second * 1_000,
    }));
    await log.append([{ topic: "shop.clicks", partition: 0, records }]);
  };
  await send(1, [0, 50, 25, 100, 200, 300]);
  const run = new StepRun(SEEN, { clock, ports: { log } }).start();
  await run.settled();
  // Six windows of 60 seconds, of which one has two; four visits, and one that became a part of another.
  assertEquals(await factsIn(log, "weir.seen.seen.changelog"), 5 - 1 + 4 + 1);
  const shown = (name: string, query: { readonly from: string; readonly to: string }) =>
    read(run.runner.stores().find((one) => one.name === name)!, { key: "1", ...query });
  const { rows, kind, columns: names } = shown("seen.visits", { from: "50000000", to: "100000000" });
  assertEquals([kind, names], ["session", ["user_id", "window_start", "window_end"]]);
  assertEquals(rows.map(({ key, value }) => [key.window_start, key.window_end, value]), [[100e6, 100e6, 1]]);
  assertEquals(shown("seen.minutes", { from: "60000000", to: "180000000" }).rows.map(({ key }) => key.window_start), [
    60e6,
    180e6,
  ]);
  await send(2, [10_000]);
  await run.settled();
  assertEquals(await factsIn(log, "weir.seen.seen.changelog"), 2);
  await run.stop();
  await log.close();
});

Deno.test("a processor goes on as earlier versions declared it, and with a call by the wall clock added", async () => {
  const printed = async (declare: (all: KStream<unknown, { readonly user_id: unknown }>) => void) => {
    const { log } = await openStepLog({});
    const [plan] = compile(topology("clicks", (builder) => declare(builder.stream(clicks) as never))).stages;
    await log.createTopic({ name: plan.changelog, partitions: 1, cleanup: "compact", retentionMs: -1 });
    const loaded = await loadStage(plan, { partition: 0, log, stopped: () => false });
    await log.close();
    return loaded!.print;
  };
  const on = ({ user_id }: { readonly user_id: unknown }) => ({ user_id });
  const none = () => [];
  const before = '{"op":"process","name":"kept","groupBy":"","stores":["last","seen"],"process":"","punctuate":""}';
  const stores = { last: store<number>(), seen: store<string>() };
  const kept = { on, stores, process: none, punctuate: none };
  assertEquals(await printed((all) => all.process("kept", kept).forEach(none)), before);
  assertEquals(
    await printed((all) => all.process("kept", { ...kept, punctuateWallClock: none }).forEach(none)),
    before,
  );
});
