import { assertEquals, assertRejects } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import type { TableSpec } from "../../../src/ports/warehouse.ts";
import { ConfigError, ProductionError } from "../../../src/record/errors.ts";
import { packHeaders } from "../../../src/record/headers.ts";
import { plainKeyColumn } from "../../../src/record/key_column.ts";
import { digestOfValue } from "../../../src/record/row_record.ts";
import { TopicTables } from "../../../src/runtime/delivery/topic_tables.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";

const output = { topic: "out.t", key: [plainKeyColumn("id")], text: false, columns: null, partitions: 1 };
const table: TableSpec = { name: "topic out.t", columns: [], key: ["id"], shares: false, output };
const encoder = new TextEncoder();
const digest = (text: string) => digestOfValue(text)!;

const row = (task: string, [key, epoch, seq, text]: readonly [number, number, number, string]) => ({
  ...{ task, key: String(key), epoch, seq },
  ...{ line: encoder.encode(text), digest: digest(text) },
});
const gone = (task: string, [key, epoch, seq]: readonly [number, number, number]) => ({
  ...{ task, key: String(key), epoch, seq },
  keyLine: "",
});

async function opened() {
  const clock = createManualClock();
  const log = openEmbeddedLog({ path: ":memory:", clock });
  const tables = new TopicTables({ log, clock });
  await tables.ensure(table);
  const late = (key: number, [value, mark]: readonly [string | null, string?]) =>
    log.append([{
      topic: "out.t",
      partition: 0,
      records: [{
        key: `{"id":${key}}`,
        value,
        headers: mark === undefined ? undefined : packHeaders({ "weir-row": `${mark}/${key}` }),
      }],
    }]);
  const shown = async (tasks: readonly string[]) => (await Array.fromAsync(tables.shown(table, tasks))).flat();
  return { log, tables, late, shown, [Symbol.asyncDispose]: () => log.close() };
}

Deno.test("TopicTables tells what the last record of a key shows, by the task of its newest version", async () => {
  await using at = await opened();
  const { tables, shown } = at;
  const upserts = [row("t-0", [1, 9, 1, "a"]), row("t-1", [2, 9, 2, "b"]), row("t-0", [3, 9, 3, "c"])];
  await tables.insert({ table, upserts, deletes: [] });
  await tables.insert({ table, upserts: [], deletes: [gone("t-0", [3, 9, 4])] });
  assertEquals(await shown(["t-0"]), [{ task: "t-0", key: "1", digest: digest("a") }]);
  assertEquals((await shown(["t-0", "t-1"])).length, 2);
  assertEquals((await Array.fromAsync(tables.orphans(table, ["t-0"]))).flat(), [
    { task: "t-1", key: "2", digest: digest("b") },
  ]);
  assertEquals([...await tables.greatestEpochs(table, ["t-0", "t-1", "t-2"])], [["t-0", 9], ["t-1", 9], ["t-2", 0]]);
});

Deno.test("TopicTables tells a digest that no row has where the last record is not the newest version", async () => {
  await using at = await opened();
  const { tables, late, shown } = at;
  const upserts = [1, 2, 3, 4].map((key) => row("t-0", [key, 9, key, `v${key}`]));
  await tables.insert({ table, upserts, deletes: [gone("t-0", [5, 9, 5])] });
  await late(1, ["old", "t-0/3/7"]);
  await late(2, ["v2", "t-0/3/8"]);
  await late(3, [null, "t-0/3/9"]);
  await late(5, ["old", "t-0/3/10"]);
  await late(4, ["theirs"]);
  await late(6, ["theirs"]);
  assertEquals(await shown(["t-0"]), [
    { task: "t-0", key: "1", digest: -1 },
    { task: "t-0", key: "2", digest: -1 },
    { task: "t-0", key: "3", digest: -1 },
    { task: "t-0", key: "4", digest: -1 },
    { task: "t-0", key: "5", digest: -1 },
  ]);
});

Deno.test("TopicTables tells that a late record hides something, also where that is not there any more", async () => {
  await using at = await opened();
  const { tables, late, shown } = at;
  await late(1, ["v1", "t-0/9/1"]);
  await late(2, ["v2", "t-1/3/1"]);
  await late(3, ["v3", "t-0/3/7"]);
  await late(4, [null, "t-0/3/8"]);
  assertEquals(await shown(["t-0", "t-1"]), [
    { task: "t-0", key: "1", digest: digest("v1") },
    { task: "t-1", key: "2", digest: digest("v2") },
    { task: "t-0", key: "3", digest: -1 },
    { task: "t-0", key: "4", digest: -1 },
  ]);
  await tables.insert({ table, upserts: [row("t-0", [3, 10, 1, "v3"])], deletes: [gone("t-0", [4, 10, 2])] });
  assertEquals((await shown(["t-0"])).map(({ digest }) => digest), [digest("v1"), digest("v3")]);
});

Deno.test("TopicTables divides what it shows by watermarks", async () => {
  await using at = await opened();
  const { tables } = at;
  const upserts = [row("t-0", [1, 9, 1, "a"]), row("t-0", [2, 9, 2, "b"]), row("t-0", [3, 10, 1, "c"])];
  await tables.insert({ table, upserts, deletes: [gone("t-0", [4, 10, 2])] });
  const marks = [{ task: "t-0", epoch: 9, seq: 2 }];
  const sums = await tables.summed(table, marks);
  assertEquals(sums.get("t-0"), { rows: 2, digests: BigInt(digest("a")) + BigInt(digest("b")) });
  assertEquals((await Array.fromAsync(tables.newer(table, marks))).flat(), [
    { task: "t-0", key: "3", digest: digest("c") },
    { task: "t-0", key: "4", digest: null },
  ]);
});

Deno.test("TopicTables refuses topics that lose rows, and records of other keys", async () => {
  await using at = await opened();
  const { log, tables, late } = at;
  await log.createTopic({ name: "out.short", partitions: 1, cleanup: "delete", retentionMs: 1_000 });
  const short = { ...table, output: { ...output, topic: "out.short" } };
  const error = await assertRejects(() => tables.ensure(short), ConfigError);
  assertEquals(error.problems[0].includes("--entity-name out.short --add-config cleanup.policy=compact"), true);
  await late(1, ["x", "t-0/1/1"]);
  const other = { ...table, output: { ...output, text: true } };
  await assertRejects(() => Array.fromAsync(tables.shown(other, [])), ConfigError, "written in another form");
  const missing = { ...table, output: { ...output, topic: "out.none" } };
  const gone = await assertRejects(() => Array.fromAsync(tables.shown(missing, [])), ProductionError);
  assertEquals([gone.reason, gone.retriable], ["missing", true]);
  assertEquals((await tables.present([missing])).get(table.name), { id: null, view: false });
  assertEquals((await tables.present([table])).get(table.name)?.view, true);
});
