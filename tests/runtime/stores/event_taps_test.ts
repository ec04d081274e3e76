import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, events, topology } from "../../../src/mod.ts";
import type { RecordPlace } from "../../../src/processor/event_counts.ts";
import { Taps } from "../../../src/runtime/stores/taps.ts";
import { explained } from "../explain/explained.ts";
import { ReplayWorld } from "../replays/replay_run.ts";

const TOPIC = "shop.clicks";
const clicks = events(TOPIC, { row: z.object({ user: z.int(), amount: z.int() }) });
const columns = { user: "Int64", amount: "Int64" } as const;
const direct = clickhouseAppend("direct", { columns, orderBy: ["user"] });
const behind = clickhouseAppend("behind", { columns, orderBy: ["user"] });

/** Clicks as they come, and behind a stage. */
const shown = topology("shown", (builder) => {
  const read = builder.stream(clicks).filter(({ amount }) => amount > 0);
  read.to(direct);
  read.repartition("by-user").to(behind);
});

Deno.test("Taps give with an event the record that it was made of, as explain() is asked for it", async () => {
  const world = await ReplayWorld.open({});
  await world.log.createTopic({ name: TOPIC, partitions: 1, cleanup: "delete", retentionMs: -1 });
  await world.start(shown);
  const taps = new Taps(world.run.runner.instance!);
  const places = new Map<string, RecordPlace | undefined>();
  const closes = shown.streams.map(({ id, name }) =>
    taps.open(`ev${id}`, { wanted: true, give: ({ place }) => void places.set(name, place) })!
  );
  for (const amount of [0, 5]) {
    await world.append(TOPIC, { key: "k", value: JSON.stringify({ user: 1, amount }) });
  }
  await world.run.settled();
  const placeOf = (name: string) => {
    const { topic, partition, offset } = places.get(name)!;
    return `${topic}/${partition}/${offset}`;
  };
  assertEquals(placeOf("direct"), `${TOPIC}/0/1`);
  for (const table of ["direct", "behind"]) {
    const { outcome, appended = [] } = await explained(world.run, { table, key: placeOf(table) });
    assertEquals([outcome, appended.map(({ row }) => row)], ["shown", [{ user: 1, amount: 5 }]], placeOf(table));
  }
  for (const close of closes) close();
  await world.close();
});
