import { assert, assertEquals } from "@std/assert";
import { session, sliding, tumbling, type Windows } from "../../../src/mod.ts";
import { factKeys, factValues } from "../../../src/formats/changelog_fact.ts";
import { begun, CHANGELOG, changelogOf, click, USERS } from "./retained_clicks.ts";

/** Windows of a minute that are kept for so many. */
const ofMinutes = (minutes: number) => tumbling({ minutes: 1 }, { retention: { minutes } });

for (
  const [what, windows] of [
    ["windows", ofMinutes(10)],
    // Each click is one.
    ["sessions", session({ seconds: 20 }, { retention: { minutes: 10 } })],
    ["sliding windows", sliding({ seconds: 20 }, { retention: { minutes: 10 } })],
  ] as [string, Windows][]
) Deno.test(`memory and changelog stay as they are, however many ${what} there were`, () => staysSmall(windows));

async function staysSmall(windows: Windows): Promise<void> {
  const world = await begun(windows);
  let run = world.make();
  await run.settled();
  const rows = () => run.runner.stores().find(({ name }) => name === "by_minute")!.parts()[0].items();
  const sizes: { facts: number; rows: number }[] = [];
  for (let round = 0; round < 6; round++) {
    await click(world, { from: round * 40, to: round * 40 + 40 });
    await run.settled();
    const { facts, horizons, others } = await changelogOf(world.log);
    sizes.push({ facts: facts.length, rows: [...rows()].length });
    assertEquals(horizons.length, 1);
    // Of sessions under one name more, until it is looked through again.
    assert(others > round && others <= 3 * (round + 1), `${others} heads of ${round + 1} starts`);
    await run.stop();
    run = world.make();
    await run.settled();
  }
  assertEquals(world.memory.select("minutes").length, 6 * 40 * USERS);
  for (const { facts, rows } of sizes) {
    assert(rows <= 12 * USERS, `${JSON.stringify(sizes)}: rows of ten minutes, and a sixteenth`);
    assert(facts <= 30 * USERS, `${JSON.stringify(sizes)}: as much again until it is looked through`);
  }
  await run.stop();
}

Deno.test("without a retention all windows stay in the changelog", async () => {
  const all = await begun(tumbling({ minutes: 1 }));
  const without = all.make();
  await click(all, { from: 0, to: 80 });
  await without.settled();
  assertEquals((await changelogOf(all.log)).facts.length, 80 * USERS, "without a retention all of them stay");
  await without.stop();
});

Deno.test("no window goes whose rows ClickHouse has not taken", async () => {
  const world = await begun(ofMinutes(5));
  const run = world.make();
  await click(world, { from: 0, to: 20 });
  await run.settled();
  const { horizons: [before] } = await changelogOf(world.log);
  world.state.clickhouse = "does not answer";
  await click(world, { from: 20, to: 60 });
  const { facts, horizons } = await changelogOf(world.log);
  assert(horizons[0] <= 20 && horizons[0] >= before, `${horizons}: windows until 20 may be shown`);
  assertEquals(new Set(facts.filter((minute) => minute >= 20)).size, 40);
  // The process ends: what it had put is lost.
  await run.stop();
  world.state.clickhouse = "takes rows";
  const next = world.make();
  await next.settled();
  await click(world, { from: 60, to: 61 });
  await next.settled();
  const rows = world.memory.select("minutes");
  assertEquals([rows.length, rows.filter(({ clicks }) => Number(clicks) !== 1).length], [61 * USERS, 0]);
  await next.stop();
});

Deno.test("what a former owner of the stage writes late of a window beyond changes nothing, and goes", async () => {
  const world = await begun(ofMinutes(5));
  let run = world.make();
  await click(world, { from: 0, to: 30 });
  await run.settled();
  const shown = world.memory.select("minutes");
  const element = { end: 4 * 60e6, timestampUs: 3 * 60e6, state: [7], shown: true };
  const late = factKeys({ owner: "0.0.late", key: 1 })({ start: 3 * 60e6, seq: 0 });
  const value = factValues({ user_id: 1 })({ to: 1, element, former: undefined });
  const { writes } = world.memory;
  const before = writes();
  await world.log.append([{ topic: CHANGELOG, partition: 0, records: [{ key: late, value }] }]);
  await run.settled();
  await run.stop();
  run = world.make();
  await run.settled();
  assertEquals([world.memory.select("minutes"), writes()], [shown, before]);
  await click(world, { from: 30, to: 60 });
  await run.settled();
  assert(!(await changelogOf(world.log)).facts.includes(3));
  await run.stop();
});

Deno.test("what a former owner shows late of a window loses, though the present one has found it right", async () => {
  const world = await begun(ofMinutes(5));
  let run = world.make();
  await click(world, { from: 0, to: 20 });
  await run.settled();
  const startUs = 18 * 60e6;
  const batch = world.batches.findLast(({ upserts }) => upserts.some(({ key }) => key === `0,${startUs}`))!;
  const row = batch.upserts.find(({ key }) => key === `0,${startUs}`)!;
  const shown = () => {
    const rows = world.memory.select("minutes").filter(({ window_start }) => Number(window_start) === startUs);
    return rows.map(({ clicks }) => Number(clicks));
  };
  for (let starts = 0; starts < 2; starts++) {
    await run.stop();
    run = world.make();
    await run.settled();
  }
  await click(world, { from: 20, to: 21 });
  const present = world.batches.at(-1)!.upserts[0].epoch;
  assert(present > row.epoch + 1, `${row.epoch}, a start that showed nothing, and ${present}`);
  // That one had read less, and slept until now.
  const line = new TextEncoder().encode(`[0,${startUs},7`);
  await world.memory.insert({ ...batch, upserts: [{ ...row, epoch: row.epoch + 1, line }], deletes: [] });
  assertEquals(shown(), [7, 1, 1, 1, 1], "until it is looked at");
  await click(world, { from: 21, to: 40 });
  assertEquals(shown(), [1, 1, 1, 1, 1]);
  assert((await changelogOf(world.log)).horizons[0] > 18, "nobody knows of the window any more");
  await run.stop();
});
