import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { degradedLines } from "../../../src/cli/start/shown_run.ts";
import { StatusLine } from "../../../src/cli/start/status_line.ts";
import { renderStatus } from "../../../src/cli/start/status_screen.ts";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { permitted } from "../support.ts";
import { instanceStatus, topologyStatus } from "./statuses.ts";
import { answerOf, fill, runOf, TOPIC, until, withRun } from "./topology_runs.ts";

const things = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int() }) });

/** The topology of {@link withRun}, every row of which fails. */
const mistaken = topology("things", (builder) => {
  builder.table(things).mapValues(({ id }): { id: number } => {
    throw new RangeError(`no ${id}`);
  }).to(clickhouse("things", { key: ["id"], columns: { id: "Int64" } }));
});

Deno.test(
  "a topology that holds rows is degraded: its state, /readyz, the metrics and the last lines say so and why",
  { ignore: !permitted },
  async () => {
    await withRun(() => ({}), async (right, _, ports) => {
      await fill(ports);
      right.start();
      await until(() => right.unready().length === 0, () => right.unready().join());
      await right.stop(2_000);
      const run = runOf(mistaken, ports);
      run.start();
      try {
        await until(() => run.state === "degraded", () => run.state);
        const says = /degraded: Rows of "things" are shown as they were .*no 1.*--allow-deletes/;
        const ready = await answerOf("/readyz", { runs: [run], metrics: ports.metrics });
        const body = await ready.text();
        assertEquals([ready.status, says.test(body)], [503, true], body);
        const metrics = await (await answerOf("/metrics", { runs: [run], metrics: ports.metrics })).text();
        for (
          const line of [
            'weir_topology_state{topology="things",state="degraded"} 1',
            'weir_topology_state{topology="things",state="running"} 0',
            'weir_held_rows{topology="things",sink="things"} 1',
            'weir_ready{topology="things"} 0',
          ]
        ) assert(metrics.includes(`${line}\n`), `${line} is not in ${metrics}`);
        const [last] = degradedLines([run]);
        assert(/^things is degraded: Rows of "things"/.test(last), last);
      } finally {
        await run.stop(2_000);
      }
    });
  },
);

Deno.test("screen and StatusLine name degraded topologies, also beside failed ones", () => {
  const text = (...topologies: ReturnType<typeof topologyStatus>[]) =>
    new StatusLine().look(instanceStatus({ topologies }))!.text;
  const degraded = topologyStatus("a", { state: "degraded" });
  const screen = renderStatus(instanceStatus({ topologies: [degraded] }), { columns: 100, lines: 20 });
  assert(screen.some((line) => /^a +degraded \(6 tasks\)/.test(line)), screen.join("\n"));
  assert(text(degraded, topologyStatus("b")).startsWith("running, 12 tasks, a degraded: "));
  const failed = topologyStatus("c", { state: "failed", tasksRunning: 0, tasks: 0 });
  assert(text(degraded, failed).startsWith("running, 1 of 2 topologies run, c failed, a degraded: "));
});
