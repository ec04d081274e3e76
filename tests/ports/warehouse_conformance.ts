import { assert, assertEquals, assertRejects } from "@std/assert";
import type { DeleteRow, TableSpec, UpsertRow, Warehouse } from "../../src/ports/warehouse.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";
import { warehouseAppendConformance } from "./warehouse_append_conformance.ts";
import { warehouseAppendSqlConformance } from "./warehouse_append_sql_conformance.ts";
import { warehouseContentConformance } from "./warehouse_content_conformance.ts";
import { warehouseDividedConformance } from "./warehouse_divided_conformance.ts";
import { warehouseKeptConformance } from "./warehouse_kept_conformance.ts";
import { warehouseRefusalConformance } from "./warehouse_refusal_conformance.ts";
import { warehouseSqlConformance } from "./warehouse_sql_conformance.ts";
import { warehouseTablesConformance } from "./warehouse_tables_conformance.ts";
import {
  collect,
  noSale,
  type OpenWarehouse,
  PARTIAL,
  PLAIN,
  sale,
  shownBy,
  type Test,
  type WarehouseFeature,
  warehouseTest,
} from "./warehouse_fixtures.ts";
import { lineOf } from "../line_bytes.ts";

export type { OpenWarehouse, WarehouseFeature } from "./warehouse_fixtures.ts";

export interface WarehouseConformanceOptions {
  readonly without?: readonly WarehouseFeature[];
}

const upsert = (warehouse: Warehouse, ...upserts: UpsertRow[]) =>
  warehouse.insert({ table: PLAIN, upserts, deletes: [] });
const remove = (warehouse: Warehouse, ...deletes: DeleteRow[]) =>
  warehouse.insert({ table: PLAIN, upserts: [], deletes });

/** Every guarantee of the Warehouse port, as tests of one adapter. `open` gives an empty warehouse each time. */
export function warehouseConformance(
  name: string,
  open: OpenWarehouse,
  options: WarehouseConformanceOptions = {},
): void {
  const test: Test = (sentence, run) => warehouseTest(`${name}: ${sentence}`, open, run);
  declarationCases(test);
  versionCases(test);
  modelCase(test);
  readingCases(test);
  setAsideCases(test);
  warehouseDividedConformance(test);
  warehouseKeptConformance(test);
  warehouseContentConformance(test);
  warehouseAppendConformance(test);
  if (!options.without?.includes("sql")) {
    warehouseSqlConformance(test);
    warehouseAppendSqlConformance(test);
    warehouseRefusalConformance(test);
    warehouseTablesConformance(test);
  }
}

function declarationCases(test: Test): void {
  test("ensure() creates a table once and is harmless when repeated", async ({ warehouse }) => {
    assertEquals(await warehouse.ensure(PLAIN), { created: true, added: [] });
    await upsert(warehouse, sale(1));
    assertEquals(await warehouse.ensure(PLAIN), { created: false, added: [] });
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:2"]);
  });

  test("present() tells which tables are there, each with an id of its own that stays", async ({ warehouse }) => {
    const gone = { id: null, view: false };
    assertEquals(await warehouse.present([PLAIN, PARTIAL]), new Map([["sales", gone], ["revenue", gone]]));
    await warehouse.ensure(PLAIN);
    const first = (await warehouse.present([PLAIN])).get("sales")!;
    assert(first.id !== null && first.view);
    await warehouse.ensure(PARTIAL);
    await upsert(warehouse, sale(1));
    const both = await warehouse.present([PARTIAL, PLAIN]);
    assertEquals([both.get("sales"), both.get("revenue")!.view], [first, true]);
    assert(both.get("revenue")!.id !== null && both.get("revenue")!.id !== first.id);
    assertEquals(await warehouse.present([]), new Map());
  });

  test("insert() of an empty batch does nothing", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    await warehouse.insert({ table: PLAIN, upserts: [], deletes: [] });
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), []);
  });

  test("ping() resolves, and insert() says of a table that nobody made that it is missing", async ({ warehouse }) => {
    await warehouse.ping();
    const error = await assertRejects(() => upsert(warehouse, sale(1)), ProductionError);
    assertEquals([error.reason, error.retriable], ["missing", true]);
  });
}

function versionCases(test: Test): void {
  test("insert() keeps the newest (epoch, seq) whatever the order of arrival", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    await upsert(warehouse, sale(1, { seq: 5, digest: 50 }));
    await upsert(warehouse, sale(1, { seq: 4, digest: 40 }));
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:50"]);
    await upsert(warehouse, sale(1, { epoch: 2, seq: 1, digest: 60 }));
    await upsert(warehouse, sale(1, { epoch: 1, seq: 900, digest: 70 }));
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:60"]);
  });

  test("insert() shows a key once when one batch holds several versions", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    await upsert(
      warehouse,
      sale(1, { seq: 2, digest: 20 }),
      sale(1, { seq: 3, digest: 30 }),
      sale(1, { seq: 1, digest: 10 }),
    );
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:30"]);
  });

  test("insert() of the same batch again is harmless", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    const batch = {
      table: PLAIN,
      upserts: [sale(1, { seq: 1 }), sale(2, { seq: 2 })],
      deletes: [noSale(3, { seq: 3 })],
    };
    await warehouse.insert(batch);
    await warehouse.insert(batch);
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:2", "2:3"]);
    await upsert(warehouse, sale(1, { seq: 4, digest: 99 }));
    await warehouse.insert(batch);
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:99", "2:3"]);
  });

  test("insert() hides deleted rows, unless they are older or newer rows follow", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    await upsert(warehouse, sale(1, { seq: 1 }), sale(2, { seq: 2 }), sale(3, { seq: 5 }));
    await remove(warehouse, noSale(1, { seq: 3 }), noSale(3, { seq: 4 }));
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["2:3", "3:4"]);
    await upsert(warehouse, sale(1, { seq: 6, digest: 11 }));
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:11", "2:3", "3:4"]);
    await remove(warehouse, noSale(2, { epoch: 2 }), noSale(9, { epoch: 2 }));
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:11", "3:4"]);
  });
}

function modelCase(test: Test): void {
  test("insert() agrees with a model over random versions, deletes and repetitions", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    const random = mulberry32(seed);
    const newest = new Map<number, { epoch: number; seq: number; digest: number | null }>();
    const operations = Array.from({ length: 300 }, (_, seq) => {
      const deleted = random() < 0.3;
      return {
        id: Math.floor(random() * 20),
        epoch: 1 + Math.floor(random() * 3),
        seq,
        digest: deleted ? null : seq * 7 + 1,
      };
    });
    for (const operation of operations) {
      const known = newest.get(operation.id);
      const newer = !known || operation.epoch > known.epoch ||
        (operation.epoch === known.epoch && operation.seq > known.seq);
      if (newer) newest.set(operation.id, operation);
    }
    const shuffled = [...operations, ...operations.slice(0, 50)].sort(() => random() - 0.5);
    for (let at = 0; at < shuffled.length; at += 35) {
      const part = shuffled.slice(at, at + 35);
      await warehouse.insert({
        table: PLAIN,
        upserts: part.flatMap(({ id, epoch, seq, digest }) =>
          digest === null ? [] : [sale(id, { epoch, seq, digest })]
        ),
        deletes: part.flatMap(({ id, epoch, seq, digest }) => digest === null ? [noSale(id, { epoch, seq })] : []),
      });
    }
    const expected = [...newest].flatMap(([id, { digest }]) => digest === null ? [] : [`${id}:${digest}`]).sort();
    assertEquals((await shownBy(warehouse, PLAIN, "sales@0")).sort(), expected);
  });

  test("insert() and shown() carry 50,000 rows, keys of any text and digests of 53 bits", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    const rows = Array.from({ length: 50_000 }, (_, id) => sale(id, { seq: id, digest: Number.MAX_SAFE_INTEGER - id }));
    await upsert(warehouse, ...rows);
    const texts = ['"a@b.c"', '7,"EUR"', '"quote \\" backslash \\\\ tab\\t"', '"Zürich 東京 😀"', ""];
    await upsert(warehouse, ...texts.map((key, index) => ({ ...sale(100_000 + index, { task: "sales@ü" }), key })));
    const shown = await collect(warehouse.shown(PLAIN, ["sales@0"]));
    assertEquals(shown.length, 50_000);
    assertEquals(new Set(shown.map((row) => row.key)).size, 50_000);
    assert(shown.every((row) => row.task === "sales@0" && row.digest === Number.MAX_SAFE_INTEGER - Number(row.key)));
    const others = await collect(warehouse.shown(PLAIN, ["nobody", "sales@ü"]));
    assertEquals(others.map((row) => row.key).sort(), [...texts].sort());
    assert(others.every((row) => row.task === "sales@ü"));
  });
}

function readingCases(test: Test): void {
  test("shown() and orphans() divide the rows by the task that wrote last", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    await upsert(warehouse, sale(1), sale(2), sale(3, { task: "sales@1" }), sale(4, { task: "sales@2" }));
    // Key 2 is taken over: it is no longer shown by the task that wrote it before.
    await upsert(warehouse, sale(2, { task: "sales@1", epoch: 2, digest: 22 }));
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:2"]);
    assertEquals(await shownBy(warehouse, PLAIN, "sales@1"), ["2:22", "3:4"]);
    const both = await collect(warehouse.shown(PLAIN, ["sales@2", "sales@0"]));
    assertEquals(both, [{ task: "sales@0", key: "1", digest: 2 }, { task: "sales@2", key: "4", digest: 5 }]);
    assertEquals(await collect(warehouse.shown(PLAIN, [])), []);
    assertEquals(await collect(warehouse.orphans(PLAIN, ["sales@0", "sales@1"])), [{
      task: "sales@2",
      key: "4",
      digest: 5,
    }]);
    assertEquals((await collect(warehouse.orphans(PLAIN, []))).map((row) => row.key), ["1", "2", "3", "4"]);
    // Taken over and deleted by the new task: nobody shows it.
    await remove(warehouse, noSale(1, { task: "sales@1", epoch: 2 }));
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), []);
    assertEquals((await collect(warehouse.orphans(PLAIN, ["sales@1", "sales@2"]))).length, 0);
  });

  test("shown() keeps one row of every task for a key of a table of shares", async ({ warehouse }) => {
    await warehouse.ensure(PARTIAL);
    const group = (task: string, seq: number, digest: number): UpsertRow => //
    ({
      line: lineOf('["acme",1700000000000000,"10.50",2'),
      task,
      key: '"acme",1700000000000000',
      digest,
      epoch: 1,
      seq,
    });
    await warehouse.insert({ table: PARTIAL, upserts: [group("sales@0", 1, 5), group("sales@1", 1, 6)], deletes: [] });
    await warehouse.insert({ table: PARTIAL, upserts: [group("sales@1", 2, 7)], deletes: [] });
    assertEquals(await shownBy(warehouse, PARTIAL, "sales@0"), ['"acme",1700000000000000:5']);
    assertEquals(await shownBy(warehouse, PARTIAL, "sales@1"), ['"acme",1700000000000000:7']);
    const { line: _, digest: __, ...rest } = group("sales@0", 2, 0);
    const gone = { ...rest, keyLine: '["acme",1700000000000000' };
    await warehouse.insert({ table: PARTIAL, upserts: [], deletes: [gone] });
    assertEquals((await collect(warehouse.orphans(PARTIAL, []))).map((row) => row.task), ["sales@1"]);
  });

  test("greatestEpochs() counts deleted rows and knows nothing of strangers", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    const late = 7 * 2 ** 40 + 3;
    await upsert(warehouse, sale(1, { epoch: 4 }), sale(2, { epoch: late, task: "sales@1" }));
    await remove(warehouse, noSale(3, { epoch: 9 }));
    const epochs = await warehouse.greatestEpochs(PLAIN, ["sales@0", "sales@1", "sales@2"]);
    assertEquals([...epochs].sort(), [["sales@0", 9], ["sales@1", late], ["sales@2", 0]]);
    assertEquals((await warehouse.greatestEpochs(PLAIN, [])).size, 0);
  });
}

function setAsideCases(test: Test): void {
  test("setAside() names the groups that the view leaves out while a total does not fit", async ({ warehouse }) => {
    await warehouse.ensure(PARTIAL);
    const share = (seller: string, units: number, { task, seq = 1 }: { task: string; seq?: number }): UpsertRow => ({
      ...{ line: lineOf(`["${seller}",1700000000000000,"1.00",${units}`), key: `"${seller}",1700000000000000` },
      ...{ task, digest: 1, epoch: 1, seq },
    });
    const put = (...upserts: UpsertRow[]) => warehouse.insert({ table: PARTIAL, upserts, deletes: [] });
    await put(
      share("acme", 30_000, { task: "sales@0" }),
      share("acme", 30_000, { task: "sales@1" }),
      share("bolt", 30_000, { task: "sales@0" }),
    );
    const group = { key: '"acme",1700000000000000', column: "units", total: "60000" };
    assertEquals(await warehouse.setAside(PARTIAL, 10), { count: 1, groups: [group] });
    await put(share("cute", -40_000, { task: "sales@1" }));
    const { count, groups } = await warehouse.setAside(PARTIAL, 1);
    assertEquals([count, groups.length], [2, 1]);
    await put(share("acme", -29_999, { task: "sales@1", seq: 2 }), share("cute", 40_001, { task: "sales@0" }));
    assertEquals(await warehouse.setAside(PARTIAL, 10), { count: 0, groups: [] });
  });

  test("setAside() gives a text total as it is", async ({ warehouse }) => {
    const texts: TableSpec = {
      name: "labels",
      columns: [{ name: "team", type: "String" }, { name: "label", type: "String" }],
      key: ["team"],
      shares: true,
      view: [{ name: "label", type: "FixedString(2)", kind: "max", shares: { value: "label" }, scale: 0 }],
    };
    await warehouse.ensure(texts);
    const upserts = ["12.50", "hello.", "7.00"].map((label, index) => ({
      ...{ line: lineOf(`["${label}","${label}"`), key: `"${label}"`, task: "sales@0" },
      ...{ digest: index + 1, epoch: 1, seq: 1 },
    }));
    await warehouse.insert({ table: texts, upserts, deletes: [] });
    const { groups } = await warehouse.setAside(texts, 10);
    assertEquals(groups.map(({ total }) => total).sort(), ["12.50", "7.00", "hello."]);
  });
}
