import { assert, assertEquals } from "@std/assert";
import { settle } from "../../../src/cli/start/rest.ts";
import type { Ports } from "../../../src/runtime/runner.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { fill, TOPIC, withRun } from "./topology_runs.ts";

Deno.test("TopologyRun starts again by itself after a failure that passes", async () => {
  let refusals = 2;
  const refusing = ({ log }: Ports) => ({
    log: {
      ...log,
      join: (group: Parameters<typeof log.join>[0]) =>
        refusals-- > 0
          ? Promise.reject(new ProductionError("the coordinator is away", { retriable: true }))
          : log.join(group),
    },
  });
  await withRun(refusing, async (run, events, ports) => {
    await fill(ports);
    run.start();
    await run.firstStart;
    assertEquals(run.state, "waiting");
    assert(run.unready().some((reason) => reason.includes("the coordinator is away")), run.unready().join("; "));
    const name = run.topology.name;
    const left = await settle(() => [{ name, runner: run.runner }], {
      deadlineMs: Date.now() + 20_000,
      written: () => 0,
    });
    assertEquals(left, []);
    assertEquals([run.state, run.unready(), run.started?.map(({ written }) => written)], ["running", [], [1]]);
    assertEquals(events.filter((event) => event.name === "failed").length, 2);
    assertEquals(events.filter((event) => event.name === "started").length, 1);
  });
});

Deno.test("settle() does not wait for a topology whose topic is missing, and gives it back", async () => {
  await withRun(() => ({}), async (run) => {
    run.start();
    await run.firstStart;
    const left = await settle(() => [{ name: "things", runner: run.runner }], {
      deadlineMs: Infinity,
      written: () => 0,
    });
    assertEquals(left, ["things: a topic that it reads is missing"]);
    assert(run.problems()[0].includes(TOPIC), run.problems().join("; "));
  });
});

Deno.test("TopologyRun says that its tasks are not known before the group has told them, not that there are none", () =>
  withRun(() => ({}), (run) => {
    assertEquals(run.unready(), ["starting, its tasks are not known yet"]);
    return Promise.resolve();
  }));
