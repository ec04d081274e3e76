import { assert, assertEquals, assertThrows } from "@std/assert";
import { declaredElsewhere } from "../../src/dsl/declared_here.ts";
import { clickhouse, debezium, int8, type Topology, topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { z } from "zod";

const things = debezium("things", { key: ["id"], row: z.object({ id: int8() }) });
const shown = clickhouse("things", { key: ["id"], columns: { id: "Int64" } });

function declared(): Topology {
  return topology("things", (builder) => builder.table(things).to(shown));
}

/** As another copy of Weir, of that version, would have declared it. */
function declaredBy(version: string): Topology {
  const copy = { ...declared() };
  return Object.defineProperty(copy, Symbol.for("weir.declaredBy"), { value: version });
}

Deno.test("a topology runs where it was declared, however its parts are put together", () => {
  assertEquals(declaredElsewhere(declared()), null);
  assertEquals(declaredElsewhere({ ...declared() }), null);
});

Deno.test("a topology that another copy of Weir has declared is refused with both versions", () => {
  const old = declaredElsewhere(declaredBy("0.0.9"))!;
  assert(old.includes("version 0.0.9, and runs with Weir 0."), old);
  const twin = declaredElsewhere(declaredBy("0.1.0"))!;
  assert(twin.includes("another copy of it"), twin);
  assertThrows(() => createTopologyTestDriver(declaredBy("0.0.9")), TypeError, 'Cannot test topology "things": It is');
});
