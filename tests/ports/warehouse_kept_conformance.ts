import { assertEquals } from "@std/assert";
import type { TableSpec, UpsertRow } from "../../src/ports/warehouse.ts";
import { lineOf } from "../line_bytes.ts";
import { noSale, PARTIAL, PLAIN, sale, type Test } from "./warehouse_fixtures.ts";

/** Columns that are called as what a question would call its own, and keys that may be NULL. */
const NAMED: TableSpec = {
  name: "named",
  columns: [{ name: "key", type: "Nullable(String)" }, { name: "task", type: "Int64" }, {
    name: "digest",
    type: "String",
  }],
  key: ["task", "key"],
  shares: false,
};

interface Share {
  readonly group: readonly [seller: string, hour: number];
  readonly digest: number;
}

/** A share of the table {@link PARTIAL}; hours in microseconds. */
function share(task: string, { group: [seller, hour], digest }: Share): UpsertRow {
  const key = `${hour},"${seller}"`;
  return { line: lineOf(`["${seller}",${hour},"1.50",1`), task, key, digest, epoch: 3, seq: digest };
}

/** What every adapter holds of one key. */
export function warehouseKeptConformance(test: Test): void {
  test("kept() gives the newest version of a key, and the row of the view", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    assertEquals(await warehouse.kept(PLAIN, "[1"), { rows: [], shown: null });
    const upserts = [sale(1, { seq: 7, digest: 70 }), sale(2, { epoch: 2 ** 40, seq: 9, digest: 90 })];
    await warehouse.insert({ table: PLAIN, upserts, deletes: [] });
    await warehouse.insert({ table: PLAIN, upserts: [sale(1, { seq: 4, digest: 40 })], deletes: [] });
    const first = await warehouse.kept(PLAIN, "[1");
    assertEquals(first.rows, [{ task: "sales@0", digest: 70, epoch: 1, seq: 7 }]);
    assertEquals([Number(first.shown!.id), String(first.shown!.amount), first.shown!.note], [1, "1.00", null]);
    const second = await warehouse.kept(PLAIN, "[2");
    assertEquals(second.rows, [{ task: "sales@0", digest: 90, epoch: 2 ** 40, seq: 9 }]);
    assertEquals(await warehouse.kept(PLAIN, "[12"), { rows: [], shown: null });
  });

  test("kept() gives a tombstone without a row", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    await warehouse.insert({ table: PLAIN, upserts: [sale(1, { seq: 1 })], deletes: [noSale(1, { seq: 2 })] });
    const kept = await warehouse.kept(PLAIN, "[1");
    assertEquals(kept, { rows: [{ task: "sales@0", digest: null, epoch: 1, seq: 2 }], shown: null });
  });

  test("kept() gives the share of every task, and the total", async ({ warehouse }) => {
    await warehouse.ensure(PARTIAL);
    const [first, second]: [string, number][] = [["it's", 1_000_000], ["it's", 2_000_000]];
    const upserts = [
      share("b@1", { group: first, digest: 2 }),
      share("a@0", { group: first, digest: 1 }),
      share("a@0", { group: second, digest: 9 }),
    ];
    await warehouse.insert({ table: PARTIAL, upserts, deletes: [] });
    const { rows, shown } = await warehouse.kept(PARTIAL, `["it's",1000000`);
    assertEquals(rows, [{ task: "a@0", digest: 1, epoch: 3, seq: 1 }, { task: "b@1", digest: 2, epoch: 3, seq: 2 }]);
    assertEquals([String(shown!.revenue), Number(shown!.units)], ["3.00", 2]);
  });

  test("kept() finds keys with NULL, whatever the columns are called", async ({ warehouse }) => {
    await warehouse.ensure(NAMED);
    const row = (line: string, digest: number): UpsertRow => (
      { line: lineOf(line), task: "named@0", key: String(digest), digest, epoch: 1, seq: digest }
    );
    await warehouse.insert({ table: NAMED, upserts: [row('[null,1,"x"', 5), row('["k",1,"y"', 6)], deletes: [] });
    const found = await Promise.all(["[1,null", '[1,"k"', "[2,null"].map((line) => warehouse.kept(NAMED, line)));
    assertEquals(found.map(({ rows: [one], shown }) => [one?.digest, shown?.digest]), [
      [5, "x"],
      [6, "y"],
      [undefined, undefined],
    ]);
  });
}
