import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, events, topology } from "../../../src/mod.ts";
import { ReplayWorld } from "../../runtime/replays/replay_run.ts";
import { permitted } from "../support.ts";
import { WatchedInstance } from "./watched_instances.ts";

const TOPIC = "shop.clicks";
const clicks = events(TOPIC, { row: z.object({ user: z.int() }) });
const shown = clickhouseAppend("shown", { columns: { user: "Int64" }, orderBy: ["user"] });

Deno.test("GET /api/tap tells of an event at which record it was made", { ignore: !permitted }, async () => {
  const world = await ReplayWorld.open({});
  await world.log.createTopic({ name: TOPIC, partitions: 1, cleanup: "delete", retentionMs: -1 });
  await world.start(topology("clicks", (builder) => builder.stream(clicks).to(shown)));
  const instance = new WatchedInstance();
  instance.run = world.run;
  try {
    const reading = instance.events("/api/tap/things/ev1", { count: 1 });
    let isRead = false;
    reading.finally(() => isRead = true);
    for (let user = 0; !isRead && user < 200; user++) {
      await world.append(TOPIC, { key: "k", value: JSON.stringify({ user }) });
      await world.run.settled();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const [{ data: { row, place } }] = await reading;
    // Each click lies at the offset of its number.
    assertEquals(place, `${TOPIC}/0/${(row as { readonly user: number }).user}`);
  } finally {
    await instance.server.close();
    await world.close();
  }
});
