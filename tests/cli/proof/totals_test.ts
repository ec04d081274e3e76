import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { WHY_TAKEN } from "../../../src/cli/verify/why_taken.ts";
import { clickhouse, events, topology } from "../../../src/mod.ts";
import { type Choices, choicesOf } from "../../oracle/random.ts";
import { type TotalsLife, totalsOf, TotalsWorld } from "./totals_world.ts";

const taps = events("shop.taps0", { row: z.object({ user: z.int(), amount: z.int() }) });

/** `WEIR_ORACLE_SEEDS=from,count` runs others. */
const [from, lives] = (Deno.env.get("WEIR_ORACLE_SEEDS") ?? "1,24").split(",").map(Number);

function lifeOf(choices: Choices): TotalsLife {
  return {
    kind: choices.of(["none", "tumbling", "hopping", "sliding", "session", "ordered"]),
    graceS: choices.of([1_000, 0, 5]),
    sources: 1 + choices.int(2),
    partitions: choices.of([1, 3]),
  };
}

Deno.test("Prover finds no fault in totals of streams while events come, and each that somebody makes", async () => {
  for (let seed = from; seed < from + lives; seed++) {
    const choices = choicesOf(seed);
    const life = lifeOf(choices);
    const told = `seed ${seed}: ${JSON.stringify(life)}`;
    await using world = await TotalsWorld.open(totalsOf(life), life);
    for (let at = 0; at < 40; at++) {
      const second = 100 + at - (choices.chance(0.3) ? choices.int(20) : 0);
      const place = { source: choices.int(life.sources), partition: choices.int(life.partitions) };
      await world.tap({ ...place, user: choices.int(3), amount: choices.int(10), second });
      if (choices.chance(0.2)) await world.settled();
      if (choices.chance(0.3)) await world.turns(1);
      if (choices.chance(0.03)) await world.restart();
      assertEquals(world.faults(), [], told);
    }
    await world.settled();
    await world.turns(5);
    assertEquals(world.faults(), [], told);
    const { rows, taken, unjudged, excused, checked } = world.report;
    const doubtful = taken.reduce((sum, one) => sum + one.rows, 0);
    assertEquals([unjudged, excused, checked === null], [0, 0, false], told);
    assert(rows + doubtful >= world.stored().size && rows <= world.stored().size, `${told}: ${rows} and ${doubtful}`);
    const sure = life.sources * life.partitions === 1 || life.kind === "none";
    if (sure) assertEquals([rows, taken], [world.stored().size, []], told);

    const before = world.read;
    const all = [...world.stored()];
    const [changed, deleted] = [all[choices.int(all.length)], all[choices.int(all.length)]];
    world.tampered.set(changed[0], [...changed[1].slice(0, -1), "-7"]);
    world.tampered.set(deleted[0], null);
    const [, example] = all[0];
    const added = ["77", "0", ...example.slice(2)];
    world.tampered.set("added", added);
    const ofWindows = !["none", "ordered"].includes(life.kind);
    await world.turns(4);
    const named = (row: readonly unknown[], kind: string) => `${row[0]}${ofWindows ? `/${row[1]}` : ""} ${kind}`;
    const kinds = changed === deleted ? [] : [named(changed[1], "different")];
    assertEquals(world.faults(), [...kinds, named(deleted[1], "missing"), named(added, "extra")].sort(), told);
    world.tampered.clear();
    await world.turns(2);
    assertEquals([world.faults(), world.report.differing], [[], 0], told);
    assertEquals(world.read - before, 0, "nothing is read twice");
  }
});

Deno.test("Prover takes totals as they are that were declared when events had been read already", async () => {
  const life = { kind: "none", graceS: 0, sources: 1, partitions: 1 } as const;
  const former = topology("taps", (builder) => {
    builder.stream(taps).groupBy(({ user }) => ({ user })).count("others")
      .to(clickhouse("others", { key: ["user"], columns: { user: "Int64", count: "Int64" } }));
  });
  await using world = await TotalsWorld.open(totalsOf(life), { ...life, former });
  for (let restarts = 0; restarts < 2; restarts++) {
    for (const user of [1, 2]) await world.tap({ user, second: 100 });
    await world.settled();
    await world.turns(3);
    const { rows, taken, checked } = world.report;
    assertEquals([world.faults(), rows, checked === null], [[], 0, false]);
    assertEquals(taken.map(({ rows, reason }) => [rows, reason]), [[3, WHY_TAKEN.short]], "one more was there before");
    await world.restart();
  }
  const [[key, row]] = world.stored();
  world.tampered.set(key, [...row.slice(0, -1), "-7"]);
  await world.turns(3);
  assertEquals(world.faults(), [`${row[0]} different`], "the changelog says otherwise");
});
