import { assert, assertEquals } from "@std/assert";
import type { Status, TopologyStatus } from "../../../src/cli/start/status.ts";
import { StatusLine } from "../../../src/cli/start/status_line.ts";
import { instanceStatus, topologyStatus } from "./statuses.ts";

const QUIET = { changes: 0, rows: 0, lag: 0 };

function status(seconds: number, topologies: readonly Partial<TopologyStatus>[], changes: Partial<Status> = {}) {
  return instanceStatus({
    uptimeMs: seconds * 1000,
    topologies: topologies.map((topology, index) => topologyStatus(`t${index}`, { ...QUIET, ...topology })),
    ...changes,
  });
}

/** The first line about this. */
function lineOf(topologies: readonly Partial<TopologyStatus>[], changes: Partial<Status> = {}): string {
  return new StatusLine().look(status(5, topologies, changes))!.text;
}

Deno.test("StatusLine counts the tasks of others whose rows are kept", () => {
  const line = lineOf([{ standbys: 5 }, { standbys: 1 }]);
  assertEquals(line, "running, 12 tasks and 6 standbys: 0 changes/s, 0 rows/s, lag 0");
});

Deno.test("StatusLine says in one sentence how everything stands", async (t) => {
  const starting = { state: "starting", tasksRunning: 2 } as const;
  const waiting = { state: "waiting", problems: ["ClickHouse is away"] } as const;
  const failed = { state: "failed", tasks: 0, tasksRunning: 0, problems: ["the table has another shape"] } as const;
  const snapshot = { seed: 1, ratePerSecond: 500, changesWritten: 0, paused: false };
  const cases: [name: string, line: string, expected: string][] = [
    ["all is well", lineOf([{}, {}]), "running, 12 tasks: 0 changes/s, 0 rows/s, lag 0"],
    [
      "one of two starts",
      lineOf([{}, starting]),
      "starting, 1 of 2 topologies and 8 of 12 tasks run: 0 changes/s, 0 rows/s, lag 0",
    ],
    [
      "two start, and it is known how long both take",
      lineOf([{ ...starting, lag: 900, secondsLeft: 21 }, { ...starting, secondsLeft: 12 }]),
      "starting, 0 of 2 topologies and 4 of 12 tasks run: 0 changes/s, 0 rows/s, lag 900, about 20 s left",
    ],
    [
      "two start, and of one it is not known",
      lineOf([{ ...starting, secondsLeft: 21 }, starting]),
      "starting, 0 of 2 topologies and 4 of 12 tasks run: 0 changes/s, 0 rows/s, lag 0",
    ],
    [
      "an instance that has no tasks",
      lineOf([{ tasks: 0, tasksRunning: 0 }]),
      "starting, 0 of 1 topologies and 0 of 0 tasks run: 0 changes/s, 0 rows/s, lag 0",
    ],
    [
      "one waits",
      lineOf([{}, waiting, starting]),
      "waiting, 1 of 3 topologies run: 0 changes/s, 0 rows/s, lag 0, 1 problem",
    ],
    [
      "one failed, all others run",
      lineOf([{}, failed]),
      "running, 1 of 2 topologies run, t1 failed: 0 changes/s, " +
      "0 rows/s, lag 0, 1 problem",
    ],
    [
      "one failed, one starts",
      lineOf([starting, failed, {}]),
      "starting, 1 of 3 topologies run, t1 failed: " +
      "0 changes/s, 0 rows/s, lag 0, 1 problem",
    ],
    [
      "all failed",
      lineOf([failed]),
      "failed, 0 of 1 topologies run, t0 failed: 0 changes/s, 0 rows/s, lag 0, " +
      "1 problem",
    ],
    [
      "lag and dead letters of all together",
      lineOf([{ lag: 1_000, deadLetters: 2 }, { lag: 234, deadLetters: 1 }]),
      "running, 12 tasks: 0 changes/s, 0 rows/s, lag 1,234, 3 dead letters",
    ],
    [
      "the demo store's snapshot",
      lineOf([starting], { demo: { ...snapshot, snapshot: { rows: 38_500, rowsTotal: 77_000 } } }),
      "snapshot 50 %, 38,500 of 77,000 rows sent: 0 changes/s, 0 rows/s, lag 0",
    ],
    [
      "after the snapshot",
      lineOf([{}], { demo: { ...snapshot, snapshot: { rows: 77_000, rowsTotal: 77_000 } } }),
      "running, 6 tasks: 0 changes/s, 0 rows/s, lag 0",
    ],
    ["at the end", lineOf([{}], { ending: "Ending" }), "ending, 6 tasks: 0 changes/s, 0 rows/s, lag 0"],
  ];
  for (const [name, line, expected] of cases) await t.step(name, () => assertEquals(line, expected));
});

Deno.test("StatusLine gives the same figures as fields, rates as means since traffic began", () => {
  const line = new StatusLine();
  assertEquals(line.look(status(0, [{}, {}])), null);
  assertEquals(line.look(status(3, [{}, {}])), null);
  // The first changes come between the third second and the fifth.
  const first = line.look(status(5, [{ changes: 100 }, { changes: 1, rows: 1 }]));
  const fields = { topologies: 2, running: 2, lag: 0, deadLetters: 0, problems: 0 };
  assertEquals(first?.fields, { ...fields, changesPerSecond: 51, rowsPerSecond: 0.5 });
  assertEquals(first?.text, "running, 12 tasks: 51 changes/s, 0.5 rows/s, lag 0");
  assertEquals(line.look(status(64, [{ changes: 30_000 }, { changes: 101, rows: 60_001 }])), null);
  const second = line.look(status(65, [{ changes: 60_000 }, { changes: 101, rows: 120_001 }]));
  assertEquals(second?.text, "running, 12 tasks: 1,000 changes/s, 2,000 rows/s, lag 0");
  const end = status(125, [{ changes: 60_000 }, { changes: 101, rows: 120_001 }]);
  assertEquals(line.look(end)?.text, "running, 12 tasks: 0 changes/s, 0 rows/s, lag 0");
});

Deno.test("StatusLine tells of the first change after a rest at once, with the rate of that moment", () => {
  const line = new StatusLine();
  let lines = 0;
  for (let second = 0; second < 3_000; second++) if (line.look(status(second, [{}])) !== null) lines++;
  assertEquals(lines, 1);
  const first = line.look(status(3_000, [{ changes: 1_200, rows: 3 }]));
  assertEquals(first?.text, "running, 6 tasks: 1,200 changes/s, 3 rows/s, lag 0");
});

Deno.test("StatusLine shows a change a minute as more than none", () => {
  const line = new StatusLine();
  line.look(status(5, [{}]));
  for (let second = 6; second < 65; second++) assertEquals(line.look(status(second, [{ changes: 1 }])), null);
  const text = line.look(status(65, [{ changes: 1 }]))?.text;
  assert(text?.startsWith("running, 6 tasks: 0.02 changes/s"), text);
});
