import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openThings } from "../runtime/things.ts";
import { PASSWORD, WatchedInstance } from "./api/watched_instances.ts";
import { liveCountsText } from "../../src/cli/live_counts.ts";
import { permitted, runMain } from "./support.ts";

Deno.test("liveCountsText() speaks of no number of tasks before there are any", () => {
  const topology = {
    name: "things",
    state: "starting" as const,
    ...{ changesPerSecond: 0, rowsPerSecond: 0, secondsLeft: null, deadLetters: 0 },
    counters: {},
    everywhere: [],
    lag: {},
    tasks: [],
    problems: [],
    joinProblems: {},
  };
  const text = liveCountsText({ name: "things", nodes: [] }, { topologies: [topology], instances: [] });
  assertEquals(text, "topology things\n\n  starting, and has no tasks yet\n");
});

Deno.test("describe --live shows what became of the rows of a running topology", { ignore: !permitted }, async () => {
  await using world = await openThings({ partitions: 2 });
  await world.put([[1, "one"], [2, "two"], [3, "three"]]);
  const instance = new WatchedInstance();
  try {
    instance.run = world.spawn();
    await instance.run.settled();
    const live = (...args: string[]) =>
      runMain(["describe", "--live", "--url", instance.server.url, ...args], { WEIR_STORE_PASSWORD: PASSWORD });
    const [all, json, unknown, mermaid] = await Promise.all([
      live(),
      live("things", "--format", "json"),
      live("thing"),
      live("--format", "mermaid"),
    ]);
    assertEquals([all.status, all.err], [0, ""]);
    assertStringIncludes(all.out, "topology things\n\n  running, 2 of 2 tasks run, lag 0\n");
    assert(/op0 things +source +3 +3\n/.test(all.out), all.out);
    assert(/op1 things +sink +3 +3 +0 +0\n/.test(all.out), all.out);
    assertEquals(JSON.parse(json.out).topologies[0].counters.op0.rows, { in: 3, out: 3 });
    assertEquals([unknown.status, mermaid.status], [1, 2]);
    assertStringIncludes(unknown.err, 'Did you mean "things"?');
    const refused = await runMain(["describe", "--live", "--url", instance.server.url]);
    assertEquals(refused.status, 1);
    assertStringIncludes(refused.err, "WEIR_STORE_PASSWORD");
  } finally {
    await instance.server.close();
  }
});
