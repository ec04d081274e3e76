import { assert, assertEquals } from "@std/assert";
import { Choices } from "../simulation/choices.ts";
import { MUTANTS } from "./mutants.ts";
import { compact, PartitionLog } from "./partition_log.ts";
import { RULES } from "./rules.ts";
import { runScenario } from "./scenario.ts";
import type { Change } from "./values.ts";
import { Warehouse } from "./warehouse.ts";
import { WORLD_KINDS } from "./world.ts";

const SEEDS = 60;
/** Deliberate bugs that show within a few seeds; `deno task model --mutants` hunts all of them. */
const QUICK = ["inboxOrder", "sourceHash", "overlayEvaluated", "aggregateUpToWatermark", "rightRowsAsked"];
const QUICK_SEEDS = 200;

for (const kind of WORLD_KINDS) {
  Deno.test(`the model ends right with snapshots and standbys (${kind})`, () => {
    for (let seed = 20_001; seed <= 20_000 + SEEDS; seed++) {
      const { violation } = runScenario(seed, { kind, heat: 1, without: [] });
      assertEquals(violation, null, `seed ${seed}`);
    }
  });
}

Deno.test("the model ends right under three times as many faults", () => {
  for (let seed = 30_001; seed <= 30_000 + SEEDS; seed++) {
    assertEquals(runScenario(seed, { kind: "all faults", heat: 3, without: [] }).violation, null, `seed ${seed}`);
  }
});

Deno.test("the model: one seed is one run", () => {
  const run = () => [...runScenario(7, { kind: "all faults", heat: 1, without: [] }).counts].sort();
  assertEquals(run(), run());
});

Deno.test("the model uses snapshots and standbys, and ignores snapshots for every reason there is", () => {
  const reasons = ["checksum", "format", "generation", "leaderEpoch", "position", "retention", "sourceHash"];
  const missing = new Set([
    ...[...reasons, "taskIdentity", "topicId"].map((reason) => `ignored for ${reason}`),
    "snapshots that agree",
    "snapshots that differ",
    "snapshots of which rows were kept",
    "message same",
    "standbys that took over",
    "crashes while a snapshot was written",
  ]);
  for (let seed = 1; seed <= 400 && missing.size > 0; seed++) {
    const { counts } = runScenario(seed, { kind: "all faults", heat: 1, without: [] });
    for (const name of counts.keys()) missing.delete(name);
  }
  assertEquals(missing, new Set());
});

Deno.test("the model notices a rule that is taken away", async (t) => {
  assertEquals(new Set(MUTANTS.flatMap(({ without }) => without)), new Set(RULES), "every rule has a mutant");
  for (const { without, world: kind = "all faults", effect } of MUTANTS) {
    if (!QUICK.includes(without[0])) continue;
    await t.step(`${without.join(" and ")}: ${effect}`, () => {
      let seed = 1;
      while (seed <= QUICK_SEEDS && runScenario(seed, { kind, heat: 1, without }).violation === null) seed++;
      assert(seed <= QUICK_SEEDS, `not noticed in ${QUICK_SEEDS} seeds`);
    });
  }
});

Deno.test("compact() keeps a tombstone for the retention from the first run that left nothing older", () => {
  const log = new PartitionLog<Change | null>(1);
  for (const [key, value] of [["a", { kind: "put", row: {} }], ["a", null], ["b", null]] as const) {
    log.append(key, { value, time: 0 });
  }
  const keysAt = (now: number) => {
    compact(log, new Choices(1), { now, retention: 10, unread: Infinity, thoroughness: 1, cuts: 0 });
    return log.records.map(({ key, value }) => `${key} ${value?.kind ?? "tombstone"}`);
  };
  assertEquals(keysAt(100), ["a tombstone", "b tombstone"]);
  assertEquals(keysAt(110), ["a tombstone", "b tombstone"]);
  assertEquals(keysAt(111), ["b tombstone"], "the last record of a partition stays");
});

Deno.test("PartitionLog.endOf() tells where a leader's records ended", () => {
  const log = new PartitionLog<null>(1);
  for (let count = 0; count < 5; count++) log.append("k", { value: null, time: 0 });
  assertEquals(log.endOf(0), 5);
  log.lose(2);
  log.append("k", { value: null, time: 0 });
  log.append("k", { value: null, time: 0 });
  log.append("k", { value: null, time: 0 });
  assertEquals([log.endOf(0), log.endOf(1), log.end], [3, 6, 6]);
});

Deno.test("Warehouse.split() adds up what is older than the watermark and lists what is newer", () => {
  const warehouse = new Warehouse();
  const stored = (seq: number, s: number) => ({ task: "L0", epoch: 1, seq, digest: `{"s":${s}}`, row: { s } });
  warehouse.insert("rows", "k1", stored(1, 5));
  warehouse.insert("rows", "k2", stored(2, 6));
  warehouse.insert("rows", "k1", { ...stored(3, 0), digest: null, row: null });
  const ask = (seq: number) => warehouse.split("rows", "L0", { watermark: { epoch: 1, seq }, unchecked: false });
  assertEquals([...ask(2).newer], [["k1", null]]);
  assertEquals(ask(2).older.count, 1);
  assertEquals(ask(3).newer.size, 0);
  const before = ask(3).older;
  warehouse.alter("rows", "k2");
  assert(ask(3).older.sum !== before.sum, "an altered row is another one");
});
