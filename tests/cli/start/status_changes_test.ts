import { assertEquals } from "@std/assert";
import type { DemoStatus, Status, TopologyStatus } from "../../../src/cli/start/status.ts";
import { StatusChanges } from "../../../src/cli/start/status_changes.ts";
import { instanceStatus, topologyStatus } from "./statuses.ts";

/** Level, name and text of what is told at each look. */
function told(...looks: readonly Partial<Status>[]): string[][] {
  const changes = new StatusChanges();
  return looks.map((look) =>
    changes.look(instanceStatus(look)).map(({ level, name, text }) => `${level} ${name}: ${text}`)
  );
}

const sales = (changes: Partial<TopologyStatus>) => ({ topologies: [topologyStatus("sales", changes)] });
const demo = (changes: Partial<DemoStatus>) => ({
  demo: { seed: 1, ratePerSecond: 500, changesWritten: 0, paused: false, snapshot: null, ...changes },
});

Deno.test("StatusChanges tells what no event has told", async (t) => {
  const starting = sales({ state: "starting", tasks: 0, tasksRunning: 0 });
  const loading = sales({ tasksRunning: 3 });
  const running = sales({});
  const waiting = sales({ state: "waiting", problems: ["Kafka is away"] });
  const failed = sales({ state: "failed", problems: ["the table has another shape"] });
  const sent = (rows: number) => demo({ snapshot: { rows, rowsTotal: 100 } });
  const equal = (time: string) => ({ proof: { time, equal: true, sinks: 9, rows: 1_000 } });
  const different = (time: string) => ({ proof: { time, equal: false, sinks: 9, rows: 1_000 } });
  const cases: [name: string, looks: readonly Partial<Status>[], expected: readonly string[][]][] = [
    ["a start has its own event", [starting, loading, running], [[], [], []]],
    ["tasks that are no longer running, and run again", [running, loading, loading, running], [
      [],
      ["info tasks: sales: 3 of 6 tasks run"],
      [],
      ["info tasks: sales: 6 tasks, all run again"],
    ]],
    ["a failure has its own event, and so has the start after it", [running, waiting, starting, loading, running], [
      [],
      [],
      [],
      [],
      [],
    ]],
    ["a topology that failed has its own event, too", [running, failed, { ...failed, ending: "Ending" }], [
      [],
      [],
      ["info ending: Ending"],
    ]],
    ["the end, at which everything stops", [
      running,
      { ...running, ending: "Ending" },
      { ...sales({ state: "ended" }), ...demo({ paused: true }), ending: "Ending" },
    ], [[], ["info ending: Ending"], []]],
    ["the end of a snapshot", [demo({}), sent(0), sent(50), sent(100), sent(100)], [
      [],
      [],
      [],
      ["info snapshot: The demo store's snapshot is sent: 100 rows"],
      [],
    ]],
    ["a demo store that is held for a while", [demo({}), demo({ paused: true }), demo({})], [
      [],
      ["info demo store: The demo store pauses"],
      ["info demo store: The demo store goes on"],
    ]],
    ["what verify has found meanwhile", [equal("1"), equal("1"), equal("2"), different("3")], [
      [],
      [],
      ["info verify: verify: equal, 1,000 rows of 9 sinks"],
      ["warn verify: verify: DIFFERENT, 1,000 rows of 9 sinks"],
    ]],
  ];
  for (const [name, looks, expected] of cases) await t.step(name, () => assertEquals(told(...looks), expected));
});
