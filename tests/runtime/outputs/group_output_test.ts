import { assertEquals, assertThrows } from "@std/assert";
import { avg, count, Decimal, max, min, sum } from "../../../src/mod.ts";
import type { AggregatePlan, GroupPlan } from "../../../src/plan/physical.ts";
import type { ProcessorError } from "../../../src/record/errors.ts";
import { keyText } from "../../../src/record/key.ts";
import { plainKeyColumn } from "../../../src/record/key_column.ts";
import type { Row } from "../../../src/record/row.ts";
import { GroupOutput } from "../../../src/runtime/outputs/group_output.ts";
import { ShareLines } from "../../../src/runtime/outputs/share_lines.ts";
import { SlotTable } from "../../../src/state/slot_table.ts";
import { type Choices, choicesOf } from "../../oracle/random.ts";
import { eachSeed } from "../../state/each_seed.ts";

const value = (name: string) => (row: Row) => row[name] as Decimal;
const aggregates = {
  rows: count(),
  sum: sum(value("a")),
  mean: avg(value("b"), 4),
  least: min(value("a")),
  greatest: max(value("b")),
};
const aggregate: AggregatePlan = {
  name: "totals",
  columns: Object.entries(aggregates).map(([name, { spec }]) => ({ name, spec })),
};

function open() {
  const entries = new SlotTable();
  const errors: ProcessorError[] = [];
  const groupBy = (row: Row) => row.group as Row | null;
  const plan: GroupPlan = {
    name: "totals",
    step: 0,
    grouping: { kind: "group", groupBy },
    aggregate,
    sink: null,
    merge: null,
  };
  const onError = (error: ProcessorError) => errors.push(error);
  const output = new GroupOutput({
    plan,
    groupBy,
    entries,
    keyColumns: [plainKeyColumn("id")],
    bytesMax: 1e6,
    onError,
  });
  /** Shares of the groups that have rows, by key. */
  const shares = () => {
    const { groups } = output;
    return new Map(
      [...groups.keys.used()].filter((group) => groups.rows(group) > 0)
        .map((group) => [keyText(groups.keys.keyOf(group)), groups.parts(group).map(String)]),
    );
  };
  return { entries, errors, output, shares };
}

const DECIMALS = ["1.5", "1.50", "-2", "0.00", "1e3"].map(Decimal.parse);
const VALUES: readonly unknown[] = [...DECIMALS, 1, 0, -3, 5n, 2n ** 70n, null];

function randomRow(choices: Choices): Row | null {
  if (choices.chance(0.1)) return null;
  const [x, y] = [choices.of([0, -0, 1, Decimal.parse("1.00"), "1", null]), choices.of(["a", "b", undefined])];
  // Columns in another order are the same group.
  const group = choices.of([{ x, y: "a" }, { x, y }, { y: "a", x }, null]);
  return { group, a: choices.of(VALUES), b: choices.of(VALUES) };
}

Deno.test("GroupOutput has the shares that a new one has of the rows as they are now", () => {
  eachSeed(300, (seed) => {
    const choices = choicesOf(seed);
    const { entries, errors, output, shares } = open();
    const rows = Array.from({ length: 8 }, (): Row | null => null);
    const slots = rows.map((_, key) => entries.add(key));
    for (let change = 0; change < 80; change++) {
      const at = choices.int(rows.length);
      const held = rows[at];
      // Mostly one value is another.
      const row = held !== null && choices.chance(0.6)
        ? { ...held, [choices.of(["a", "b"])]: choices.of(VALUES) }
        : randomRow(choices);
      rows[at] = row;
      errors.length = 0;
      output.fold(slots[at], row);
      const dirty = output.changed.takeDirty();
      if (errors.length > 0) rows[at] = null;
      const fresh = open();
      rows.forEach((row, key) => fresh.output.fold(fresh.entries.add(key), row));
      // A sum tells the fraction digits of all that was ever added: by value they are equal.
      const told = (own: Map<string, string[]>) =>
        [...own].map((
          [key, parts],
        ) => [key, parts.map((part) => part.replace(/(\.\d*?)0+(?=,|$)/g, "$1").replace(/\.(?=,|$)/, ""))])
          .sort();
      assertEquals(told(shares()), told(fresh.shares()), `change ${change}`);
      for (const group of dirty) if (output.groups.rows(group) === 0) output.changed.drop(group);
    }
  });
});

Deno.test("GroupOutput says that a group is changed if it is, and only then", () => {
  const { entries, output } = open();
  const entry = entries.add(1);
  const row = { group: { x: 1 }, a: Decimal.parse("1.50"), b: 7 };
  const changes: (Row | null)[] = [row, { ...row }, { ...row, a: Decimal.parse("1.5") }, { ...row, b: 8 }, null, null];
  const dirty = changes.map((changed) => {
    output.fold(entry, changed);
    return output.changed.takeDirty().length;
  });
  assertEquals(dirty, [1, 0, 0, 1, 1, 0]);
});

Deno.test("ShareLines refuses a group whose columns are not the sink's key, whatever came before", () => {
  const table = {
    name: "totals",
    key: ["y", "x"],
    shares: true,
    columns: [{ name: "x", type: "Int64" }, { name: "y", type: "String" }],
  };
  const lines = new ShareLines({ name: "totals", table, keyOrder: [0, 1], byName: true }, aggregate);
  const digest = lines.write({ x: 1, y: "a" }, []);
  assertEquals([lines.write({ y: "a", x: 1 }, []), lines.write({ x: 1, y: "a" }, [])], [digest, digest]);
  for (const columns of [{ x: 1 }, { x: 1, y: "a", z: 2 }, { x: 1, z: "a" }] as Row[]) {
    assertThrows(() => lines.write(columns, []), TypeError, "must be the group's columns");
    assertEquals(lines.writeMark(columns), null);
  }
  assertEquals(lines.write({ x: 1, y: "a" }, []), digest);
});
