import { assertEquals } from "@std/assert";
import { mulberry32 } from "../../src/record/mulberry32.ts";
import type { Row } from "../../src/record/row.ts";
import { FormerRows } from "../../src/state/former_rows.ts";

const [a, b, c]: readonly Row[] = ["a", "b", "c"].map((title) => ({ id: 2, title }));
const details = (before: Row | null, transaction: string | null = "7") => () => ({ before, transaction });

Deno.test("FormerRows ignores the delete of the former holder and its tombstone, once", () => {
  const former = new FormerRows();
  former.displaced(2, { held: b, row: a, details: details(null) });
  assertEquals(former.afterDelete(2, a, details(b)), a);
  assertEquals(former.afterDelete(2, a, null), a);
  assertEquals(former.afterDelete(2, a, null), null, "a tombstone alone deletes");
  assertEquals(former.empty, true);
});

Deno.test("FormerRows gives the key back to the former holder when the new one leaves first", () => {
  const former = new FormerRows();
  former.displaced(2, { held: a, row: b, details: details(null) });
  former.displaced(2, { held: b, row: c, details: details(null) });
  assertEquals(former.afterDelete(2, c, details(c)), b);
  assertEquals(former.afterDelete(2, b, null), b);
  assertEquals(former.afterDelete(2, b, details(a)), b);
  assertEquals(former.afterDelete(2, b, null), b);
  assertEquals(former.empty, true);
});

Deno.test("FormerRows applies every delete that it cannot tell for certain", () => {
  const displaced = (transaction: string | null) => {
    const former = new FormerRows();
    former.displaced(2, { held: b, row: a, details: details(null, transaction) });
    return former;
  };
  assertEquals(displaced("7").afterDelete(2, a, details(c)), null, "before is nobody's");
  assertEquals(displaced("7").afterDelete(2, a, details(null)), null, "no before");
  assertEquals(displaced("7").afterDelete(2, a, details(b, "8")), null, "another transaction");
  assertEquals(displaced(null).afterDelete(2, a, details(b, null)), null, "no transaction");
  assertEquals(displaced("7").afterDelete(2, null, details(b)), null, "nothing held");
  assertEquals(displaced("7").afterDelete(3, a, details(b)), null, "another key");
  const updated = displaced("7");
  assertEquals(updated.afterDelete(2, a, details(b)), a);
  updated.updated(2);
  assertEquals(updated.afterDelete(2, c, null), null, "a change came between the delete and the tombstone");
});

/** The records that UPDATEs of keys give within one transaction: each row leaves its key, then takes another. */
interface Move {
  readonly key: number;
  readonly before: Row | null;
  readonly after: Row | null;
}

Deno.test("FormerRows: any exchange of keys ends with the rows that have them (seeds 1 to 2,000)", () => {
  for (let seed = 1; seed <= 2_000; seed++) {
    const next = mulberry32(seed);
    const below = (bound: number) => Math.floor(next() * bound);
    const keys = [0, 1, 2, 3];
    const moves: Move[] = [];
    const move = (row: number, to: number) => {
      moves.push({ key: keys[row], before: { id: keys[row], row }, after: null });
      moves.push({ key: to, before: null, after: { id: to, row } });
      keys[row] = to;
    };
    for (let step = below(6); step >= 0; step--) move(below(4), below(6));
    // When the transaction ends all keys are different.
    const free = [0, 1, 2, 3, 4, 5].filter((key) => !keys.includes(key));
    for (let row = 0; row < 4; row++) if (keys.indexOf(keys[row]) !== row) move(row, free.pop()!);
    const former = new FormerRows();
    const held = new Map<number, Row>([0, 1, 2, 3].map((id) => [id, { id, row: id }]));
    const remove = (key: number, look: Parameters<FormerRows["afterDelete"]>[2]) => {
      const left = former.afterDelete(key, held.get(key) ?? null, look);
      if (left === null) held.delete(key);
      else held.set(key, left);
    };
    for (const { key, before, after } of moves) {
      if (after === null) {
        remove(key, details(before));
        remove(key, null);
        continue;
      }
      const replaced = held.get(key);
      held.set(key, after);
      if (replaced !== undefined) former.displaced(key, { held: replaced, row: after, details: details(null) });
    }
    assertEquals(
      [...held].sort(([x], [y]) => x - y),
      keys.map((id, row): [number, Row] => [id, { id, row }]).sort(([x], [y]) => x - y),
      `seed ${seed}`,
    );
  }
});
