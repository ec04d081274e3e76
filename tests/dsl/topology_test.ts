import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, int8, timestamptz, topology, TopologyError } from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { a, b, c, lines, out } from "../processor/shop.ts";

function problemsOf(declare: () => unknown): readonly string[] {
  return (assertThrows(declare, TopologyError) as TopologyError).problems;
}

// deno-lint-ignore no-explicit-any -- these topologies are wrong in ways that the compiler would refuse
type Untyped = any;

Deno.test("topology() names operators by root and column, whatever stands above them", () => {
  const names = (declared: ReturnType<typeof topology>) => declared.nodes.map((node) => node.name);
  const plain = topology(
    "plain",
    (builder) =>
      builder.table(a).leftJoin("b", builder.table(b), (row) => row.ref).mapValues((row) => ({ ...row, text: "" })).to(
        out,
      ),
  );
  assertEquals(names(plain), ["a", "b", "a.b", "a.mapValues", "out"]);
  const filtered = topology(
    "filtered",
    (builder) =>
      builder.table(a).filter(() => true).filterNot(() => false)
        .leftJoin("b", builder.table(b), (row) => row.ref).to(out),
  );
  assertEquals(names(filtered), ["a", "a.filter", "a.filterNot", "b", "a.b", "out"]);
});

Deno.test("topology() reports all problems at once", () => {
  const keyless = debezium("t.public.keyless", { key: [], row: z.object({ id: int8() }) });
  const problems = problemsOf(() =>
    topology("Not a name", (builder) => {
      const table = builder.table(a);
      table.leftJoin("b", builder.table(b), (row) => row.ref);
      table.leftJoin("b", builder.table(c), (row) => row.ref);
      table.groupBy((row) => ({ text: row.text })).aggregate("no spaces!", { rows: count() });
      builder.table(keyless);
      table.to(clickhouse("bad-name", { key: [], columns: { _id: "Int64" } }) as Untyped);
    })
  );
  assertEquals(problems.map((problem) => /^(?:Cannot use|Two|Source|Sink|Column)[^.:,]*/.exec(problem)?.[0]), [
    'Cannot use "Not a name" as a topology\'s name',
    'Two operators are named "a',
    'Cannot use "no spaces!" as an operator\'s name',
    'Source "keyless" has no key column',
    'Sink "bad-name" has no key',
    'Cannot use "bad-name" as a ClickHouse table',
    'Column "_id" of sink "bad-name" begins with "_"',
  ]);
});

Deno.test("topology() names a column whose type is no ClickHouse type", () => {
  const shown = clickhouse("shown", { key: ["id"], columns: { id: "Int64", price: "Decimal(9, 10)" } }) as Untyped;
  assertEquals(problemsOf(() => topology("shop", (builder) => builder.table(a).to(shown))), [
    'Column "price" of sink "shown": Cannot read "Decimal(9, 10)" as a ClickHouse type: 10 is no integer from 0 to 9',
  ]);
});

Deno.test("topology() refuses one topic whose keys are declared in two forms", () => {
  const declared = (format?: { decimals: "string" | "precise" }) =>
    debezium("t.public.events", { key: ["at"], row: z.object({ at: timestamptz() }), format });
  const [problem, ...others] = problemsOf(() =>
    topology("t", (b) => {
      b.table(declared());
      b.table(declared({ decimals: "precise" }));
      b.table(declared({ decimals: "string" }));
    })
  );
  assertEquals([problem.includes("the same format"), others.length], [true, 1]);
});

Deno.test("topology() refuses bare keys of several columns, and one topic with and without them", () => {
  const row = z.object({ id: int8(), region: int8() });
  const bare = { key: "bare" } as const;
  const [several, mixed, ...others] = problemsOf(() =>
    topology("t", (b) => {
      b.table(debezium("t.public.several", { key: ["id", "region"], row, format: bare }));
      b.table(debezium("t.public.events", { key: ["id"], row, format: bare }));
      b.table(debezium("t.public.events", { key: ["id"], row }));
    })
  );
  assertEquals([several.includes('format: { key: "bare" }'), mixed.includes("the same format"), others.length], [
    true,
    true,
    1,
  ]);
});

Deno.test("topology() that writes nothing is refused", () => {
  assertEquals(problemsOf(() => topology("idle", (builder) => void builder.table(a))).length, 1);
});

Deno.test("topology() refuses tables of another topology, and operators after it is built", () => {
  let kept: Untyped;
  topology("first", (builder) => {
    kept = builder.table(a);
    kept.to(out);
  });
  assertThrows(() => kept.filter(() => true), TypeError, "already built");
  assertThrows(
    () => topology("second", (builder) => builder.table(b).leftJoin("a", kept, (row: Untyped) => row.ref)),
    TypeError,
    "another topology",
  );
});

Deno.test("topology() refuses a table of ClickHouse that is written twice", () => {
  const problems = problemsOf(() =>
    topology("twice", (builder) => {
      builder.table(a).to(out);
      builder.table(b).to(out);
    })
  );
  assertEquals(problems.length, 1);
});

Deno.test("topology() shares the table of a source that is used twice", () => {
  const plan = compile(topology("shared", (builder) => {
    builder.table(a.pick("ref")).leftJoin("b", builder.table(b.pick("text")), (row) => row.ref)
      .mapValues((row) => ({ id: row.id, text: row.b?.text ?? "" })).to(out);
    builder.table(a.pick("units")).groupBy((row) => ({ units: row.units })).aggregate("units", { rows: count() })
      .to(clickhouse("units", { key: ["units"], columns: { units: "Int64", rows: "UInt64" } }));
  }));
  assertEquals(plan.tables.map((table) => table.name), ["a", "b"]);
  const [member] = plan.tables[0].members;
  assertEquals(member.kind === "source" && Object.keys(member.source.row.shape).sort(), ["id", "ref", "units"]);
});

Deno.test("compile() refuses a sink whose key does not fit the table's", () => {
  const shown = clickhouse("shown", { key: ["nr"], columns: { nr: "Int32", text: "String" } });
  const declared = topology("short", (builder) => builder.table(lines).to(shown));
  const [problem] = problemsOf(() => compile(declared));
  assertEquals(problem.includes('table "lines" is keyed by 2 (sheet, nr)'), true);
});

Deno.test("compile() refuses columns of a sink that an aggregate cannot fill", () => {
  const shown = clickhouse("shown", { key: ["text"], columns: { text: "String", rows: "UInt64", other: "String" } });
  const declared = topology("unfilled", (builder) => {
    const totals = builder.table(a).groupBy((row) => ({ text: row.text })).aggregate("t", { rows: count() });
    totals.to(shown as Untyped);
  });
  const [problem] = problemsOf(() => compile(declared));
  assertEquals(problem.includes('Column "other" of sink "shown"'), true);
});

Deno.test("compile() refuses a partitioned table as the right side of a global one", () => {
  const declared = topology("misjoined", (builder) => {
    const global = (builder.globalTable(a) as Untyped).leftJoin("b", builder.table(b), (row: Untyped) => row.ref);
    builder.table(c).leftJoin("a", global, (row: Untyped) => row.ref).to(out);
  });
  const [problem] = problemsOf(() => compile(declared));
  assertEquals(problem.includes("a global table takes global tables only"), true);
});

Deno.test("compile() refuses an outer join of totals with what is made of them", () => {
  const declared = topology("circle", (builder) => {
    const group = (row: { readonly ref: number | bigint | null }) => row.ref === null ? null : { ref: row.ref };
    const counts = builder.table(a).groupBy(group).aggregate("counts", { rows: count() });
    const again = builder.table(a).leftJoin("count", counts, (row) => row.ref).groupBy(group)
      .aggregate("again", { rows: count() });
    counts.outerJoin({ left: "one", right: "two" }, again).mapValues((_row, ref) => ({ id: ref, text: "" })).to(out);
  });
  const [problem] = problemsOf(() => compile(declared));
  assertEquals(problem.includes("neither could begin before the other"), true);
});
