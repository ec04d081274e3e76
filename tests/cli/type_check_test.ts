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
    "Type 'bigint' is not assignable to type 'number'. (TS2345)",
  ]);
  assertEquals(typeErrors("error: Module not found"), []);
});

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
