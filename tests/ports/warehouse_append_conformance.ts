import { assert, assertEquals, assertRejects } from "@std/assert";
import { APPEND_TOKENS } from "../../src/ports/warehouse.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { lineOf } from "../line_bytes.ts";
import { appendOf, event, EVENTS, inputs, offsetsOf, type Test } from "./warehouse_fixtures.ts";

const ALL = inputs(0, 1_000_000);

/** Append tables: each row once, whoever asks again. */
export function warehouseAppendConformance(test: Test): void {
  placeCases(test);
  tokenCases(test);
  deadlineCases(test);
}

function placeCases(test: Test): void {
  test("ensureAppend() creates a table once and is harmless when repeated", async ({ warehouse }) => {
    assertEquals(await warehouse.ensureAppend(EVENTS), { created: true, added: [] });
    await warehouse.append(appendOf(inputs(0, 2)));
    assertEquals(await warehouse.ensureAppend(EVENTS), { created: false, added: [] });
    assertEquals(await offsetsOf(warehouse, ALL), [0, 1]);
    const found = (await warehouse.present([EVENTS, { name: "nothing" }])).get("events")!;
    assertEquals([found.id === null, found.view], [false, true]);
  });

  test("appended() gives places of the range alone, in their order", async ({ warehouse }) => {
    await warehouse.ensureAppend(EVENTS);
    assertEquals(await warehouse.appended(EVENTS, ALL), []);
    const range = inputs(10, 14);
    const rows = [event(10), event(12, 0), event(12, 1), event(13, 7)];
    await warehouse.append(appendOf(range, { rows }));
    await warehouse.append(appendOf(inputs(5, 8)));
    const places = rows.map(({ offset, index }) => ({ offset, index }));
    assertEquals(await warehouse.appended(EVENTS, range), places);
    assertEquals(await warehouse.appended(EVENTS, inputs(11, 13)), places.slice(1, 3));
    assertEquals(await warehouse.appended(EVENTS, inputs(14, 20)), []);
    assertEquals(await offsetsOf(warehouse, ALL), [5, 6, 7, 10, 12, 12, 13]);
  });

  test("keptAppends() gives what rows hold, and whether it is what is expected", async ({ warehouse }) => {
    await warehouse.ensureAppend(EVENTS);
    const range = inputs(10, 14);
    const rows = [event(10), event(12, 0), event(12, 1), event(13, 7)];
    await warehouse.append(appendOf(range, { rows }));
    const expected = [event(12, 0), { ...event(12, 1), line: event(13).line }, event(12, 2)];
    const kept = await warehouse.keptAppends(EVENTS, { range: inputs(11, 14), expected, limit: 10 });
    assertEquals(kept.map(({ offset, index, isExpected }) => [offset, index, isExpected]), [
      [12, 0, true],
      [12, 1, false],
      [13, 7, null],
    ]);
    assertEquals(Object.keys(kept[0].row), EVENTS.columns.map(({ name }) => name));
    assertEquals((await warehouse.keptAppends(EVENTS, { range, expected: [], limit: 1 })).length, 1);
    assertEquals(await warehouse.keptAppends(EVENTS, { range: inputs(14, 20), expected, limit: 9 }), []);
  });

  test("lastAppended() gives the greatest offset of a partition", async ({ warehouse }) => {
    await warehouse.ensureAppend(EVENTS);
    const range = inputs(10, 14);
    assertEquals(await warehouse.lastAppended(EVENTS, range), null);
    await warehouse.append(appendOf(range));
    await warehouse.append(appendOf(inputs(5, 8)));
    await warehouse.append(appendOf({ ...inputs(50, 51), partition: 1 }));
    assertEquals(await warehouse.lastAppended(EVENTS, range), 13);
    assertEquals(await warehouse.lastAppended(EVENTS, { ...range, partition: 1 }), 50);
    assertEquals(await warehouse.lastAppended(EVENTS, { ...range, source: "other" }), null);
  });

  test("append() keeps partitions and sources apart", async ({ warehouse }) => {
    await warehouse.ensureAppend(EVENTS);
    const others = [{ ...inputs(0, 3), partition: 1 }, { ...inputs(0, 4), source: "shop.events#b'2\\" }];
    for (const range of [inputs(0, 2), ...others]) await warehouse.append(appendOf(range));
    assertEquals(await offsetsOf(warehouse, inputs(0, 9)), [0, 1]);
    assertEquals(await offsetsOf(warehouse, others[0]), [0, 1, 2]);
    assertEquals(await offsetsOf(warehouse, others[1]), [0, 1, 2, 3]);
  });

  test("append() holds offsets and indexes at their limits", async ({ warehouse }) => {
    await warehouse.ensureAppend(EVENTS);
    const last = Number.MAX_SAFE_INTEGER - 1;
    const range = { ...inputs(last, last + 1), partition: 2 ** 31 - 1 };
    await warehouse.append(appendOf(range, { rows: [event(last, 2 ** 32 - 1)] }));
    assertEquals(await warehouse.appended(EVENTS, range), [{ offset: last, index: 2 ** 32 - 1 }]);
  });
}

function tokenCases(test: Test): void {
  test("append() of no rows does nothing, and its token stays free", async ({ warehouse }) => {
    await warehouse.ensureAppend(EVENTS);
    const range = inputs(0, 3);
    await warehouse.append(appendOf(range, { rows: [] }));
    await warehouse.append(appendOf(range));
    assertEquals(await offsetsOf(warehouse, ALL), [0, 1, 2]);
  });

  for (const repeated of [undefined, true] as const) {
    const how = repeated ? "told that it is repeated" : "told nothing";
    test(`append() adds rows of a token once, ${how}, also when asked at the same time`, async ({ warehouse }) => {
      await warehouse.ensureAppend(EVENTS);
      const first = appendOf(inputs(0, 50));
      await warehouse.append(first);
      await warehouse.append({ ...first, repeated });
      const second = appendOf(inputs(50, 90));
      await Promise.all(Array.from({ length: 5 }, () => warehouse.append({ ...second, repeated })));
      await warehouse.append({ ...first, repeated });
      assertEquals(await offsetsOf(warehouse, ALL), Array.from({ length: 90 }, (_, offset) => offset));
    });
  }

  test("append() adds rows again under another token, and both places are told", async ({ warehouse }) => {
    await warehouse.ensureAppend(EVENTS);
    const rows = appendOf(inputs(0, 2));
    await warehouse.append(rows);
    await warehouse.append({ ...rows, token: "another" });
    assertEquals(await offsetsOf(warehouse, ALL), [0, 0, 1, 1]);
  });

  test("append() that is repeated adds rows that are missing", async ({ warehouse }) => {
    await warehouse.ensureAppend(EVENTS);
    const range = inputs(0, 5);
    await warehouse.append(appendOf(range, { rows: [event(1), event(3)] }));
    for (let time = 0; time < 2; time++) {
      await warehouse.append(appendOf(range, { repeated: true }));
      assertEquals(await offsetsOf(warehouse, ALL), [0, 1, 2, 3, 4]);
    }
  });

  test("append() refuses a row that does not fit for good, adds nothing, and its token stays free", async (opened) => {
    const { warehouse } = opened;
    await warehouse.ensureAppend(EVENTS);
    const range = inputs(0, 5);
    const rows = [0, 1, 2, 3, 4].map((offset) => event(offset));
    for (const line of ['["a","soon",null', "[null,5,null", '["a",5', '["a",5,"1000000000000000000.00"']) {
      const wrong = rows.with(3, { ...rows[3], line: lineOf(line) });
      const refused = () => warehouse.append(appendOf(range, { rows: wrong }));
      const error = await assertRejects(refused, ProductionError, undefined, line);
      assertEquals([error.retriable, error.reason], [false, "content"], line);
    }
    assertEquals(await offsetsOf(warehouse, ALL), []);
    await warehouse.append(appendOf(range));
    assertEquals(await offsetsOf(warehouse, ALL), [0, 1, 2, 3, 4]);
  });

  test("append() and appended() miss a table that is not there", async ({ warehouse }) => {
    for (const ask of [() => warehouse.append(appendOf(inputs(0, 1))), () => warehouse.appended(EVENTS, ALL)]) {
      const error = await assertRejects(ask, ProductionError);
      assertEquals([error.retriable, error.reason], [true, "missing"]);
    }
  });
}

function deadlineCases(test: Test): void {
  test("nowMs() goes on, as time does", async ({ warehouse }) => {
    const first = await warehouse.nowMs();
    assert(Number.isSafeInteger(first) && first > Date.UTC(2020, 0, 1), String(first));
    assert(await warehouse.nowMs() >= first);
  });

  for (const repeated of [undefined, true] as const) {
    const how = repeated ? " that is repeated" : "";
    test(`append()${how} adds nothing after its deadline, and its token stays free`, async ({ warehouse }) => {
      await warehouse.ensureAppend(EVENTS);
      const rows = appendOf(inputs(0, 3), { repeated });
      const deadlineMs = await warehouse.nowMs() - 1;
      const error = await assertRejects(() => warehouse.append({ ...rows, deadlineMs }), ProductionError);
      assertEquals([error.retriable, error.reason], [false, "late"]);
      assertEquals(await offsetsOf(warehouse, ALL), []);
      await warehouse.append({ ...rows, deadlineMs: await warehouse.nowMs() + 60_000 });
      assertEquals(await offsetsOf(warehouse, ALL), [0, 1, 2]);
    });
  }

  test("append() after its deadline is late also where its token is known, or forgotten", async ({ warehouse }) => {
    await warehouse.ensureAppend(EVENTS);
    const rows = appendOf(inputs(0, 3), { deadlineMs: await warehouse.nowMs() + 300 });
    await warehouse.append(rows);
    while (await warehouse.nowMs() <= rows.deadlineMs) await new Promise((resolve) => setTimeout(resolve, 50));
    for (const token of [rows.token, "another"]) {
      const error = await assertRejects(() => warehouse.append({ ...rows, token }), ProductionError);
      assertEquals(error.reason, "late");
    }
    assertEquals(await offsetsOf(warehouse, ALL), [0, 1, 2]);
  });
}

/** How many inserts are remembered: of every adapter whose inserts cost little. */
export function warehouseTokensConformance(test: Test): void {
  test("append() remembers the token of an insert while there are not too many others", async ({ warehouse }) => {
    await warehouse.ensureAppend(EVENTS);
    await warehouse.append(appendOf(inputs(0, 1)));
    for (let offset = 1; offset < APPEND_TOKENS; offset++) await warehouse.append(appendOf(inputs(offset, offset + 1)));
    await warehouse.append(appendOf(inputs(0, 1)));
    assertEquals((await offsetsOf(warehouse, inputs(0, 2))).length, 2);
  });
}
