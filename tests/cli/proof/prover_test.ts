import { assert, assertEquals } from "@std/assert";
import { World } from "./world.ts";

const SEEDS = 16;
const TURNS = 40;

Deno.test("Prover: as long as nobody else changes ClickHouse no row is a fault, however late it is", async () => {
  let unjudged = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World(seed);
    world.pace = seed % 4 === 0 ? 0.02 : seed % 4 === 1 ? 0.2 : 0.9;
    world.busy = 2 + seed % 7;
    for (let turn = 0; turn < TURNS; turn++) {
      await world.prover.turn();
      assertEquals(world.faults(), [], `seed ${seed}, turn ${turn}`);
      unjudged += world.prover.report().sinks.reduce((sum, sink) => sum + sink.unjudged, 0);
    }
  }
  // Else the test would say nothing of rows on their way.
  assert(unjudged > 1_000, `only ${unjudged} rows were on their way`);
});

for (const sink of ["lines", "totals"] as const) {
  for (const how of ["changed", "deleted", "added"] as const) {
    Deno.test(`Prover: a row of ${sink} that somebody has ${how} is found, and is no fault when repaired`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const world = new World(seed);
        for (let turn = 0; turn < 5; turn++) await world.prover.turn();
        world.changing = false;
        world.catchUp();
        const key = world.tamper(sink, how);
        let turns = 0;
        while (world.faults().length === 0 && turns < 30) {
          await world.prover.turn();
          turns++;
        }
        assertEquals(world.faults(), [`${sink} ${key}`], `seed ${seed}`);
        world.repair();
        for (let turn = 0; turn < 10; turn++) await world.prover.turn();
        assertEquals(world.faults(), [], `seed ${seed}, repaired`);
        const { sinks } = world.prover.report();
        assertEquals(sinks.map(({ unjudged, excused }) => unjudged + excused), [0, 0]);
        assertEquals(sinks.map(({ sink, rows }) => [sink, rows]), [
          ["lines", world.expected("lines").size],
          ["totals", world.expected("totals").size],
        ]);
      }
    });
  }
}

Deno.test("Prover: a fault is found while other rows go on changing", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World(seed);
    // Longer than a turn: what comes later must not keep it waiting.
    world.sentLate = seed % 2 === 0 ? 0 : 40;
    await world.prover.turn();
    world.tamper("lines", "added");
    let turns = 0;
    while (!world.faults().includes("lines =99") && turns++ < 60) await world.prover.turn();
    assertEquals(world.faults(), ["lines =99"], `seed ${seed}`);
  }
});

Deno.test("Prover: nothing is judged while it is not known what Weir has applied", async () => {
  const world = new World(1);
  world.changing = false;
  world.catchUp();
  world.tamper("lines", "changed");
  world.applies = false;
  for (let turn = 0; turn < 20; turn++) await world.prover.turn();
  assertEquals(world.faults(), []);
  const [lines] = world.prover.report().sinks;
  assertEquals([lines.unjudged, typeof lines.waits], [1, "string"]);
  world.standing = { paused: "shop is starting", elsewhere: false, excuse: null };
  await world.prover.turn();
  assertEquals(world.prover.report().sinks.map(({ paused }) => paused), ["shop is starting", "shop is starting"]);
});

Deno.test("Prover: what Weir says is older is excused where nobody can tell what a total is made of", async () => {
  const world = new World(1);
  world.changing = false;
  world.catchUp();
  world.standing = { paused: null, elsewhere: false, excuse: "a record cannot be read" };
  world.tamper("totals", "changed");
  const line = world.tamper("lines", "changed");
  for (let turn = 0; turn < 20; turn++) await world.prover.turn();
  const { sinks: [lines, totals] } = world.prover.report();
  assertEquals([totals.excused, totals.differing], [1, 0]);
  // Of a line it is known what it is made of, and all of that can be read.
  assertEquals([lines.excused, world.faults()], [0, [`lines ${line}`]]);
});

Deno.test("Prover: what another instance compares is left out, and begun from nothing when it comes back", async () => {
  const world = new World(1);
  world.changing = false;
  world.catchUp();
  world.tamper("lines", "changed");
  for (let turn = 0; turn < 20; turn++) await world.prover.turn();
  assertEquals(world.faults().length, 1);
  world.standing = { paused: "another instance compares it", elsewhere: true, excuse: null };
  await world.prover.turn();
  const { sinks, leftOut } = world.prover.report();
  assertEquals([sinks, leftOut.map(({ sink, reason }) => [sink, reason])], [[], [
    ["lines", "another instance compares it"],
    ["totals", "another instance compares it"],
  ]]);
  world.standing = { paused: null, elsewhere: false, excuse: null };
  await world.prover.turn();
  assertEquals(world.faults(), []);
  for (let turn = 0; turn < 20; turn++) await world.prover.turn();
  assertEquals(world.faults().length, 1);
});
