import { lineOf } from "../../line_bytes.ts";
import { assert, assertEquals } from "@std/assert";
import type { InsertBatch, TableSpec } from "../../../src/ports/warehouse.ts";
import { BusyTables } from "../../../src/runtime/busy_tables.ts";
import type { InsertPaceOptions } from "../../../src/runtime/delivery/insert_pace.ts";
import { SinkWriter } from "../../../src/runtime/delivery/sink_writer.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { createStepClock, type StepClock } from "../../../src/testing/quiescence.ts";
import { paceOptions } from "./pace_options.ts";

/** Ten seconds, in which the first insert may come at once and a second one before its time. */
const SECONDS = 10;

interface Insert {
  readonly atMs: number;
  readonly seqs: readonly number[];
}

/** A writer whose inserts take `insertMs`, and what it has inserted. */
function open(
  { insertMs = 0, clock = createStepClock(createManualClock(0)), ...pace }:
    & { readonly insertMs?: number; readonly clock?: StepClock }
    & Partial<Omit<InsertPaceOptions, "clock">> = {},
) {
  const inserts: Insert[] = [];
  const writer = new SinkWriter({
    table: { name: "things" } as TableSpec,
    warehouse: {
      ...createMemoryWarehouse(),
      async insert({ upserts }: InsertBatch) {
        inserts.push({ atMs: clock.nowMs(), seqs: upserts.map(({ seq }) => seq) });
        if (insertMs > 0) await clock.sleep(insertMs);
      },
    },
    clock,
    pace: paceOptions(clock, pace),
    batchRowsMax: 20_000,
    onRefused() {},
    onFailed(error) {
      throw error;
    },
    onState() {},
    quotesRows: true,
    onInserted() {},
  });
  let seq = 0;
  const put = (id = seq) =>
    writer.put({ id, key: `[${id}]`, line: lineOf(`[${id}`), task: "t-0", digest: 1, epoch: 1, seq: seq++ });
  return {
    clock,
    writer,
    inserts,
    put,
    /** So many new rows in every millisecond of `ms`, or one in every few. */
    async putAllTheTime(rowsPerMs: number, ms: number) {
      const everyMs = Math.max(1, 1 / rowsPerMs);
      for (let passed = 0; passed < ms; passed += everyMs) {
        for (let row = 0; row < rowsPerMs; row++) put();
        await clock.drained();
        await clock.pass(everyMs);
      }
    },
  };
}

/** Milliseconds between the begins of inserts, from the third one on. */
function pausesOf(inserts: readonly Insert[]): number[] {
  return inserts.slice(2).map(({ atMs }, index) => atMs - inserts[index + 1].atMs).slice(1);
}

Deno.test("SinkWriter inserts a row that comes after a quiet time without any time passing", async () => {
  const { clock, inserts, put } = open();
  for (let round = 1; round <= 3; round++) {
    put();
    await clock.drained();
    assertEquals([inserts.length, inserts.at(-1)!.atMs], [round, clock.nowMs()]);
    await clock.pass(1_000);
  }
});

Deno.test("SinkWriter inserts what gathers during a first insert as soon as that has ended", async () => {
  const { clock, inserts, put } = open({ insertMs: 15 });
  put();
  await clock.drained();
  await clock.pass(5);
  put();
  put();
  await clock.pass(10);
  assertEquals(inserts, [{ atMs: 0, seqs: [0] }, { atMs: 15, seqs: [1, 2] }]);
});

Deno.test("SinkWriter makes a burst of rows few inserts, all within the flush interval", async () => {
  const { clock, inserts, put } = open({ insertMs: 15 });
  for (let slice = 0; slice < 25; slice++) {
    for (let row = 0; row < 400; row++) put();
    await clock.drained();
  }
  await clock.pass(1_000);
  assertEquals(inserts.map(({ seqs }) => seqs.length), [400, 9_600]);
  assert(inserts.at(-1)!.atMs <= 200);
});

Deno.test("SinkWriter keeps to the number of inserts a second however long rows come one by one", async () => {
  const { inserts, putAllTheTime } = open({ insertMs: 10, insertsPerSecond: 30 });
  await putAllTheTime(1, SECONDS * 1_000);
  assert(inserts.length <= 30 * SECONDS + 2, `${inserts.length} inserts`);
  // Not by waiting longer than that takes.
  assert(Math.max(...pausesOf(inserts)) <= 40, `pauses: ${pausesOf(inserts).slice(0, 9)}`);
});

Deno.test("SinkWriter makes larger inserts the more rows come, up to those of the flush interval", async () => {
  const rates: number[] = [];
  for (const rowsPerMs of [1, 5, 10, 40]) {
    const { inserts, putAllTheTime } = open({ insertMs: 10, insertsPerSecond: 30 });
    await putAllTheTime(rowsPerMs, SECONDS * 1_000);
    rates.push(Math.round(inserts.length / SECONDS));
  }
  assertEquals(rates, [28, 20, 10, 5]);
});

Deno.test("SinkWriter gives ClickHouse time between slow inserts, within the flush interval", async () => {
  for (const [insertMs, pauseMs] of [[60, 75], [140, 175], [180, 200], [300, 300]]) {
    const { inserts, putAllTheTime } = open({ insertMs, insertsPerSecond: 1_000 });
    await putAllTheTime(1, 3_000);
    assertEquals(new Set(pausesOf(inserts)), new Set([pauseMs]), `inserts of ${insertMs} ms`);
  }
});

Deno.test("SinkWriter of an instance with few of the table's tasks inserts as much more seldom", async () => {
  for (const [share, pauseMs] of [[1 / 2, 100], [1 / 3, 150], [1 / 10, 200], [0, 200]]) {
    const { inserts, putAllTheTime } = open({ insertsPerSecond: 20, share: () => share });
    await putAllTheTime(1 / 5, 3_000);
    const average = pausesOf(inserts).reduce((sum, ms) => sum + ms, 0) / pausesOf(inserts).length;
    assert(pauseMs <= average && average <= 1.1 * pauseMs, `a share of ${share}: ${average} ms`);
    assert(Math.max(...pausesOf(inserts)) <= 200);
  }
});

Deno.test("SinkWriters of many tables that are written at the same time share the inserts a second", async () => {
  const clock = createStepClock(createManualClock(0));
  const tables = new BusyTables(clock);
  const writers = Array.from({ length: 6 }, () => open({ clock, tables, insertsPerSecond: 20 }));
  const putAll = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5) {
      for (const { put } of writers) put();
      await clock.pass(5);
    }
  };
  await putAll(2_000);
  writers.forEach(({ inserts }) => inserts.splice(0));
  await putAll(5_000);
  const perSecond = writers.reduce((sum, { inserts }) => sum + inserts.length, 0) / 5;
  assert(35 <= perSecond && perSecond <= 40, `${perSecond} inserts a second of two tables at full pace`);
  // Written alone, a table is at full pace again.
  await clock.pass(2_000);
  assertEquals(tables.count, 0);
  const [{ inserts, putAllTheTime }] = writers;
  inserts.splice(0);
  await putAllTheTime(1, 2_000);
  assert(inserts.length >= 35, `${inserts.length} inserts in 2 s`);
});

Deno.test("SinkWriter lets rows gather while an insert is under way, and the newest of a key wins", async () => {
  const { clock, inserts, put, writer } = open({ insertMs: 500 });
  put(7);
  await clock.drained();
  put(7);
  put(8);
  put(7);
  assertEquals(writer.pendingRows, 3);
  await clock.pass(2_000);
  assertEquals(inserts.map(({ seqs }) => seqs), [[0], [3, 2]]);
});

Deno.test("SinkWriter does not keep to the pace when something waits for its rows", async () => {
  const { clock, inserts, put, writer } = open({ insertMs: 10, insertsPerSecond: 1 });
  for (let row = 0; row < 3; row++) {
    put();
    const acknowledged = writer.barrier();
    await clock.drained();
    await clock.pass(10);
    await acknowledged;
  }
  assertEquals(inserts.map(({ atMs }) => atMs), [0, 10, 20]);
});
