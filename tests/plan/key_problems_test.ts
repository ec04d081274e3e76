import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { char, citext, clickhouse, debezium, float8, int8, numeric, topology, uuid } from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { ownershipProblems } from "../../src/plan/key_place.ts";
import { sinkKeyProblems } from "../../src/plan/sink_key.ts";
import { TopologyError } from "../../src/record/errors.ts";

const lines = debezium("shop.public.lines", { key: ["id"], row: z.object({ id: int8(), k: z.any() }) });
const out = clickhouse("out", { key: ["id"], columns: { id: "Int64" } });

function joined(key: z.ZodType, format?: { decimals: "string" | "precise" | "double" }) {
  const right = debezium("shop.public.right", { key: ["k"], row: z.object({ k: key }), format });
  return topology("t", (b) => {
    b.table(lines).leftJoin("r", b.table(right) as never, (line) => line.k as never)
      .mapValues((line) => ({ id: line.id })).to(out);
  });
}

Deno.test("compile() refuses a partitioned join by a key whose place nobody can compute", () => {
  for (
    const topology of [
      joined(float8()),
      joined(citext()),
      joined(numeric()),
      joined(numeric(9, 2), { decimals: "double" }),
    ]
  ) {
    const error = assertThrows(() => compile(topology, () => 3), TopologyError);
    assertStringIncludes(error.message, 'Cannot join with table "right" in 3 partitions by its key (k)');
    assertStringIncludes(error.message, "builder.globalTable");
    compile(topology, () => 1);
    compile(topology);
  }
  compile(joined(numeric(9, 2)), () => 3);
  compile(joined(numeric(9, 2), { decimals: "precise" }), () => 3);
});

Deno.test("compile() looks up what a connector writes in different forms instead of joining it in one task", () => {
  const table = (name: string, k: z.ZodType) => debezium(`shop.public.${name}`, { key: ["k"], row: z.object({ k }) });
  const shown = clickhouse("shown", { key: ["k"], columns: { k: "Decimal(12, 4)" } });
  const tables = (left: z.ZodType, partitions: number) => {
    const joined = topology("t", (b) => {
      b.table(table("left", left)).leftJoin("r", b.table(table("right", numeric(6, 2))) as never)
        .mapValues((row) => ({ k: row.k as never })).to(shown);
    });
    return compile(joined, () => partitions).tables.length;
  };
  assertEquals([tables(numeric(6, 2), 3), tables(numeric(8, 4), 3), tables(numeric(8, 4), 1)], [1, 2, 1]);
});

Deno.test("sinkKeyProblems() refuses types in which several texts are one value", () => {
  const problems = (type: string) => sinkKeyProblems({ name: "s", key: ["k"], columns: { k: type }, indexes: {} });
  for (const type of ["Array(String)", "Map(String, Int64)", "Tuple(Int64)", "JSON", "Nullable(JSON)"]) {
    const [problem] = problems(type);
    assertStringIncludes(problem, `Sink "s" cannot have column "k" of type ${type} in its key`);
  }
  const taken = ["DateTime", "DateTime64(3)", "Nullable(DateTime64(9, 'UTC'))", "IPv4", "IPv6", "Enum8('a' = 1)"];
  for (const type of [...taken, "LowCardinality(String)", "UUID", "Float32"]) {
    assertEquals(problems(type), []);
  }
});

Deno.test("ownershipProblems() refuses a later generation of keys whose place nobody can compute", () => {
  const [table] = compile(
    topology("t", (b) => {
      const format = { decimals: "double" } as const;
      b.table(debezium("shop.public.t", { key: ["k"], row: z.object({ k: numeric(6, 2) }), format }))
        .to(clickhouse("s", { key: ["k"], columns: { k: "Decimal(6, 2)" } }));
    }),
    () => 3,
  ).tables;
  assertEquals(ownershipProblems(table, { partitions: 3, generation: 1 }), []);
  assertEquals(ownershipProblems(table, { partitions: 1, generation: 2 }), []);
  assertEquals(ownershipProblems(table, { partitions: 3, generation: 2 }).length, 1);
});

Deno.test("a table whose equal keys may lie in several partitions is not written from several", () => {
  const written = (k: z.ZodType, partitions: number) => () =>
    compile(
      topology("t", (b) => {
        const row = z.object({ k, v: z.string() });
        b.table(debezium("shop.public.t", { key: ["k"], row })).mapValues((row) => ({ k: row.k as never, v: row.v }))
          .to(clickhouse("s", { key: ["k"], columns: { k: "String", v: "String" } }));
      }),
      () => partitions,
    );
  for (const column of [numeric(), citext(), float8(), z.string().transform((text) => text.trim())]) {
    assertThrows(written(column, 2), TopologyError, "may be written as different texts");
    written(column, 1)();
  }
  for (const column of [numeric(6, 2), z.string(), uuid(), int8(), char(3)]) written(column, 2)();
});
