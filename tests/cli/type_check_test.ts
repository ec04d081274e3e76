import { assert, assertEquals } from "@std/assert";
import { checkTypes, typeErrors } from "../../src/cli/type_check.ts";
import { permitted, runMain, withDirectory } from "./support.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const topologyOf = (column: string) => `
import { z } from "zod";
import { clickhouse, count, debezium, int8, topology } from "${ROOT}src/mod.ts";

const orders = debezium("shop.public.orders", { key: ["id"], row: z.object({ id: int8(), user_id: int8() }) });
const totals = clickhouse("totals_${column}", { key: ["user_id"], columns: { user_id: "Int64", orders: "UInt64" } });
export default topology("totals-${column}", (builder) => {
  builder.table(orders).groupBy((order) => ({ user_id: order.${column} }))
    .aggregate("per-user-${column}", { orders: count() }).to(totals);
});
`;

Deno.test("typeErrors() gives file, line, message and the innermost reason of each error", () => {
  const output = `TS2551 [ERROR]: Property 'userid' does not exist on type 'Row'. Did you mean 'user_id'?
  order.userid
        ~~~~~~
    at file://${Deno.cwd()}/topologies/sales.ts:25:52

TS6133 [ERROR]: 'rows' is declared but its value is never read.
const rows = 1;
      ~~~~
    at file:///elsewhere/rows.ts:2:7

TS2345 [ERROR]: Argument of type 'A' is not assignable to parameter of type 'B'.
  Types of property 'amount' are incompatible.
    Type 'bigint' is not assignable to type 'number'.
      .to(rows);
          ~~~~
    at file:///elsewhere/rows.ts:39:11

Found 2 errors.
`;
  assertEquals(typeErrors(output), [
    "topologies/sales.ts:25:52: Property 'userid' does not exist on type 'Row'. Did you mean 'user_id'? (TS2551)",
    "/elsewhere/rows.ts:39:11: Argument of type 'A' is not assignable to parameter of type 'B'. " +
    "Types of property 'amount' are incompatible. Type 'bigint' is not assignable to type 'number'. (TS2345)",
  ]);
  assertEquals(typeErrors("error: Module not found"), []);
});

/** A file that is wrong, and what is said of each error. */
const WRONG = `import x from "lodash"; import { foo } from "./nothere.ts"; import { bar } from "./right.ts";
const n: number = "a";
const c: number[] = [1].map((v) =>
  String(v));
export { bar, c, foo, n, x };
`;
const WRONG_SAYS: readonly RegExp[] = [
  /:1:15: Import "lodash" not a dependency .*hint: If you want to use the npm package, try .* \(TS2307\)/,
  /:1:45: Cannot find module 'file:.*\/nothere\.ts'\. \(TS2307\)/,
  /:1:70: .*\/right\.ts"' has no exported member 'bar'\. \(TS2305\)/,
  /:2:7: Type 'string' is not assignable to type 'number'\. \(TS2322\)/,
  /:3:7: Type 'string\[\]' is not assignable to type 'number\[\]'\. Type 'string' is not .* type 'number'\. \(TS2322\)/,
];

/** What is written to a table, stream or topic that does not take it, and what is said of it. */
const SINKS: readonly (readonly [statement: string, says: RegExp])[] = [
  [
    'totals.to(clickhouse("a", { key: ["user_id"], columns: { user_id: "Int64", spent: "Float64" } }))',
    /Types of property 'spent' are incompatible\. Type 'Decimal' is not assignable to type 'number'\. \(TS2769\)/,
  ],
  [
    'totals.to(clickhouse("b", { key: ["user_id"], columns: { user_id: "Int64", more: "String" } }))',
    /Property 'more' is missing in type .* \(TS2769\)/,
  ],
  [
    'builder.table(orders).to(topic("c", { row: z.object({ id: z.string() }) }))',
    /Types of property 'id' are incompatible\. Type 'number' is not assignable to type 'string'\. \(TS2769\)/,
  ],
  [
    'builder.stream(clicks).to(clickhouseAppend("d", { columns: { name: "Int64" }, orderBy: ["name"] }))',
    /Types of property 'name' are incompatible\. Type 'string' is not assignable to type 'number . bigint'\. \(TS/,
  ],
  [
    'clickhouseAppend("e", { columns: { name: "Int64" } })',
    /Property 'orderBy' is missing in type '.*' but required in type 'AppendOptions<.*>'\. \(TS2345\)/,
  ],
];

Deno.test("checkTypes() says of each kind of error what is wrong", { ignore: !permitted }, async () => {
  await withDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/right.ts`, "export const right = 1;\n");
    const files = { wrong: [WRONG, WRONG_SAYS], sinks: [sinksText(), SINKS.map(([, says]) => says)] } as const;
    for (const [name, [text]] of Object.entries(files)) await Deno.writeTextFile(`${directory}/${name}.ts`, text);
    const { broken } = await checkTypes(Object.keys(files).map((name) => `${directory}/${name}.ts`));
    for (const [name, [, says]] of Object.entries(files)) {
      const problems = broken.find(({ path }) => path === `${directory}/${name}.ts`)?.problems ?? [];
      assertEquals(problems.length, says.length, problems.join("\n"));
      const missing = says.filter((one) => !problems.some((problem) => one.test(problem)));
      assertEquals(missing, [], problems.join("\n"));
    }
  });
});

function sinksText(): string {
  return `import { z } from "zod";
import { clickhouse, clickhouseAppend, debezium, events, int8, numeric, sum } from "${ROOT}src/mod.ts";
import { topic, topology } from "${ROOT}src/mod.ts";
const orders = debezium("orders", { key: ["id"], row: z.object({ id: int8(), user_id: int8(), total: numeric() }) });
const clicks = events("clicks", { row: z.object({ name: z.string() }) });
export default topology("sinks", (builder) => {
  const totals = builder.table(orders).groupBy((order) => ({ user_id: order.user_id }))
    .aggregate("spent", { spent: sum((order) => order.total) });
${SINKS.map(([statement]) => `  ${statement};\n`).join("")}});
`;
}

Deno.test({
  name:
    "checkTypes() sets the wrong file apart, also one that is wrong by what it imports, and is quick the second time",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      await Deno.writeTextFile(`${directory}/right.ts`, topologyOf("user_id"));
      await Deno.writeTextFile(`${directory}/wrong.ts`, topologyOf("userid"));
      await Deno.writeTextFile(`${directory}/outer.ts`, 'export { default } from "./wrong.ts";\n');
      const files = ["right", "outer"].map((name) => `${directory}/${name}.ts`);
      const { broken, unchecked } = await checkTypes(files);
      assertEquals([unchecked, broken.map(({ path }) => path)], [null, files.slice(1)]);
      for (const { problems: [problem] } of broken) {
        assert(/wrong\.ts:8:\d+: Property 'userid' does not exist .* Did you mean 'user_id'\?/.test(problem), problem);
      }
      const startedMs = performance.now();
      assertEquals((await checkTypes(files.slice(0, 1))).broken, []);
      assert(performance.now() - startedMs < 2_000, `${performance.now() - startedMs} ms`);
    }),
});

Deno.test({
  name: "start refuses a topology file with a typo, and makes nothing",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/topologies`);
      await Deno.writeTextFile(`${directory}/topologies/totals.ts`, topologyOf("userid"));
      const data = `${directory}/data`;
      const { status, err } = await runMain(["start", "--data", data, "--port", "0", "--duration", "1s"], {
        WEIR_TOPOLOGIES: `${directory}/topologies`,
      });
      assertEquals(status, 1);
      assert(/totals\.ts:8:\d+: Property 'userid' does not exist on type/.test(err), err);
      assert(!await Deno.stat(data).then(() => true, () => false));
    }),
});
