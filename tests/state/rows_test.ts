import { assert, assertEquals } from "@std/assert";
import { ObjectRows } from "./object_rows.ts";
import { PackedRows } from "../../src/state/packed_rows.ts";
import { plainShape } from "../../src/state/row_shape.ts";
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
