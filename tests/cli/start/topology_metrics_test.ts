import { assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "../../../src/adapters/local/system_clock.ts";
import { settle } from "../../../src/cli/start/rest.ts";
import type { TopologyRun } from "../../../src/cli/start/topology_run.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { permitted } from "../support.ts";
import { answerOf, fill, type RunPorts, withRun } from "./topology_runs.ts";

/** What `/metrics` says of how the topology stands. */
async function shown(run: TopologyRun, { metrics }: RunPorts): Promise<Record<string, number>> {
  const response = await answerOf("/metrics", { runs: [run], metrics });
  const values: Record<string, number> = {};
  for (const line of (await response.text()).split("\n")) {
    const match = /^(weir_(?:topology_state|ready|problems|start_rows))\{topology="things",?(.*)\} (\d+)$/.exec(line);
    if (match !== null && (match[1] !== "weir_topology_state" || match[3] === "1")) {
      values[[match[1], match[2]].join(" ").trim()] = Number(match[3]);
    }
  }
  return values;
}

Deno.test(
  "GET /metrics tells how a topology stands, also while no runner reports",
  { ignore: !permitted },
  async () => {
    let leave: (error: Error) => void = () => {};
    const watched = ({ log }: RunPorts) => ({
      log: {
        ...log,
        join(group: Parameters<typeof log.join>[0]) {
          leave = group.onFailed;
          return log.join(group);
        },
      },
    });
    await withRun(watched, async (run, _, ports) => {
      assertEquals(await shown(run, ports), {
        'weir_topology_state state="starting"': 1,
        weir_ready: 0,
        weir_problems: 0,
      });
      await fill(ports);
      run.start();
      const left = await settle(() => [{ name: "things", runner: run.runner }], {
        deadlineMs: Date.now() + 20_000,
        written: () => 0,
      });
      assertEquals(left, []);
      const started = {
        'weir_start_rows sink="things",result="kept"': 0,
        'weir_start_rows sink="things",result="written"': 1,
        'weir_start_rows sink="things",result="deleted"': 0,
      };
      assertEquals(await shown(run, ports), {
        'weir_topology_state state="running"': 1,
        weir_ready: 1,
        weir_problems: 0,
        ...started,
      });

      leave(new ProductionError("the coordinator is away", { retriable: true }));
      while (run.state !== "waiting") await systemClock.breathe();
      assertEquals(await shown(run, ports), {
        'weir_topology_state state="waiting"': 1,
        weir_ready: 0,
        weir_problems: 1,
        ...started,
      });
    });
  },
);

Deno.test("a topology's failures are counted from 0 by class", { ignore: !permitted }, async () => {
  await withRun((ports) => ports, async (run, _, ports) => {
    run.start();
    const text = await (await answerOf("/metrics", { runs: [run], metrics: ports.metrics })).text();
    for (const error of ["ConfigError", "ProductionError", "TypeError"]) {
      assertStringIncludes(text, `weir_topology_failures_total{topology="things",error="${error}"} 0\n`);
    }
  });
});
