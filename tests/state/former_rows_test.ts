import { assertEquals } from "@std/assert";
import type { Row } from "../../src/record/row.ts";
import { FormerRows } from "../../src/state/former_rows.ts";

const [a, b, c]: readonly Row[] = ["a", "b", "c"].map((title) => ({ id: 2, title }));
const details = (before: Row | null, transaction: string | null = "7") => () => ({ before, transaction });

Deno.test("FormerRows ignores the delete of the former holder and its tombstone, once", () => {
  const former = new FormerRows();
  former.displaced(2, { held: b, row: a, details: details(null) });
  assertEquals(former.ignores(2, a, details(b)), true);
  assertEquals(former.ignores(2, a, null), true);
  assertEquals(former.ignores(2, a, null), false, "a tombstone alone deletes");
  assertEquals(former.empty, true);
});

Deno.test("FormerRows knows several former holders of one key", () => {
  const former = new FormerRows();
  former.displaced(2, { held: a, row: b, details: details(null) });
  former.displaced(2, { held: b, row: c, details: details(null) });
  for (const row of [a, b]) {
    assertEquals(former.ignores(2, c, details(row)), true);
    assertEquals(former.ignores(2, c, null), true);
  }
  assertEquals(former.ignores(2, c, details(a)), false);
});

Deno.test("FormerRows applies every delete that it cannot tell for certain", () => {
  const displaced = (transaction: string | null) => {
    const former = new FormerRows();
    former.displaced(2, { held: b, row: a, details: details(null, transaction) });
    return former;
  };
  assertEquals(displaced("7").ignores(2, a, details(a)), false, "before is the row held");
  assertEquals(displaced("7").ignores(2, a, details(c)), false, "before is nobody's");
  assertEquals(displaced("7").ignores(2, a, details(null)), false, "no before");
  assertEquals(displaced("7").ignores(2, a, details(b, "8")), false, "another transaction");
  assertEquals(displaced(null).ignores(2, a, details(b, null)), false, "no transaction");
  assertEquals(displaced("7").ignores(2, null, details(b)), false, "nothing held");
  assertEquals(displaced("7").ignores(3, a, details(b)), false, "another key");
  const updated = displaced("7");
  assertEquals(updated.ignores(2, a, details(b)), true);
  updated.updated(2);
  assertEquals(updated.ignores(2, c, null), false, "a change came between the delete and the tombstone");
});
