import { assertEquals, assertNotEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, numeric, timestamp, topology } from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import type { Row } from "../../../src/record/row.ts";
import { planPrint } from "../../../src/runtime/lifecycle/plan_print.ts";

interface Given {
  readonly price?: z.ZodType;
  readonly partitions?: number;
  readonly mapper?: (row: Row) => Row;
  readonly format?: { readonly decimals: "string" | "precise" };
  readonly type?: string;
}

/** The print of one topology, with what is given changed. */
function printOf(given: Given = {}, revision = "r") {
  const { price = numeric(12, 2), mapper = (row) => row, type = "Decimal(12, 2)", format } = given;
  const row = z.object({ id: z.int(), price }) as never;
  const things = debezium("shop.public.things", { key: ["id"] as never, row, format });
  const sink = clickhouse("things", { key: ["id"], columns: { id: "Int64", price: type } } as never);
  const built = topology("things", (builder) => {
    (builder.table(things as never) as never as { mapValues(f: typeof mapper): { to(s: unknown): void } })
      .mapValues(mapper).to(sink);
  });
  return planPrint(compile(built, () => 1), revision);
}

Deno.test("planPrint() is the same for the same topology, built again", () => {
  assertEquals(printOf(), printOf());
});

Deno.test("planPrint() is another one for whatever changes what is computed", () => {
  const prints = [
    printOf(),
    printOf({}, "another program"),
    printOf({ price: numeric(12, 4) }),
    printOf({ price: numeric(14, 2) }),
    printOf({ price: timestamp(3) }),
    printOf({ price: numeric(12, 2).nullable() }),
    printOf({ price: z.string() }),
    printOf({ price: z.string().max(5) }),
    printOf({ price: z.string().max(6) }),
    printOf({ format: { decimals: "precise" } }),
    printOf({ mapper: (row) => ({ ...row }) }),
    printOf({ type: "Decimal(12, 4)" }),
  ];
  for (const [index, print] of prints.entries()) {
    for (const other of prints.slice(index + 1)) assertNotEquals(print, other, `the one at ${index}`);
  }
});
