import { assertEquals } from "@std/assert";
import { z } from "zod";
import { reportOperators } from "../../../src/cli/start/operator_metrics.ts";
import {
  clickhouse,
  clickhouseAppend,
  count,
  events,
  topology,
  tumbling,
  untilWindowCloses,
} from "../../../src/mod.ts";
import { ReplayWorld } from "../../runtime/replays/replay_run.ts";

const row = z.object({ user: z.int() });
const [left, right] = ["shop.left", "shop.right"].map((name) => events(name, { row }));
const pairs = clickhouseAppend("pairs", { columns: { user: "Int64" }, orderBy: ["user"] });
const columns = { user: "Int64", window_start: "Int64", events: "Int64" } as const;
const totals = clickhouse("totals", { key: ["user", "window_start"], columns });

/** A join with a window of 10 seconds to both sides, and totals of 10 seconds that are told when these are over. */
const waiting = topology("waiting", (builder) => {
  const stream = builder.stream(left);
  const of = ({ user }: { readonly user: number }) => ({ user });
  stream.leftJoin("other", builder.stream(right), { on: [of, of], within: { seconds: 10 } })
    .mapValues(({ user }) => ({ user })).to(pairs);
  stream.groupBy(of).windowedBy(tumbling({ seconds: 10 }, { grace: { seconds: 0 } }))
    .aggregate("counted", { events: count() }).suppress("final", untilWindowCloses())
    .mapValues(({ user, window_start, events }) => ({ user, window_start, events })).to(totals);
});

Deno.test("reportOperators() tells how many events and changes wait in stages now", async () => {
  const world = await ReplayWorld.open({});
  for (const name of ["shop.left", "shop.right"]) {
    await world.log.createTopic({ name, partitions: 1, cleanup: "delete", retentionMs: -1 });
  }
  const put = async (topic: string, [user, second]: readonly [number, number]) => {
    const records = [{ key: null, value: JSON.stringify({ user }), timestampMs: second * 1_000 }];
    await world.log.append([{ topic, partition: 0, records }]);
  };
  const gauges = new Map<string, number>();
  const metrics = {
    count: () => {},
    observe: () => {},
    gauge: (name: string, { operator, outcome }: Readonly<Record<string, string>>, value: number) => {
      if (name === "weir_operator_rows" && outcome === "waiting") gauges.set(operator, value);
    },
  };
  const told = () => {
    reportOperators(world.run.runner, metrics);
    return ["left.other", "final"].map((operator) => gauges.get(operator));
  };
  for (const user of [1, 2, 3]) await put("shop.left", [user, 100 + user]);
  await world.start(waiting);
  assertEquals(told(), [3, 3]);
  await put("shop.right", [2, 104]);
  await world.settled();
  assertEquals(told(), [2, 3]);
  await put("shop.left", [4, 200]);
  await world.settled();
  assertEquals(told(), [1, 1]);
  await world.close();
});
