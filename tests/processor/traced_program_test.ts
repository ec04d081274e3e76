import { assertEquals } from "@std/assert";
import type { LookupPlan, Step } from "../../src/plan/physical.ts";
import { traceProgram } from "../../src/processor/traced_program.ts";
import { plainKeyColumn } from "../../src/record/key_column.ts";
import { type Row, UNKNOWN, type Value } from "../../src/record/row.ts";
import { Entries } from "../../src/state/entries.ts";

const COLUMNS = [plainKeyColumn("id")];
const LOOKUP: LookupPlan = { name: "a.b", global: false, table: 1, step: 0, keyColumns: COLUMNS };
const STEPS: readonly Step[] = [
  { kind: "member", name: "a", member: 0 },
  { kind: "filter", name: "a.filter", input: 0, predicate: ({ on }) => on },
  {
    kind: "lookup",
    name: "a.b",
    input: 1,
    column: "b",
    inner: true,
    lookup: 0,
    foreignKey: ({ b_id }) => b_id,
  },
  { kind: "map", name: "a.mapValues", input: 2, mapper: ({ id, b }) => ({ id, name: b.name.toUpperCase() }) },
  { kind: "member", name: "c", member: 1 },
  { kind: "pair", name: "a.c", mode: "left", left: 3, right: 4, column: "c", leftColumn: null },
];

/** The outcomes of all steps for a row, whose right row is this. */
function outcomesOf([row, right, other = null]: readonly [Row | null, Value, (Row | null)?]) {
  const entries = new Entries(2);
  const entry = entries.keys.add(1);
  entries.members[0].write(entry, row);
  entries.members[1].write(entry, other);
  const looked: unknown[] = [];
  const traced = traceProgram({
    ...{ steps: STEPS, lookups: [LOOKUP], entries, keyColumns: COLUMNS },
    peek(lookup, key) {
      looked.push([lookup, key]);
      return right;
    },
  }, entry);
  return { traced, looked, outcomes: traced.map(({ outcome }) => outcome) };
}

Deno.test("traceProgram() tells what each operator made of a row", async (t) => {
  const row = { id: 1, on: true, b_id: 7 };
  const none = ["not reached", "not reached"];
  for (
    const [name, given, outcomes] of [
      ["passes", [row, { name: "x" }], ["found", "passed", "matched", "mapped", "no row", "no partner"]],
      ["both", [row, { name: "x" }, { id: 1 }], ["found", "passed", "matched", "mapped", "found", "matched"]],
      ["no row", [null, null], ["no row", "not reached", ...none, "no row", "not reached"]],
      ["filtered", [{ ...row, on: false }, null], ["found", "filtered", ...none, "no row", "not reached"]],
      ["no partner", [row, null], ["found", "passed", "no partner", "not reached", "no row", "not reached"]],
      ["null key", [{ ...row, b_id: null }, null], [
        ...["found", "passed", "null key", "not reached", "no row", "not reached"],
      ]],
      ["waiting", [row, UNKNOWN], ["found", "passed", "waiting", "not reached", "no row", "not reached"]],
      ["threw", [row, {}], ["found", "passed", "matched", "dead letter", "no row", "not reached"]],
    ] as const
  ) await t.step(name, () => assertEquals(outcomesOf(given).outcomes, [...outcomes]));
});

Deno.test("traceProgram() tells what was looked up, every register, and what a callback threw", () => {
  const { traced, looked } = outcomesOf([{ id: 1, on: true, b_id: 7 }, { name: "x" }]);
  assertEquals(looked, [[0, 7]]);
  assertEquals(traced[2].lookedUp, { key: 7, value: { name: "x" } });
  assertEquals(traced.map(({ value }) => value), [
    { id: 1, on: true, b_id: 7 },
    { id: 1, on: true, b_id: 7 },
    { id: 1, on: true, b_id: 7, b: { name: "x" } },
    { id: 1, name: "X" },
    null,
    { id: 1, name: "X", c: null },
  ]);
  const { traced: threw } = outcomesOf([{ id: 1, on: true, b_id: 7 }, {}]);
  assertEquals([threw[3].error?.operator, threw[3].error?.key], ["a.mapValues", "1"]);
});
