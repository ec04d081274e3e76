import { assert, assertEquals } from "@std/assert";
import { Decimal } from "../../src/record/decimal.ts";
import type { Row } from "../../src/record/row.ts";
import { wireEquals } from "../../src/record/wire.ts";
import type { Rows } from "../../src/state/rows.ts";
import { type Choices, choicesOf } from "../oracle/random.ts";
import { eachSeed } from "./each_seed.ts";
import { loadAll, readerOf, sectionsOf } from "./memory_sections.ts";
import { BORDERS, COLUMN_KINDS, type ColumnKind, rowOf, valueOf } from "./random_values.ts";

class Point {
  constructor(readonly x: number) {}
}

/** Columns of rows, by shape. Those of the first are of one kind each; in the others any value may stand anywhere. */
const SHAPES = [
  [...COLUMN_KINDS],
  [...COLUMN_KINDS].reverse(),
  ["integer", "text"],
  [...COLUMN_KINDS, "more"],
  ["__proto__", "constructor", "10", "2", "toString"],
  ["hasOwnProperty", "", "a b", "'\"\\\n\u2028"],
  [],
];

function randomRow(choices: Choices): Row {
  if (choices.chance(0.01)) return new Point(choices.int(5)) as unknown as Row;
  if (choices.chance(0.01)) return Object.assign(Object.create(null), { x: choices.int(5) });
  // So many shapes that no layout can learn them all.
  if (choices.chance(0.02)) return rowOf([`c${choices.int(400)}`, "x"], () => valueOf("mixed", choices));
  if (choices.chance(0.3)) return rowOf(choices.of(SHAPES), () => valueOf("mixed", choices));
  return rowOf(SHAPES[0], (name) => valueOf(name as ColumnKind, choices));
}

/** A row that may be equal to this one: a value less, or more, or in another form. */
function nearly(row: Row, choices: Choices): Row {
  const names = choices.chance(0.5) ? Object.keys(row) : Object.keys(row).reverse();
  const other = choices.of([...names, ""]);
  const value = choices.of([undefined, null, valueOf("mixed", choices)]);
  const copy = rowOf(names, (name) => {
    const held = Object.getOwnPropertyDescriptor(row, name)!.value;
    if (held instanceof Decimal && held.scale < 30) return held.rescale(held.scale + 1);
    return name === other && choices.chance(0.5) ? value : held;
  });
  return choices.chance(0.3) ? { ...copy, added: value } : copy;
}

/** Also the order of the columns. */
function assertSame(held: Row | null, expected: Row | null): void {
  assertEquals(held, expected);
  if (held !== null) assertEquals(Object.keys(held), Object.keys(expected as Row));
}

function canBeSaved(row: Row | null): boolean {
  return row === null || Object.getPrototypeOf(row) === Object.prototype;
}

function attempt(make: () => Rows, { seed, steps }: { readonly seed: number; readonly steps: number }): void {
  const choices = choicesOf(seed);
  let rows = make();
  const held: (Row | null)[] = [];
  const reload = () => {
    // What no text can stand for is not part of this.
    for (let slot = 0; slot < held.length; slot++) {
      if (canBeSaved(held[slot])) continue;
      rows.clear(slot);
      held[slot] = null;
    }
    const sections = sectionsOf(rows);
    rows = make();
    loadAll(rows.load(readerOf(sections)));
  };
  for (let step = 0; step < steps; step++) {
    if (held.length === 0 || (held.length < 3_000 && choices.chance(0.2))) {
      rows.grow(held.length);
      held.push(null);
    }
    const slot = choices.int(held.length);
    const before = held[slot];
    if (choices.chance(0.05)) {
      rows.clear(slot);
      held[slot] = null;
    } else {
      const row = choices.chance(0.1)
        ? null
        : before !== null && choices.chance(0.4)
        ? nearly(before, choices)
        : randomRow(choices);
      const changed = !wireEquals(before, row);
      assertEquals(rows.write(slot, row), changed);
      if (changed) held[slot] = row;
    }
    assertSame(rows.read(slot), held[slot]);
    assertEquals(rows.has(slot), held[slot] !== null);
    if (choices.chance(1 / 3_000)) reload();
  }
  held.forEach((row, slot) => assertSame(rows.read(slot), row));
  reload();
  held.forEach((row, slot) => assertSame(rows.read(slot), row));
}

function grown(make: () => Rows, slots: number): Rows {
  const rows = make();
  for (let slot = 0; slot < slots; slot++) rows.grow(slot);
  return rows;
}

/** What every layout of rows must do. */
export function rowsConformance(name: string, make: () => Rows): void {
  comparisons(name, make);
  tables(name, make);
}

function comparisons(name: string, make: () => Rows): void {
  Deno.test(`${name} holds what an array of rows holds`, () => {
    eachSeed(8, (seed) => attempt(make, { seed, steps: 4_000 }));
  });

  Deno.test(`${name} keeps a row that is equal as it is, and puts one that differs as given`, () => {
    const rows = grown(make, 1);
    const decimal = (text: string, other: number) => ({ a: Decimal.parse(text), b: other });
    const scale = () => (rows.read(0)?.a as Decimal).scale;
    assertEquals([rows.write(0, decimal("1.50", 1)), scale()], [true, 2]);
    assertEquals([rows.write(0, decimal("1.5", 1)), scale()], [false, 2]);
    assertEquals([rows.write(0, decimal("1.5", 2)), scale()], [true, 1]);
    // The order of columns makes no difference, nor does one that is undefined.
    assertEquals(rows.write(0, { c: undefined, b: 2, a: Decimal.parse("1.5") }), false);
    assertEquals(Object.keys(rows.read(0)!), ["a", "b"]);
    assertEquals(rows.write(0, { b: 2, a: Decimal.parse("1.5"), c: null }), true);
    assertEquals(Object.keys(rows.read(0)!), ["b", "a", "c"]);
  });

  Deno.test(`${name} tells each value at a border from every other, whatever the form of the column`, () => {
    for (const usual of [5, 0.5, Decimal.of(5, 2), true, "word", {}]) {
      for (const before of BORDERS) {
        // For each a new table, as one value may change the form for all that follow.
        const rows = grown(make, BORDERS.length);
        rows.write(0, { a: usual });
        for (let slot = 1; slot < BORDERS.length; slot++) rows.write(slot, { a: before });
        for (let slot = 1; slot < BORDERS.length; slot++) {
          const [held, row] = [{ a: before }, { a: BORDERS[slot] }];
          const changed = !wireEquals(held, row);
          assertEquals(rows.write(slot, row), changed);
          assertSame(rows.read(slot), changed ? row : held);
        }
      }
    }
    // An integer that stands for null in 4 bytes, among integers.
    for (const [before, after] of [[null, -(2 ** 31)], [0, -0], [-0, -(2 ** 31)], [7n, null], [null, -0]]) {
      const rows = grown(make, 2);
      rows.write(0, { a: 5 });
      rows.write(1, { a: before });
      assertEquals(rows.write(1, { a: after }), !wireEquals(before, after));
      assertSame(rows.read(1), { a: wireEquals(before, after) ? before : after });
    }
  });
}

function tables(name: string, make: () => Rows): void {
  Deno.test(`${name} holds nothing of columns that a row has no more`, () => {
    const rows = grown(make, 1);
    rows.write(0, { a: ["x".repeat(10_000)] });
    const { bytes } = rows;
    rows.write(0, { b: 1 });
    assert(rows.bytes < bytes - 9_000, `${rows.bytes} instead of ${bytes}`);
  });

  Deno.test(`${name} reads at a new slot, and after clear, no row`, () => {
    const rows = grown(make, 2);
    assertEquals([rows.has(1), rows.read(1), rows.write(1, null)], [false, null, false]);
    rows.write(1, {});
    assertEquals([rows.has(1), rows.read(1)], [true, {}]);
    rows.clear(1);
    assertEquals([rows.has(1), rows.read(1)], [false, null]);
    rows.write(1, { a: 1 });
    assertEquals([rows.write(1, null), rows.has(1)], [true, false]);
  });

  Deno.test(`${name} holds rows beyond one chunk, and all their columns of whatever shape`, () => {
    const rows = grown(make, 140_000);
    for (let slot = 0; slot < 140_000; slot++) rows.write(slot, slot % 7 === 0 ? { b: slot } : { a: slot, b: -slot });
    for (let slot = 0; slot < 140_000; slot += 997) {
      assertEquals(rows.read(slot), slot % 7 === 0 ? { b: slot } : { a: slot, b: -slot });
    }
    assert(rows.bytes > 140_000);
  });

  Deno.test(`${name} refuses sections of another number of slots, and those cut off`, () => {
    const rows = grown(make, 100);
    for (let slot = 0; slot < 90; slot++) rows.write(slot, slot === 5 ? { other: 1 } : { a: slot, b: "x" });
    const sections = sectionsOf(rows);
    loadAll(grown(make, 100).load(readerOf(sections)));
    const fails = (load: () => void) => {
      try {
        load();
      } catch (error) {
        return error instanceof RangeError;
      }
      return false;
    };
    assert(fails(() => loadAll(grown(make, 99).load(readerOf(sections)))));
    for (let at = 0; at < sections.length; at++) {
      assert(fails(() => loadAll(make().load(readerOf(sections.slice(0, at))))), `cut off at ${at}`);
    }
  });
}
