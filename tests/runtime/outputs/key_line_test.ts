import { assertEquals } from "@std/assert";
import type { SinkPlan } from "../../../src/plan/physical.ts";
import { Decimal } from "../../../src/record/decimal.ts";
import { keyOf } from "../../../src/record/key.ts";
import { keyLineOf, shownKeyOf } from "../../../src/runtime/outputs/key_line.ts";

function planOf(columns: Readonly<Record<string, string>>, keyOrder: readonly number[]): SinkPlan {
  return {
    name: "s",
    table: {
      name: "s",
      columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
      key: Object.keys(columns),
      shares: false,
    },
    keyOrder,
    byName: false,
  };
}

Deno.test("shownKeyOf() finds the canonical key of texts that earlier versions wrote", () => {
  const price = planOf({ p: "Decimal(12, 2)" }, [0]);
  for (const text of ['"7.00"', '"7"', "7", "7.00"]) assertEquals(shownKeyOf(price, text), 7);
  assertEquals(shownKeyOf(price, '"1.50"'), "1.5");
  assertEquals(shownKeyOf(price, "null"), "null");
  assertEquals(shownKeyOf(planOf({ u: "Nullable(UUID)" }, [0]), '"6F96"'), '"6f96"');
  assertEquals(shownKeyOf(planOf({ f: "Float64" }, [0]), "1e+21"), "1000000000000000000000");
  assertEquals(shownKeyOf(planOf({ t: "String" }, [0]), '"7.00"'), '"7.00"');
  // The sink has the columns in another order than the row key.
  assertEquals(shownKeyOf(planOf({ b: "Decimal(9, 1)", a: "String" }, [1, 0]), '"2.0","3.0"'), '"2.0",3');
});

Deno.test("keyLineOf() writes the key columns as the row encoder does", () => {
  const plan = planOf({ d: "Date", p: "Decimal(12, 2)", f: "Float64", t: "String" }, [0, 1, 2, 3]);
  assertEquals(
    keyLineOf(plan, keyOf([19_753, Decimal.parse("1.50"), 1e21, "é"])),
    '["2024-01-31","1.5",1e+21,"é"',
  );
  assertEquals(keyLineOf(planOf({ p: "Nullable(Decimal(9, 2))" }, [0]), "null"), "[null");
  assertEquals(keyLineOf(planOf({ p: "Decimal(9, 2)" }, [0]), -7), '["-7"');
});
