import { assert, assertEquals } from "@std/assert";
import { session } from "../../../src/mod.ts";
import { factKeys, factValues } from "../../../src/formats/changelog_fact.ts";
import type { Log } from "../../../src/ports/log.ts";
import { type Begun, begun, CHANGELOG, changelogOf, click, clicked } from "./retained_clicks.ts";

const MINUTE_US = 60e6;
const GAP = { seconds: 90 };
const visits = session(GAP, { retention: { minutes: 5 } });

/** Other users click once a minute, more than a gap apart from each other's, so that time passes. */
async function passed(world: Begun, { from, to }: { readonly from: number; readonly to: number }): Promise<void> {
  for (let minute = from; minute < to; minute += 2) await clicked(world, [{ user_id: 1_000 + minute, minute }]);
}

/** What is shown of a user: minute at which a visit begins, and its clicks. */
function shown({ memory }: Begun, user: number): number[][] {
  return memory.select("minutes").filter(({ user_id }) => Number(user_id) === user)
    .map(({ window_start, clicks }) => [Number(window_start) / MINUTE_US, Number(clicks)]);
}

/** Whether records delete facts of sessions that begin then. */
function deletesFactsOf(records: Parameters<Log["append"]>[0][number]["records"], minute: number): boolean {
  return records.some(({ key, value }) => value === null && String(key).includes(`,${minute * MINUTE_US},0]`));
}

Deno.test("a session that begins where a forgotten one did is not deleted with that one's facts", async () => {
  const world = await begun(visits);
  const { log } = world;
  const held: (() => void)[] = [];
  let holds = true;
  // What deletes the facts of the visit at minute 10 is late.
  const append: Log["append"] = async (batches) => {
    const isHeld = holds && batches.some(({ topic, records }) => topic === CHANGELOG && deletesFactsOf(records, 10));
    if (isHeld) await new Promise<void>((go) => held.push(go));
    return await log.append(batches);
  };
  let run = world.make({ ...log, append });
  await run.settled();
  await clicked(world, [{ user_id: 1, minute: 10 }]);
  let time = 12;
  for (; time <= 60 && held.length === 0; time += 2) await passed(world, { from: time, to: time + 2 });
  assertEquals(held.length, 1, "its facts are to be deleted");
  // Its place is taken before that.
  await clicked(world, Array.from({ length: time - 10 + 1 }, (_, back) => ({ user_id: 1, minute: time - back })));
  holds = false;
  held[0]();
  await run.settled();
  assertEquals(shown(world, 1), [[10, time - 10 + 1]]);
  await run.stop();
  run = world.make();
  await run.settled();
  await clicked(world, [{ user_id: 1, minute: time + 1 }]);
  await run.settled();
  assertEquals(shown(world, 1), [[10, time - 10 + 2]], "the stage knows the visit that goes on");
  await run.stop();
});

Deno.test("what a former owner shows late of a session that is gone loses to a deletion", async () => {
  const world = await begun(visits);
  const run = world.make();
  await run.settled();
  // In one batch, so that nothing is ever shown of a visit that begins at minute 11.
  await clicked(world, [{ user_id: 1, minute: 11 }, { user_id: 1, minute: 10 }]);
  assertEquals(shown(world, 1), [[10, 2]]);
  await passed(world, { from: 12, to: 40 });
  await run.settled();
  const ofMinute11 = (keys: readonly string[]) => keys.filter((key) => key.includes(`${11 * MINUTE_US}`)).length;
  assertEquals([ofMinute11(world.written.upserts), ofMinute11(world.written.deletes)], [0, 1]);
  assert(!(await changelogOf(world.log)).facts.includes(11), "it is forgotten");
  await run.stop();
});

Deno.test("facts of sessions that an earlier version has written go by their ends", async () => {
  const world = await begun(visits);
  let run = world.make();
  await clicked(world, [{ user_id: 1, minute: 10 }]);
  await run.settled();
  await run.stop();
  const element = { end: 9 * MINUTE_US, timestampUs: 9 * MINUTE_US, state: [7], shown: true };
  const keyOf = factKeys({ owner: "earlier", key: 7 });
  const valueOf = factValues({ user_id: 7 });
  await world.log.append([{
    topic: CHANGELOG,
    partition: 0,
    records: [
      { key: keyOf({ start: 8 * MINUTE_US, seq: 0 }), value: valueOf({ to: 1, element }) },
      { key: keyOf({ start: 4 * MINUTE_US, seq: 0 }), value: valueOf({ to: 1, element: null }) },
    ],
  }]);
  run = world.make();
  await run.settled();
  assertEquals(shown(world, 7), [[8, 7]]);
  await passed(world, { from: 12, to: 60 });
  await click(world, { from: 60, to: 70 });
  await run.settled();
  const { facts } = await changelogOf(world.log);
  assertEquals([facts.includes(8), facts.includes(4)], [false, true], "of one that is gone nobody knows since when");
  assertEquals(shown(world, 7), [[8, 7]]);
  await run.stop();
});
