import { assert, assertEquals } from "@std/assert";
import { Choices } from "../../simulation/choices.ts";
import { type AppendRow, AppendTable, EXECUTION_MAX, type InsertAnswer } from "./append_table.ts";
import { Coordinator, type Progress } from "./coordinator.ts";
import { APPEND_MUTANTS } from "./mutants.ts";
import { APPEND_RULES, type AppendRule } from "./rules.ts";
import { runAppendScenario } from "./scenario.ts";
import type { Surroundings } from "./surroundings.ts";
import { APPEND_WORLD_KINDS } from "./world.ts";

const SEEDS = 60;
/** Deliberate bugs that show within a few seeds; `deno task model --of append --mutants` hunts all of them. */
const QUICK: readonly AppendRule[] = ["acknowledgedFirst", "placeTopicId", "deadline", "looked", "countAnnounced"];
const QUICK_SEEDS = 60;

for (const kind of APPEND_WORLD_KINDS) {
  Deno.test(`the model of the append sink holds every record once (${kind})`, () => {
    for (let seed = 20_001; seed <= 20_000 + SEEDS; seed++) {
      assertEquals(runAppendScenario(seed, { kind, heat: 1, without: [] }).violation, null, `seed ${seed}`);
    }
  });
}

Deno.test("the model of the append sink: one seed is one run", () => {
  const run = () => [...runAppendScenario(7, { kind: "all faults", heat: 1, without: [] }).counts].sort();
  assertEquals(run(), run());
});

Deno.test("the model of the append sink meets everything that it has a rule for", () => {
  const missing = new Set([
    "blocks that were there",
    "inserts after their deadline",
    "inserts cut off",
    "progress found in the table",
    "progress of a former owner",
    "progress that comes late",
    "range inserted otherwise",
    "ranges inserted again",
    "ranges that were whole",
    "rest of a range inserted",
    "tasks ended: other topic",
    "told for doubt",
    "told for retention",
    "told for topic",
  ]);
  for (let seed = 1; seed <= 200 && missing.size > 0; seed++) {
    const { counts } = runAppendScenario(seed, { kind: "all faults", heat: 1, without: [] });
    for (const name of counts.keys()) missing.delete(name);
  }
  assertEquals(missing, new Set());
});

Deno.test("the model of the append sink notices a rule that is taken away", async (t) => {
  assertEquals(APPEND_MUTANTS.flatMap(({ without }) => without), [...APPEND_RULES], "every rule has a mutant");
  for (const { without, world: kind = "all faults", effect } of APPEND_MUTANTS) {
    if (!QUICK.includes(without[0])) continue;
    await t.step(`${without.join(" and ")}: ${effect}`, () => {
      let seed = 1;
      while (seed <= QUICK_SEEDS && runAppendScenario(seed, { kind, heat: 1, without }).violation === null) seed++;
      assert(seed <= QUICK_SEEDS, `not noticed in ${QUICK_SEEDS} seeds`);
    });
  }
});

interface Still extends Surroundings<AppendRule> {
  now: number;
}

/** A world in which nothing happens by itself. */
function still(): Still {
  return { choices: new Choices(1), now: 0, faults: false, keeps: () => true, count: () => {} };
}

const ROW: AppendRow = { topicId: 1, partition: 0, offset: 5, index: 0, program: 0 };

Deno.test("AppendTable.insert() adds nothing under a token that it remembers, and nothing after the deadline", () => {
  const world = still();
  const table = new AppendTable(world, { window: 1, blockRows: Infinity });
  const insert = (token: string) => {
    let answer: InsertAnswer | undefined;
    table.insert({ rows: [ROW], token, deadline: 20 }, (given) => answer = given);
    while (table.busy) table.execute();
    return `${answer}, ${table.rows.length}`;
  };
  assertEquals([insert("a"), insert("a"), insert("b"), insert("a")], [
    "stored, 1",
    "stored, 1",
    "stored, 2",
    "stored, 3",
  ]);
  world.now = 21;
  assertEquals(insert("c"), "too late, 3");
});

Deno.test("AppendTable.execute() ends an insert that takes too long", () => {
  const world = still();
  const table = new AppendTable(world, { window: 9, blockRows: 1 });
  let answer: InsertAnswer | undefined;
  table.insert({ rows: [ROW, { ...ROW, index: 1 }], token: "a", deadline: 20 }, (given) => answer = given);
  while (table.rows.length < 1) table.execute();
  world.now = EXECUTION_MAX + 1;
  table.execute();
  assertEquals([answer, table.rows.length, table.busy], ["failed", 1, false]);
});

Deno.test("Coordinator.advance() takes nothing from a former owner, and nothing behind what came later", () => {
  const coordinator = new Coordinator(still(), 1);
  const progress = (offset: number): Progress => ({ topicId: 1, offset, range: null, lost: [] });
  const tenure = coordinator.assign(0);
  const advance = (seq: number) => coordinator.advance({ partition: 0, tenure, seq, progress: progress(seq) });
  assertEquals([advance(1), advance(3), advance(3), advance(2)], ["accepted", "accepted", "accepted", "rejected"]);
  const next = coordinator.assign(0);
  assertEquals(advance(4), "rejected");
  assertEquals([coordinator.held(0, tenure), coordinator.held(0, next)], [undefined, { progress: progress(3) }]);
});
