import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, count, debezium, topology } from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";
import { describeText } from "../../src/plan/describe_text.ts";

const orders = debezium("shop.orders", { key: ["id"], row: z.object({ id: z.int(), user_id: z.int() }) });
const told = clickhouseAppend("told", { columns: { user_id: "Int64", n: "Int64" }, orderBy: ["user_id"] });

Deno.test("describe() shows the stream of a table's changes, and its topics among no others", () => {
  const app = topology("app", (builder) => {
    const perUser = builder.table(orders).groupBy(({ user_id }) => ({ user_id })).aggregate("per_user", { n: count() });
    builder.toStream(perUser).map((row, { user_id }) => [null, { user_id, n: row?.n ?? 0 }]).to(told);
  });
  const description = describe(compile(app), app);
  const { streams, stages, outputs, tasks } = description;
  assertEquals(streams.map(({ name, topic }) => [name, topic]), [
    ["stream.per_user.rows", "weir.app.per_user.changes"],
  ]);
  assertEquals(stages.map(({ name, inputs, does }) => [name, inputs, does]), [
    ["stage.per_user-changes", ["per_user.rows.read"], "each change of a row once, by key"],
  ]);
  assertEquals(outputs, []);
  // Shares could not be told as changes: merge tasks hold the totals.
  assertEquals(tasks.map(({ table, roles }) => `${table}: ${roles.join()}`), ["orders: home", "per_user: merge,home"]);
  assertStringIncludes(describeText(description), "keeps weir.app.per_user-changes.changelog");
});
