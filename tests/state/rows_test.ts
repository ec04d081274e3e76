import { assert, assertEquals } from "@std/assert";
import { ObjectRows } from "./object_rows.ts";
import { PackedRows } from "../../src/state/packed_rows.ts";
import { plainShape } from "../../src/state/row_shape.ts";
import type { Row } from "../../src/record/row.ts";
import { wireEquals } from "../../src/record/wire.ts";
import { choicesOf } from "../oracle/random.ts";
import { eachSeed } from "./each_seed.ts";
import { BORDERS, rowOf } from "./random_values.ts";
import { rowsConformance } from "./rows_conformance.ts";

rowsConformance("ObjectRows", () => new ObjectRows());
rowsConformance("PackedRows", () => new PackedRows());
// The same functions, not compiled.
rowsConformance("PackedRows by loops", () => new PackedRows({ shapes: plainShape }));

Deno.test("PackedRows gives an object of the caller's own each time", () => {
  const rows = new PackedRows();
  rows.grow(0);
  rows.grow(1);
  const row = { a: 1, b: "x" };
  rows.write(0, row);
  (row as { a: number }).a = 2;
  (rows.read(0) as { a: number }).a = 3;
  assertEquals(rows.read(0), { a: 1, b: "x" });
  // Also of a row that is kept as an object.
  const wide = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`c${index}`, 1]));
  rows.write(1, wide);
  wide.c0 = 2;
  (rows.read(1) as { c0: number }).c0 = 3;
  assertEquals(rows.read(1)?.c0, 1);
});

Deno.test("PackedRows takes little more for rows of many shapes than ObjectRows", () => {
  const [packed, objects] = [new PackedRows(), new ObjectRows()];
  for (let slot = 0; slot < 70_000; slot++) {
    const row = { [`a${slot % 500}`]: slot, [`b${slot % 300}`]: -slot, c: slot };
    for (const rows of [packed, objects]) {
      rows.grow(slot);
      rows.write(slot, row);
    }
  }
  assert(packed.bytes < 3 * objects.bytes, `${packed.bytes} against ${objects.bytes}`);
});

Deno.test("PackedRows.equals() says of rows of one shape what write() finds, and no of all others", () => {
  eachSeed(200, (seed) => {
    const choices = choicesOf(seed);
    const rows = new PackedRows();
    rows.grow(0);
    const random = () => rowOf(choices.of([["a", "b"], ["b", "a"], ["a", "__proto__"]]), () => choices.of(BORDERS));
    const held = random();
    assertEquals(rows.equals(0, held), false);
    rows.write(0, held);
    for (let count = 0; count < 20; count++) {
      const row = choices.chance(0.3) ? { ...held } : random();
      const sameShape = JSON.stringify(Object.keys(row)) === JSON.stringify(Object.keys(held));
      assertEquals(rows.equals(0, row), sameShape && wireEquals(held, row));
    }
    rows.write(0, Object.assign(new class {}(), held) as Row);
    assertEquals(rows.equals(0, held), false);
  });
});
