import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { FOREIGN_KEYS } from "../../src/demo/schema.ts";
import {
  fillLog,
  openDemoStore,
  type OrderItemRow,
  type OrderRow,
  type TableName,
  TABLES,
} from "../../src/demo/mod.ts";
import {
  apply,
  assertSameRows,
  countsOf,
  emptyFold,
  type Envelope,
  fold,
  inDirectory,
  manualClock,
} from "./support.ts";
import { type Read, readAll, SMALL, START_MS, truthOf } from "./support.ts";

/** All records that a seed gives, through the store in a file. */
async function storeHistory(
  seed: number,
  options: { path: string; changes: number; stops?: number[] },
): Promise<Read[]> {
  const log = openEmbeddedLog({ path: ":memory:" });
  const clock = { ...manualClock(), nowMs: () => START_MS };
  const stops = [...options.stops ?? [], options.changes];
  for (const changes of stops) {
    const store = openDemoStore({ path: options.path, log, clock, seed, sizes: SMALL });
    await store.createTopics();
    await store.snapshot();
    await store.write(changes - store.changesWritten());
    assertSameRows(fold(await readAll(log)), truthOf(store));
    store.close();
  }
  const records = await readAll(log);
  await log.close();
  return records;
}

async function filledHistory(seed: number, changes: number): Promise<Read[]> {
  const log = openEmbeddedLog({ path: ":memory:" });
  await fillLog({ log, seed, ...SMALL, changes, startMs: START_MS });
  const records = await readAll(log);
  await log.close();
  return records;
}

Deno.test("openDemoStore() writes the same records for the same seed, also over restarts, and so does fillLog()", () =>
  inDirectory(async (directory) => {
    const changes = 2_500;
    const once = await storeHistory(5, { path: `${directory}/a.db`, changes });
    // A start commits whole transactions, so a stop must fall on a transaction's end to leave the same number of
    // changes.
    const restarted = await storeHistory(5, { path: `${directory}/b.db`, changes, stops: [1, 700, 701, 1_900] });
    const filled = await filledHistory(5, changes);
    assertEquals(restarted, once);
    assertEquals(filled, once);
    assertNotEquals(await filledHistory(6, changes), once);
  }));

Deno.test("fillLog() keeps foreign keys, totals, before images and positions at every transaction's end", async (t) => {
  for (const [seed, ordersMax] of [[1, 1_000], [2, 150], [3, 120]]) {
    await t.step(`seed ${seed}, at most ${ordersMax} orders`, async () => {
      const log = openEmbeddedLog({ path: ":memory:" });
      const filled = await fillLog({ log, seed, ...SMALL, ordersMax, changes: 6_000 });
      const records = await readAll(log);
      await log.close();
      const folded = replay(records);
      assertSameRows(folded, truthOf(filled));
      assertEquals(countsOf(folded), filled.counts);
      assert(filled.counts.orders <= ordersMax);
      assertEquals(records.length, filled.records);
    });
  }
});

interface Change {
  readonly record: Read;
  readonly envelope: Envelope;
}

/** Applies the snapshot, then transaction by transaction, checking after each. Returns the rows in the end. */
function replay(records: readonly Read[]) {
  checkTombstones(records);
  const changes = records.filter((record) => record.value !== null)
    .map((record): Change => ({ record, envelope: JSON.parse(record.value!) }));
  const folded = emptyFold();
  const snapshot = changes.filter(({ envelope }) => envelope.op === "r");
  for (const { record } of snapshot) apply(folded, record);
  assert(snapshot.every(({ envelope }) => envelope.source.sequence === `[null,"${snapshot[0].envelope.source.lsn}"]`));

  const streamed = changes.filter(({ envelope }) => envelope.op !== "r")
    .sort((left, right) => left.envelope.source.lsn - right.envelope.source.lsn);
  const children = new Map<string, number>();
  for (const table of TABLES) {
    for (const row of folded[table].values()) countReferences(children, { table, row: JSON.parse(row), by: 1 });
  }
  let lastMicros = 0;
  for (let start = 0; start < streamed.length;) {
    const { txId, lsn, ts_us } = streamed[start].envelope.source;
    let end = start;
    for (; end < streamed.length && streamed[end].envelope.source.txId === txId; end++) {
      const { record, envelope } = streamed[end];
      assertEquals(envelope.source.sequence, `["${lsn}","${envelope.source.lsn}"]`);
      assert(end === start || envelope.source.lsn > streamed[end - 1].envelope.source.lsn, "LSNs grow");
      assert(envelope.source.ts_us === ts_us && ts_us > lastMicros && envelope.ts_us > ts_us, "times grow");
      assertEquals(
        envelope.before === null ? undefined : JSON.stringify(envelope.before),
        folded[record.table].get(record.key),
      );
      if (envelope.before) countReferences(children, { table: record.table, row: envelope.before, by: -1 });
      if (envelope.after) countReferences(children, { table: record.table, row: envelope.after, by: 1 });
      apply(folded, record);
    }
    for (const { record } of streamed.slice(start, end)) checkRow(folded, children, record);
    lastMicros = ts_us;
    start = end;
  }
  return folded;
}

/** How many rows reference each row, by `table {"id":1}`. */
function countReferences(
  children: Map<string, number>,
  change: { table: TableName; row: Record<string, unknown>; by: number },
): void {
  for (const [column, parent] of FOREIGN_KEYS[change.table]) {
    const key = `${parent} {"id":${change.row[column]}}`;
    children.set(key, (children.get(key) ?? 0) + change.by);
  }
}

function checkRow(folded: ReturnType<typeof emptyFold>, children: Map<string, number>, { table, key }: Read): void {
  const text = folded[table].get(key);
  if (text === undefined) {
    return assertEquals(children.get(`${table} ${key}`) ?? 0, 0, `${table} ${key} is gone, its children are not`);
  }
  const row = JSON.parse(text);
  for (const [column, parent] of FOREIGN_KEYS[table]) {
    assert(folded[parent].has(`{"id":${row[column]}}`), `${table} ${key} references a missing row of ${parent}`);
  }
  const order: OrderRow | null = table === "orders" ? row : null;
  if (order === null) return;
  let cents = 0n;
  for (const item of folded.order_items.values()) {
    const { order_id, quantity, unit_price, discount } = JSON.parse(item) as OrderItemRow;
    if (order_id === order.id) cents += BigInt(quantity) * minorUnits(unit_price) - minorUnits(discount ?? "0.00");
  }
  assertEquals(minorUnits(order.total_amount), cents, `total of order ${order.id}`);
}

function minorUnits(text: string): bigint {
  assert(/^\d+\.\d\d$/.test(text), text);
  return BigInt(text.replace(".", ""));
}

/** A delete is followed by the tombstone of its key, and nothing else is. */
function checkTombstones(records: readonly Read[]): void {
  records.forEach((record, index) => {
    const previous = records[index - 1];
    const afterDelete = previous?.value !== null && previous?.key === record.key && previous?.table === record.table &&
      JSON.parse(previous.value!).op === "d";
    assertEquals(record.value === null, afterDelete, `${record.table} ${record.key}`);
  });
}

Deno.test("fillLog() begins from any sizes that foreign keys allow, and refuses others", async (t) => {
  const sizes = { users: 0, sellers: 0, products: 0, orders: 0, itemsPerOrder: 1 };
  for (const possible of [{}, { users: 1 }, { sellers: 1 }, { users: 1, sellers: 1, products: 1, orders: 1 }]) {
    await t.step(JSON.stringify(possible), async () => {
      const log = openEmbeddedLog({ path: ":memory:" });
      const filled = await fillLog({ log, seed: 4, ...sizes, ...possible, changes: 500 });
      assertSameRows(replay(await readAll(log)), truthOf(filled));
      await log.close();
    });
  }
  const log = openEmbeddedLog({ path: ":memory:" });
  for (const impossible of [{ products: 1 }, { orders: 1 }, { users: -1 }, { users: 1.5 }, { itemsPerOrder: 0 }]) {
    await assertRejects(() => fillLog({ log, seed: 4, ...sizes, ...impossible, changes: 1 }), RangeError);
  }
  await log.close();
});

Deno.test("DemoStore.write() takes back a transaction that fails midway, then writes what it would have", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  let calls = 0;
  const clock = {
    ...manualClock(),
    nowMs() {
      // Asked once by every transaction: this one fails after a dozen or two of the same commit have written.
      if (++calls % 97 === 0) throw new Error("no time");
      return START_MS;
    },
  };
  const store = openDemoStore({ path: ":memory:", log, clock, seed: 5, sizes: SMALL });
  await store.createTopics();
  await store.snapshot();
  let failures = 0;
  while (store.changesWritten() < 2_500) {
    const left = Math.min(60, 2_500 - store.changesWritten());
    await store.write(left).catch((error: Error) => {
      assertEquals(error.message, "no time");
      failures++;
    });
  }
  assert(failures > 5, `${failures} failures`);
  const records = await readAll(log);
  assertSameRows(fold(records), truthOf(store));
  assertEquals(records, await filledHistory(5, 2_500));
  store.close();
  await log.close();
});
