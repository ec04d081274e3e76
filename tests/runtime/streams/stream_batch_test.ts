import { assertEquals } from "@std/assert";
import { StreamBatch } from "../../../src/runtime/streams/stream_batch.ts";

const SINK = { name: "out", table: { name: "out", columns: [], orderBy: [] } };

Deno.test("StreamBatch keeps lines of any length, though the writer uses its memory again", () => {
  const batch = new StreamBatch(0);
  const memory = new Uint8Array(200_000);
  const lengths = [3, 40_000, 30_000, 0, 150_000, 1];
  for (const [offset, length] of lengths.entries()) {
    batch.add(SINK, { offset, line: memory.subarray(0, length).fill(offset + 1), digest: offset });
  }
  const rows = batch.rows.get(SINK)!;
  assertEquals(rows.map(({ line }) => line.length), lengths);
  assertEquals(rows.every(({ line }, offset) => line.every((byte) => byte === offset + 1)), true);
  // Lines that fit share a piece of memory.
  assertEquals(new Set(rows.filter(({ line }) => line.length > 0).map(({ line }) => line.buffer)).size, 4);
});
