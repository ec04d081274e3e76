import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouse, events, folding, topology } from "../../../src/mod.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { openStepLog, StepRun } from "../step_run.ts";

const notes = events("shop.notes", { row: z.object({ user: z.string(), text: z.string() }) });
const lengths = clickhouse("lengths", { columns: { user: "String", length: "UInt64" }, key: ["user"] });

/** All texts of a user are kept, of which only the length is shown. */
const app = topology("app", (builder) => {
  const all = folding({
    empty: () => "",
    add: (state, { text }: { readonly text: string }) => state + text,
    result: (state) => state.length,
  });
  builder.stream(notes).groupBy(({ user }) => ({ user })).aggregate("texts", { length: all }).to(lengths);
});

const LENGTH = 12_000;

Deno.test("a key too large for its stage's changelog is named with what lets it go on, and then goes on", async () => {
  const { clock, log } = await openStepLog({});
  await log.createTopic({ name: "shop.notes", partitions: 1, cleanup: "delete", retentionMs: -1 });
  const warehouse = createMemoryWarehouse();
  const write = (user: string, times: number) => {
    const value = JSON.stringify({ user, text: "x".repeat(LENGTH) });
    return log.append([{
      topic: "shop.notes",
      partition: 0,
      records: Array.from({ length: times }, () => ({ key: null, value })),
    }]);
  };
  const shown = () => warehouse.select("lengths").map(({ user, length }) => `${user} ${length}`);
  await write("ada", 2);
  const small = new StepRun(app, { clock, ports: { log, warehouse }, options: { messageBytesMax: 65_536 } }).start();
  await small.settled();
  assertEquals(shown(), [`ada ${2 * LENGTH}`]);
  await write("ada", 6);
  await write("bob", 1);
  const problems = () => small.runner.problems.list().map(({ problem }) => problem);
  const passes = async (done: () => boolean) => {
    for (let passed = 0; !done() && passed < 60_000; passed += 50) await clock.pass(50);
  };
  await passes(() => problems().length > 0);
  const told = [
    'Task "stage.texts-0" was started again: Cannot write what stage "texts" keeps of key {"user":"ada"}: ',
    ' bytes, and changelog "weir.app.texts.changelog" takes less (WEIR_MESSAGE_BYTES_MAX is 65536). No event is lost, ',
    "set WEIR_MESSAGE_BYTES_MAX=196608 and start again",
  ];
  // As `/readyz` has it, and as the log tells the event.
  for (const text of [problems().join("\n"), `Task "stage.texts-0" was started again: ${small.restarts[0]}`]) {
    for (const part of told) assertStringIncludes(text, part);
  }
  assert(!small.runner.ready, "the topology is not ready");
  await small.stop();
  const large = new StepRun(app, { clock, ports: { log, warehouse }, options: { messageBytesMax: 196_608 } }).start();
  await large.settled();
  assertEquals(shown(), [`ada ${8 * LENGTH}`, `bob ${LENGTH}`]);
  assertEquals([large.restarts, large.runner.problems.list()], [[], []]);
  await large.stop();
  await log.close();
});
