import { assert, assertEquals } from "@std/assert";
import { progressBar, renderStatus } from "../../../src/cli/start/status_screen.ts";
import { instanceStatus, topologyStatus } from "./statuses.ts";

const SIZE = { columns: 100, lines: 20 };

Deno.test("renderStatus() shows addresses, demo store and each topology's figures", () => {
  assertEquals(renderStatus(instanceStatus(), { columns: 72, lines: 20 }), [
    "Weir, embedded, data in .data                                  01:02:03",
    "ClickHouse http://127.0.0.1:1  metrics http://127.0.0.1:2",
    "demo store 500 changes/s, 12,345 changes written, seed 1",
    "",
    "topology  state              changes/s  rows/s     lag  dead letters",
    "sales     running (6 tasks)      1,234      99  12,345             0",
    "",
    "Ctrl-C ends",
  ]);
});

Deno.test("renderStatus() shows a snapshot's progress only while it is under way", () => {
  const at = (rows: number) => ({
    seed: 1,
    ratePerSecond: 1,
    changesWritten: 0,
    paused: false,
    snapshot: { rows, rowsTotal: 200 },
  });
  const shows = (rows: number) =>
    renderStatus(instanceStatus({ demo: at(rows) }), SIZE).some((line) => line.startsWith("snapshot"));
  assertEquals([shows(0), shows(100), shows(200)], [true, true, false]);
  assertEquals(progressBar(50, 200), "[######..................] 25 %  50 of 200 rows");
  assertEquals(progressBar(0, 0).slice(0, 32), "[########################] 100 %");
});

Deno.test("renderStatus() says what a start found, what is wrong, and the last proof", () => {
  const started = [{ sink: "a", kept: 5, written: 2, deleted: 1 }, {
    sink: "b",
    kept: 1_000,
    held: 0,
    written: 0,
    deleted: 0,
  }];
  const fresh = [{ sink: "c", kept: 0, written: 7, deleted: 0 }];
  const lines = renderStatus(
    instanceStatus({
      topologies: [
        topologyStatus("sales", { started }),
        topologyStatus("mirror", {
          started: fresh,
          state: "starting",
          tasksRunning: 2,
          problems: ["ClickHouse is away"],
        }),
        topologyStatus("funnel", { state: "starting", tasksRunning: 3, secondsLeft: 125 }),
      ],
      proof: { time: "2026-01-02T03:04:05.678Z", equal: false, sinks: 3, rows: 1_234 },
      ending: "Ending",
    }),
    SIZE,
  );
  const has = (text: string) => assert(lines.includes(text), `${text} in\n${lines.join("\n")}`);
  has("sales resumed: 1,005 rows kept, 2 written, 1 deleted");
  has("mirror started fresh: 0 rows kept, 7 written, 0 deleted");
  has("! mirror: ClickHouse is away");
  has("last verify 2026-01-02 03:04:05 UTC: DIFFERENT, 1,234 rows of 3 sinks");
  assert(lines.some((line) => line.includes("starting (2 of 6 tasks)")));
  assert(lines.some((line) => line.includes("starting (3 of 6 tasks, about 2 min left)")));
  const kept = renderStatus(instanceStatus({ topologies: [topologyStatus("sales", { standbys: 3 })] }), SIZE);
  assert(kept.some((line) => line.includes("running (6 tasks, 3 standbys)")), kept.join("\n"));
  assertEquals(lines[lines.length - 1], "Ending");
});

Deno.test("renderStatus() fits every screen, whatever there is to say", () => {
  const many = Array.from({ length: 30 }, (_, index) =>
    topologyStatus(`topology_${index}`, {
      started: [{ sink: "a", kept: 1, written: 1, deleted: 1 }],
      problems: ["x".repeat(300), "another"],
    }));
  for (const lines of [20, 10, 6, 1]) {
    for (const columns of [200, 80, 20, 1]) {
      const shown = renderStatus(instanceStatus({ topologies: many }), { columns, lines });
      assert(shown.length <= lines, `${shown.length} lines of ${lines}`);
      assert(shown.every((line) => line.length <= columns), `too wide for ${columns}`);
    }
  }
  const shown = renderStatus(instanceStatus({ topologies: many }), SIZE);
  assert(shown.some((line) => line.startsWith("... and ")), shown.join("\n"));
  assertEquals(shown[shown.length - 1], "Ctrl-C ends");
});
