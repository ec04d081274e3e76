import { assert, assertEquals } from "@std/assert";
import { Trail } from "./trail.ts";
import { World } from "./world.ts";

/** Its topology, with rows that expire, and no more than that. */
const SEED = 2;
const KEPT = ["world.expires", ...["", "#2", "#3"].map((number) => `rows.change${number}`)];
/** Lines grow old so long after the time of their order. */
const LINE_AGE_MS = 40_000;
/** Longer than an instance that may keep no row for a sink waits before it takes what was fetched. */
const OVERLOAD_MS = 6;

/** A line that expires at this time (null: never), until all is at rest. Returns what is wrong, or null, and when. */
async function settleWithLine(dueMs: number | null): Promise<{ wrong: string | null; facts: number; nowMs: number }> {
  const trail = Trail.record().follow({ kept: KEPT, schedule: 0 });
  const world = new World(SEED, { run: { sinkRowsMax: 0 }, trail });
  world.choices.at("rows");
  world.put("goods", 0, { sl: 1, pr: 5 });
  world.put("orders", 0, { st: "s1", u: null, t: dueMs === null ? null : (dueMs - LINE_AGE_MS) * 1_000 });
  world.put("lines", 0, { o: 0, g: 0, q: 2 });
  world.spawn();
  const wrong = await world.settle();
  return { wrong, facts: world.warehouse.memory.select("facts").length, nowMs: world.scheduler.nowMs };
}

Deno.test("totals of rows that expire just before the world is judged are on their way, and waited for", async () => {
  const { wrong, facts, nowMs } = await settleWithLine(null);
  assertEquals([wrong, facts], [null, 1]);
  for (let beforeMs = 0; beforeMs <= OVERLOAD_MS; beforeMs++) {
    const late = await settleWithLine(nowMs - beforeMs);
    assertEquals([late.wrong, late.facts], [null, 0], `expires ${beforeMs} ms before the end`);
    assert(late.nowMs >= nowMs - beforeMs);
  }
});
