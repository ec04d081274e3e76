import { assertEquals, assertNotEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, numeric, timestamp, topology } from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import type { PhysicalPlan } from "../../../src/plan/physical.ts";
import type { Row } from "../../../src/record/row.ts";
import { planPrint, rowsPrint } from "../../../src/runtime/lifecycle/plan_print.ts";

interface Given {
  readonly price?: z.ZodType;
  readonly partitions?: number;
  readonly mapper?: (row: Row) => Row;
  readonly format?: { readonly decimals: "string" | "precise" };
  readonly type?: string;
}

/** One topology, with what is given changed. */
function planOf(given: Given): PhysicalPlan {
  const { price = numeric(12, 2), mapper = (row) => row, type = "Decimal(12, 2)", format } = given;
  const row = z.object({ id: z.int(), price }) as never;
  const things = debezium("shop.public.things", { key: ["id"] as never, row, format });
  const sink = clickhouse("things", { key: ["id"], columns: { id: "Int64", price: type } } as never);
  const built = topology("things", (builder) => {
    (builder.table(things as never) as never as { mapValues(f: typeof mapper): { to(s: unknown): void } })
      .mapValues(mapper).to(sink);
  });
  return compile(built, () => 1);
}

const printOf = (given: Given = {}, topologies = "t") => planPrint(planOf(given), { weir: "w", topologies });
const rowsOf = (given: Given = {}, place = {}) =>
  rowsPrint(planOf(given).tables[0], { weir: "w", partitions: 1, ...place });

/** What changes how rows are read. */
const READ_OTHERWISE: readonly Given[] = [
  { price: numeric(12, 4) },
  { price: numeric(14, 2) },
  { price: timestamp(3) },
  { price: numeric(12, 2).nullable() },
  { price: z.string() },
  { price: z.string().max(5) },
  { price: z.string().max(6) },
  { format: { decimals: "precise" } },
];

function assertDifferent(prints: readonly (string | null)[]): void {
  for (const [index, print] of prints.entries()) {
    assertNotEquals(print, null);
    for (const other of prints.slice(index + 1)) assertNotEquals(print, other, `the one at ${index}`);
  }
}

Deno.test("planPrint() and rowsPrint() are the same for the same topology, built again", () => {
  assertEquals(printOf(), printOf());
  assertEquals(rowsOf(), rowsOf());
});

Deno.test("planPrint() is another one for whatever changes what is computed", () => {
  assertDifferent([
    printOf(),
    printOf({}, "another file"),
    planPrint(planOf({}), { weir: "another Weir", topologies: "t" }),
    ...READ_OTHERWISE.map((given) => printOf(given)),
    printOf({ mapper: (row) => ({ ...row }) }),
    printOf({ type: "Decimal(12, 4)" }),
  ]);
});

Deno.test("rowsPrint() is another one for whatever changes how rows are read, and for nothing else", () => {
  const others = [{ weir: "another Weir" }, { partitions: 2 }].map((place) => rowsOf({}, place));
  assertDifferent([rowsOf(), ...others, ...READ_OTHERWISE.map((given) => rowsOf(given))]);
  assertEquals(rowsOf({ mapper: (row) => ({ ...row }), type: "Decimal(12, 4)" }), rowsOf());
});

Deno.test("rowsPrint() is null where a rule of the author's own decides about rows", () => {
  assertEquals(rowsOf({ price: z.string().refine((text) => text !== "") }), null);
});
