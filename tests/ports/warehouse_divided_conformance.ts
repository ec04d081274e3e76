import { assertEquals } from "@std/assert";
import type { NewerRow, UpsertRow, Warehouse, Watermark } from "../../src/ports/warehouse.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";
import { lineOf } from "../line_bytes.ts";
import { noSale, PARTIAL, PLAIN, sale, type Test } from "./warehouse_fixtures.ts";

/** What is shown of tasks, divided at a version of each. */
export function warehouseDividedConformance(test: Test): void {
  markCases(test);
  versionCases(test);
  modelCase(test);
}

function markCases(test: Test): void {
  test("summed() and newer() divide a task's rows at its watermark", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    await warehouse.insert({
      table: PLAIN,
      upserts: [
        sale(1, { seq: 10, digest: 100 }),
        sale(2, { seq: 11, digest: 200 }),
        sale(3, { seq: 12, digest: 400 }),
        sale(4, { seq: 13, digest: 800 }),
        sale(5, { epoch: 2, seq: 1, digest: 1_600 }),
        sale(6, { task: "sales@1", seq: 99, digest: 3_200 }),
        sale(7, { task: "sales@2", seq: 1, digest: 6_400 }),
      ],
      // One below the watermark, one above.
      deletes: [noSale(2, { seq: 12 }), noSale(3, { seq: 14 })],
    });
    await warehouse.insert({ table: PLAIN, upserts: [sale(1, { seq: 15, digest: 101 })], deletes: [] });
    const marks = [mark("sales@0", 13), mark("sales@1", 99), mark("sales@3", 5)];
    assertEquals(
      await warehouse.summed(PLAIN, marks),
      new Map([
        ["sales@0", { rows: 1, digests: 800n }],
        ["sales@1", { rows: 1, digests: 3_200n }],
        ["sales@3", { rows: 0, digests: 0n }],
      ]),
    );
    assertEquals(await newer(warehouse, marks), ["sales@0 1 101", "sales@0 3 null", "sales@0 5 1600"]);
    assertEquals([await warehouse.summed(PLAIN, []), await newer(warehouse, [])], [new Map(), []]);
  });

  test("summed() adds digests of both kinds up exactly, beyond 64 bits", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    // Those of bytes are even integers up to 2^54.
    const digests = Array.from({ length: 3_000 }, (_, id) => id % 2 === 0 ? 2 ** 53 - 1 - id : 2 ** 54 - 2 - 2 * id);
    await warehouse.insert({ table: PLAIN, upserts: digests.map((digest, id) => sale(id, { digest })), deletes: [] });
    const sum = digests.reduce((total, digest) => total + BigInt(digest), 0n);
    assertEquals(
      await warehouse.summed(PLAIN, [mark("sales@0", 1)]),
      new Map([["sales@0", { rows: 3_000, digests: sum }]]),
    );
    assertEquals(sum > 2n ** 64n, true);
    assertEquals((await newer(warehouse, [mark("sales@0", 0)])).slice(0, 2), [
      `sales@0 0 ${2 ** 53 - 1}`,
      `sales@0 1 ${2 ** 54 - 4}`,
    ]);
  });
}

function versionCases(test: Test): void {
  test("summed() and newer() tell epochs apart that differ in 12 digits", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    const epoch = 7 * 2 ** 40 + 3;
    const upserts = [
      sale(1, { epoch, seq: 2 ** 40, digest: 1 }),
      sale(2, { epoch, seq: 2 ** 40 + 1, digest: 2 }),
      sale(3, { epoch: epoch + 1, seq: 0, digest: 4 }),
      sale(4, { epoch: epoch - 1, seq: 2 ** 50, digest: 8 }),
    ];
    await warehouse.insert({ table: PLAIN, upserts, deletes: [] });
    const marks = [{ task: "sales@0", epoch, seq: 2 ** 40 }];
    assertEquals(await warehouse.summed(PLAIN, marks), new Map([["sales@0", { rows: 2, digests: 9n }]]));
    assertEquals(await newer(warehouse, marks), ["sales@0 2 2", "sales@0 3 4"]);
  });

  test("summed() and newer() keep shares of one group apart by task", async ({ warehouse }) => {
    await warehouse.ensure(PARTIAL);
    const share = (version: Pick<UpsertRow, "task" | "seq" | "digest">): UpsertRow => ({
      line: lineOf('["acme",1700000000000000,"10.50",2'),
      ...{ key: '"acme",1700000000000000', epoch: 1, ...version },
    });
    await warehouse.insert({
      table: PARTIAL,
      upserts: [share({ task: "sales@0", seq: 1, digest: 5 }), share({ task: "sales@1", seq: 2, digest: 6 })],
      deletes: [],
    });
    const marks = [mark("sales@0", 1), mark("sales@1", 1)];
    assertEquals(
      await warehouse.summed(PARTIAL, marks),
      new Map([["sales@0", { rows: 1, digests: 5n }], ["sales@1", { rows: 0, digests: 0n }]]),
    );
    assertEquals(await newer(warehouse, marks, { table: PARTIAL }), ['sales@1 "acme",1700000000000000 6']);
  });
}

function modelCase(test: Test): void {
  test("summed() and newer() together are what shown() tells, wherever they divide", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    const random = mulberry32(5);
    const below = (count: number) => Math.floor(random() * count);
    // No version is given out twice.
    const seqs = Array.from({ length: 1_000 }, (_, seq) => seq);
    for (let batch = 0; batch < 6; batch++) {
      const versions = Array.from(
        { length: 30 },
        () => ({ id: below(20), seq: seqs.splice(below(seqs.length), 1)[0], digest: 1 + below(2 ** 40) }),
      );
      await warehouse.insert({
        table: PLAIN,
        upserts: versions.slice(0, 20).map(({ id, ...version }) => sale(id, version)),
        deletes: versions.slice(20).map(({ id, seq }) => noSale(id, { seq: seq + 1_000 * (seq % 2) })),
      });
    }
    const shown = new Map<string, number>();
    for await (const rows of warehouse.shown(PLAIN, ["sales@0"])) {
      for (const { key, digest } of rows) shown.set(key, digest);
    }
    for (const seq of [0, 250, 500, 750, 999, 1_500, 2_000]) {
      const { rows, digests } = (await warehouse.summed(PLAIN, [mark("sales@0", seq)])).get("sales@0")!;
      const above: NewerRow[] = [];
      for await (const chunk of warehouse.newer(PLAIN, [mark("sales@0", seq)])) above.push(...chunk);
      const live = above.filter(({ digest }) => digest !== null);
      for (const { key, digest } of above) assertEquals(shown.get(key) ?? null, digest, `${key} above ${seq}`);
      assertEquals(rows + live.length, shown.size);
      const all = live.reduce((sum, { digest }) => sum + BigInt(digest!), digests);
      assertEquals(all, [...shown.values()].reduce((sum, digest) => sum + BigInt(digest), 0n));
    }
  });
}

function mark(task: string, seq: number): Watermark {
  return { task, epoch: 1, seq };
}

async function newer(warehouse: Warehouse, marks: readonly Watermark[], { table = PLAIN } = {}): Promise<string[]> {
  const rows: NewerRow[] = [];
  for await (const chunk of warehouse.newer(table, marks)) rows.push(...chunk);
  return rows.map(({ task, key, digest }) => `${task} ${key} ${digest}`).sort();
}
