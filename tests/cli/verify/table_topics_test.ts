import { assertEquals } from "@std/assert";
import { z } from "zod";
import { verifyTableTopic } from "../../../src/cli/verify/verify_table_topics.ts";
import { debezium, int8, topic, topology } from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import { sinksOf } from "../../../src/plan/outputs_of.ts";
import { appendKeyed, openStepLog, StepRun } from "../../runtime/step_run.ts";

const SOURCE = "shop.public.users";
const users = debezium(SOURCE, { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const app = topology("names", (builder) => builder.table(users).to(topic("shop.users", { partitions: 1 })));

Deno.test("verifyTableTopic() proves a topic, and finds what it lacks, has too much and has otherwise", async () => {
  const { clock, log } = await openStepLog({ [SOURCE]: 2 });
  const names = new Map(Array.from({ length: 20 }, (_, id) => [String(id), { id, name: `n${id}` }]));
  const records = [...names.values()].map((after) => ({
    key: `{"id":${after.id}}`,
    value: JSON.stringify({ op: "r", after }),
  }));
  await appendKeyed(log, records, { topic: SOURCE, partitions: 2 });
  const [sink] = sinksOf(compile(app));
  const verify = () => verifyTableTopic({ topology: "names", sink, rows: names, later: null }, log);
  assertEquals(await verify(), null, "there is no topic");
  const run = new StepRun(app, { clock, ports: { log } }).start();
  await run.settled();
  await run.stop();
  const counts = async () => {
    const { view, stored } = (await verify())!;
    return [view, stored].map(({ rows, missing, extra, different }) => [rows, missing, extra, different]);
  };
  assertEquals(await counts(), [[20, 0, 0, 0], [20, 0, 0, 0]]);
  const others = [[1, null], [2, '{"id":2}'], [77, "{}"]] as const;
  await log.append([{
    topic: "shop.users",
    partition: 0,
    records: others.map(([id, value]) => ({ key: `{"id":${id}}`, value })),
  }]);
  assertEquals(await counts(), [[20, 1, 1, 1], [20, 0, 0, 0]], "as the last records are, and by their headers");
  names.set("5", { id: 5, name: Number.NaN as never });
  assertEquals((await verify())!.unfit, 1);
  await log.close();
});

const changes = topology("changes", (builder) => builder.toStream(builder.table(users)).forEach(() => {}));

Deno.test("verifyTableTopic() proves the topic of a table's changes, whatever order its columns are in", async () => {
  const { clock, log } = await openStepLog({ [SOURCE]: 2 });
  const names = new Map(Array.from({ length: 5 }, (_, id) => [String(id), { name: `n${id}`, id }]));
  const records = [...names.values()].map((after) => ({
    key: `{"id":${after.id}}`,
    value: JSON.stringify({ op: "r", after }),
  }));
  await appendKeyed(log, records, { topic: SOURCE, partitions: 2 });
  const run = new StepRun(changes, { clock, ports: { log } }).start();
  await run.settled();
  await run.stop();
  const [sink] = sinksOf(compile(changes));
  const counts = async () => {
    const { view, stored } = (await verifyTableTopic({ topology: "changes", sink, rows: names, later: null }, log))!;
    return [view, stored].map(({ rows, missing, extra, different }) => [rows, missing, extra, different]);
  };
  assertEquals(await counts(), [[5, 0, 0, 0], [5, 0, 0, 0]]);
  await log.append([{
    topic: "weir.changes.users.changes",
    partition: 0,
    records: [{ key: `{"id":77}`, value: "of another program" }],
  }]);
  names.set("3", { id: 3, name: "other" });
  assertEquals(await counts(), [[5, 0, 1, 1], [5, 0, 0, 1]]);
  await log.close();
});
