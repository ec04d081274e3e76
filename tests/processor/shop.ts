import { z } from "zod";
import { clickhouse, debezium, Decimal, type Int8, int8, numeric } from "../../src/mod.ts";
import type { SelectedRow } from "../../src/testing/mod.ts";

function source(name: string) {
  return debezium(`t.public.${name}`, {
    key: ["id"],
    row: z.object({ id: int8(), ref: int8().nullable(), text: z.string(), amount: numeric(12, 2), units: int8() }),
  });
}

/** Tables of one shape: `ref` is a foreign key of any of them. */
export const a = source("a");
export const b = source("b");
export const c = source("c");

/** Keyed by text. */
export const words = debezium("t.public.words", {
  key: ["word"],
  row: z.object({ word: z.string(), meaning: z.string(), ref: z.string().nullable() }),
});

/** Keyed by two columns. */
export const lines = debezium("t.public.lines", {
  key: ["sheet", "nr"],
  row: z.object({ sheet: int8(), nr: z.int(), text: z.string() }),
});

/** A key and one text. */
export const out = clickhouse("out", { key: ["id"], columns: { id: "Int64", text: "String" } });

/** The rows of {@link out} as `id text`. */
export function texts(rows: readonly SelectedRow[]): string[] {
  return rows.map((row) => `${row.id} ${row.text}`);
}

/** A row of `a`, `b` or `c` with what the test does not care about filled in. */
export function row(
  id: Int8,
  columns: { ref?: Int8 | null; text?: string; amount?: string; units?: Int8 } = {},
): (typeof a)["~row"] {
  const { ref = null, text = "", amount = "0.00", units = 0 } = columns;
  return { id, ref, text, amount: Decimal.parse(amount), units };
}
