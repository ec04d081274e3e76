import { ClickHouseError } from "@clickhouse/client";
import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { systemClock } from "../../../src/adapters/local/system_clock.ts";
import type { ShownRun } from "../../../src/cli/start/shown_run.ts";
import { failedForGood } from "../../../src/cli/start/shown_run.ts";
import { productionError } from "../../../src/adapters/clickhouse/production_error.ts";
import { failureOf } from "../../../src/cli/start/failure.ts";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { ConfigError, LimitError, ProductionError, RestoreError, TopologyError } from "../../../src/record/errors.ts";
import { permitted } from "../support.ts";
import { answerOf, clock, fill, put, runOf, type RunPorts, until, withRun } from "./topology_runs.ts";

const LEFT = "shop.public.left";
const RIGHT = "shop.public.right";
const pairRow = z.object({ id: z.int() });
const left = debezium(LEFT, { key: ["id"], row: pairRow });
const right = debezium(RIGHT, { key: ["id"], row: pairRow });
/** Its two topics must have equally many partitions. */
const pairs = topology(
  "pairs",
  (builder) =>
    builder.table(left).outerJoin({ left: "one", right: "two" }, builder.table(right)).mapValues((_, id) => ({ id }))
      .to(
        clickhouse("pairs", { key: ["id"], columns: { id: "Int64" } }),
      ),
);

async function readyz(runs: readonly ShownRun[], { metrics }: RunPorts): Promise<{ status: number; text: string }> {
  const response = await answerOf("/readyz", { runs, metrics });
  return { status: response.status, text: await response.text() };
}

/** Values of the metric that are 1, by labels. */
async function ones(name: string, runs: readonly ShownRun[], { metrics }: RunPorts): Promise<string[]> {
  const response = await answerOf("/metrics", { runs, metrics });
  const lines = (await response.text()).split("\n");
  return lines.filter((line) => line.startsWith(`${name}{`) && line.endsWith(" 1")).map((line) =>
    line.slice(name.length, -2)
  );
}

Deno.test("TopologyRun that is refused is shown as failed, the others run on, and it runs once that is repaired", {
  ignore: !permitted,
}, async () => {
  let partitions = 1;
  const described = ({ log }: RunPorts) => ({
    log: {
      ...log,
      async topics(names: readonly string[]) {
        const found = await log.topics(names);
        return new Map([...found].map(([name, topic]) => [
          name,
          name === RIGHT ? { ...topic, partitions } : topic,
        ]));
      },
    },
  });
  await withRun(described, async (run, _, ports) => {
    await fill(ports);
    for (const topic of [LEFT, RIGHT]) {
      await ports.log.createTopic({ name: topic, partitions: 2, cleanup: "compact", retentionMs: -1 });
    }
    const refused = runOf(pairs, { ...ports, ...described(ports) });
    const runs = [run, refused];
    try {
      for (const one of runs) one.start();
      await until(
        () => run.unready().length === 0 && refused.state === "failed",
        () => `one runs, one failed: ${runs.map((one) => `${one.state} ${one.unready()}`)}`,
      );
      const [problem] = refused.problems();
      assert(/left.*right|right.*left/.test(problem) && /tried again/.test(problem), problem);
      assertEquals(problem.includes("\n"), false);
      const { status, text } = await readyz(runs, ports);
      assertEquals(status, 503);
      assert(text.includes(`- pairs: failed: `) && text.includes("ready: things\n"), text);
      assertEquals(await ones("weir_topology_state", runs, ports), [
        '{topology="things",state="running"}',
        '{topology="pairs",state="failed"}',
      ]);
      assertEquals(await ones("weir_ready", runs, ports), ['{topology="things"}']);

      // What runs takes no notice.
      await put(ports, 2);
      const rows = () => ports.metrics.total("weir_sink_rows_total", { topology: "things" });
      await until(() => rows() === 2, () => "the other's new row");
      // Shown as failed in every try, too, until one succeeds.
      const failures = () => ports.metrics.total("weir_topology_failures_total", { topology: "pairs" });
      const states = new Set<string>();
      const before = failures();
      await until(() => states.add(refused.state) && failures() > before, () => "another try");
      assertEquals([...states], ["failed"]);

      partitions = 2;
      await until(() => refused.unready().length === 0, () => "the repaired topology runs");
      assertEquals([refused.state, refused.failure, refused.problems()], ["running", null, []]);
      assertEquals(await readyz(runs, ports), { status: 200, text: "ok\n" });
    } finally {
      await refused.stop(2_000);
    }
  });
});

Deno.test("TopologyRun tries again where waiting can help, at growing intervals", async (t) => {
  const minutes5 = 300_000;
  const growing = [10_000, 20_000, 40_000, 80_000, 160_000, minutes5, minutes5];
  const cases: [name: string, error: unknown, level: string, pausesMs: readonly (number | null)[]][] = [
    ["a refused topic", new ConfigError(["the topic deletes by time"]), "error", growing],
    ["partition counts", new TopologyError("t", ["not co-partitioned", "nor these"]), "error", growing],
    ["a right that is missing", new ProductionError("not allowed", { retriable: false }), "error", growing],
    ["a bug", new TypeError("x is undefined"), "error", growing],
    ["what is no error", "thrown", "error", growing],
    ["a service away", new ProductionError("away", { retriable: true }), "warn", [1_000, 2_000, 4_000, 8_000]],
    ["deletes that need a person", new RestoreError("t-0", "it would delete"), "error", [null]],
    ["a limit of the process", new LimitError("storeEntriesMax", "too many"), "error", [null]],
  ];
  for (const [name, error, level, pausesMs] of cases) {
    await t.step(name, async () => {
      const failing = ({ log }: RunPorts) => ({
        log: { ...log, join: () => Promise.reject(error) },
        clock: { ...clock, sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 1), signal) },
      });
      await withRun(failing, async (run, events, ports) => {
        await fill(ports);
        run.start();
        const failures = () => events.filter((event) => event.name === "failed");
        await until(() => failures().length >= pausesMs.length, () => "its failures");
        if (pausesMs.includes(null)) {
          await run.over;
          await systemClock.sleep(20);
          assertEquals(failures().length, 1);
          assert(run.problems()[0].endsWith("(not tried again)"), run.problems()[0]);
        }
        const told = failures().slice(0, pausesMs.length);
        assertEquals(told.map(({ fields }) => fields?.pauseMs), [...pausesMs]);
        assertEquals(new Set(told.map((event) => event.level)), new Set([level]));
        // Where a bug is, is told; what is explained needs no stack.
        const isBug = error instanceof TypeError || typeof error === "string";
        assertEquals(told.every(({ fields }) => typeof fields?.stack === "string"), isBug);
      });
    });
  }
});

Deno.test("a file that cannot be imported stands among the topologies as failed", { ignore: !permitted }, async () => {
  await withRun(() => ({}), async (run, _, ports) => {
    await fill(ports);
    run.start();
    const broken = failedForGood("topologies/odd.ts", {
      failure: failureOf(new ConfigError(["Cannot import topologies/odd.ts"])),
      remedy: "correct the file",
    });
    await until(() => run.unready().length === 0, () => "the other runs");
    const runs = [run, broken];
    const { status, text } = await readyz(runs, ports);
    assertEquals(status, 503);
    assert(text.includes("- topologies/odd.ts: failed: Cannot import topologies/odd.ts"), text);
    assert((await ones("weir_topology_state", runs, ports)).includes('{topology="topologies/odd.ts",state="failed"}'));
  });
});

Deno.test(
  "a topology that failed leaves no gauge behind that passes for a new one",
  { ignore: !permitted },
  async () => {
    await withRun(() => ({}), async (_, __, ports) => {
      const { metrics } = ports;
      for (const topology of ["a", "b"]) metrics.gauge("weir_stored_rows", { topology, table: "t", partition: "0" }, 5);
      metrics.count("weir_sink_rows_total", { topology: "a", sink: "s" }, 7);
      metrics.forgetGauges("a");
      const text = await metrics.text();
      assertEquals([/weir_stored_rows\{topology="a"/.test(text), /weir_stored_rows\{topology="b".* 5/.test(text)], [
        false,
        true,
      ]);
      assert(text.includes('weir_sink_rows_total{topology="a",sink="s"} 7'), text);
      metrics.gauge("weir_stored_rows", { topology: "a", table: "t", partition: "0" }, 6);
      assert(/weir_stored_rows\{topology="a".* 6/.test(await metrics.text()));
    });
  },
);

Deno.test("failureOf() gives a reason of one line, whatever was thrown", () => {
  assertEquals(failureOf(new TopologyError("t", ["a\n  b", "c"])).reason, "a b; c");
  assertEquals(failureOf(new ConfigError(["a", "b"])).reason, "a; b");
  assertEquals(failureOf(new RangeError("x\ny")).reason, "RangeError: x y");
  assertEquals(failureOf(5).reason, "TypeError: 5");
  // Where rows are not shown: a bug's message may quote them, as may what ClickHouse says of an insert.
  const hiding = { quotesRows: false };
  const bug = failureOf(new RangeError("of customer 4711"), hiding);
  assertEquals([bug.reason.includes("4711"), bug.stack!.includes("4711"), bug.stack!.startsWith("at ")], [
    false,
    false,
    true,
  ]);
  const said = new ClickHouseError({ message: "of customer 4711", code: "53", type: "TYPE_MISMATCH" });
  const refused = productionError("insert rows", said);
  assertEquals(failureOf(refused).reason, "Cannot insert rows: ClickHouse answered 53 TYPE_MISMATCH: of customer 4711");
  assertEquals(failureOf(refused, hiding).reason, "Cannot insert rows: ClickHouse answered 53 TYPE_MISMATCH");
});
