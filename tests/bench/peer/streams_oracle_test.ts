import { assertEquals } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { withDirectory } from "../../cli/support.ts";
import { compareResults } from "./streams_compare.ts";
import { expectedResults } from "./streams_oracle.ts";

const SIZES = { windowMs: 1_000, withinMs: 100 };

Deno.test("expectedResults() counts and joins with ends included, compareResults() tells what differs", async () => {
  await withDirectory(async (directory) => {
    const log = openEmbeddedLog({ path: `${directory}/log.db` });
    const append = async (topic: string, events: readonly { readonly id: number; readonly atMs: number }[]) => {
      await log.createTopic({ name: topic, partitions: 1, cleanup: "delete", retentionMs: -1 });
      const records = events.map(({ id, atMs }) => {
        const at = new Date(atMs).toISOString();
        return { key: "a", value: JSON.stringify({ id, customer: "a", country: "NL", method: "card", amount: 5, at }) };
      });
      await log.append([{ topic, partition: 0, records }]);
    };
    await append("bench.orders", [{ id: 1, atMs: 999 }, { id: 2, atMs: 1_000 }, { id: 3, atMs: 1_999 }]);
    await append("bench.payments", [{ id: 7, atMs: 899 }, { id: 8, atMs: 1_099 }, { id: 9, atMs: 1_101 }]);
    const counts = await expectedResults(log, { ...SIZES, variant: "count" });
    const pairs = await expectedResults(log, { ...SIZES, variant: "join" });
    await log.close();
    assertEquals([...counts].sort(), ["a\t0\t1", "a\t1000\t2"]);
    assertEquals([...pairs].map((line) => line.split("\t").slice(1, 3).join(" ")).sort(), ["1 7", "1 8", "2 8"]);
    assertEquals(compareResults(counts, ["a\t1000\t2", "a\t1000\t2", "a\t0\t3"]), {
      expected: 2,
      right: 1,
      missing: 1,
      extra: 2,
      examples: ["extra a\t1000\t2", "extra a\t0\t3", "missing a\t0\t1"],
    });
  });
});
