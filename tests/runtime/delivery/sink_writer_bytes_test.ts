import { assertEquals } from "@std/assert";
import type { InsertBatch, TableSpec } from "../../../src/ports/warehouse.ts";
import { SinkWriter } from "../../../src/runtime/delivery/sink_writer.ts";
import type { OutgoingRow } from "../../../src/runtime/delivery/waiting_rows.ts";
import { lineOf } from "../../line_bytes.ts";
import { paceOptions } from "./pace_options.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";

const row = (id: number, length: number): OutgoingRow => {
  const key = `[${id}]`;
  return { id, key, line: lineOf("x".repeat(length)), task: "t-0", digest: 1, epoch: 1, seq: id };
};

function writing() {
  const gate = { open: Promise.withResolvers<void>() };
  const batches: number[] = [];
  const clock = createManualClock();
  const writer = new SinkWriter({
    table: { name: "things" } as TableSpec,
    warehouse: {
      ...createMemoryWarehouse(),
      async insert({ upserts, deletes }: InsertBatch) {
        await gate.open.promise;
        batches.push(upserts.length + deletes.length);
      },
    },
    clock,
    pace: paceOptions(clock, { flushIntervalMs: 200 }),
    batchRowsMax: 20_000,
    onRefused() {},
    onFailed() {},
    onState() {},
    quotesRows: true,
    onInserted() {},
  });
  return { writer, gate, batches };
}

Deno.test("SinkWriter counts the bytes that wait and are under way, of a replaced row the newest", async () => {
  const { writer, gate } = writing();
  writer.put(row(1, 100));
  writer.put(row(2, 50));
  writer.put(row(1, 10));
  writer.put({ id: 3, key: "[3]", keyLine: "[3]", task: "t-0", epoch: 1, seq: 9 });
  assertEquals([writer.pendingRows, writer.pendingBytes], [3, 10 + 50 + 6 + 2 * 9]);
  const barrier = writer.barrier();
  await new Promise((resolve) => setTimeout(resolve, 0));
  writer.put(row(2, 20));
  assertEquals([writer.pendingRows, writer.pendingBytes], [4, 10 + 50 + 6 + 20 + 2 * 12]);
  gate.open.resolve();
  await barrier;
  await writer.barrier();
  assertEquals([writer.pendingRows, writer.pendingBytes], [0, 0]);
});

Deno.test("SinkWriter inserts large rows in several parts, and none waits for ever", async () => {
  const { writer, gate, batches } = writing();
  gate.open.resolve();
  for (let id = 0; id < 5; id++) writer.put(row(id, 12_000_000));
  await writer.barrier();
  assertEquals([batches, writer.pendingBytes], [[3, 2], 0]);
  writer.put(row(9, 40_000_000));
  writer.put(row(10, 1_000));
  await writer.barrier();
  assertEquals([batches, writer.pendingRows, writer.pendingBytes], [[3, 2, 1, 1], 0, 0]);
});
