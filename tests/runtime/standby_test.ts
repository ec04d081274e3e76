import { assertEquals } from "@std/assert";
import { inboxTopic } from "../../src/plan/inbox_topic.ts";
import type { DeadLetter } from "../../src/ports/dead_letters.ts";
import type { Log } from "../../src/ports/log.ts";
import { lettersInto } from "../letters_to.ts";
import { DELETE_RETENTION_MS, manyThings, openPair, OPTIONS, standbyOf, told, watched } from "./standby_pair.ts";
import { openThings, THINGS } from "./things.ts";

const INBOX = inboxTopic({ topology: "things", table: "things", generation: 1 });

Deno.test("a standby takes its task over with the rows that it has, and reads nothing twice", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put(manyThings);
  const { log, read } = watched(world.log);
  const [owner, standby] = await openPair(world, { log });
  assertEquals(standbyOf(standby), { id: "things-0", partition: 0, state: "ready", lagRecords: 0, rows: 300 });
  await world.put([[3, "new"], [7, null], [500, "more"]]);
  await world.until(() => standbyOf(standby).rows === 300 && standbyOf(standby).state === "ready");
  const writes = world.memory.writes();
  await owner.stop();
  await standby.settled();
  assertEquals(read.length, 303, "each record once");
  assertEquals(told(standby, "standbys took over"), [
    { kind: "standbys took over", tasks: 1, rows: 300, records: 0 },
  ]);
  assertEquals([world.memory.writes() - writes, world.names().size, world.names().get(3)], [0, 300, "new"]);
  await world.put([[8, "after"]]);
  await standby.settled();
  assertEquals([world.names().get(8), standby.runner.status().standbys], ["after", []]);
});

Deno.test("a task that a standby took over reads on to the end as of its HELLO before it evaluates", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put(manyThings);
  const { log, state } = watched(world.log);
  const [owner, standby] = await openPair(world, { log });
  state.silent = true;
  await world.put([[3, "new"], [7, null], [500, "more"]]);
  await owner.settled();
  const writes = world.memory.writes();
  await owner.stop();
  state.silent = false;
  await standby.settled();
  assertEquals(told(standby, "standbys took over"), [
    { kind: "standbys took over", tasks: 1, rows: 300, records: 3 },
  ]);
  assertEquals([world.memory.writes() - writes, world.names().get(3)], [0, "new"], "older rows were never shown");
});

Deno.test("a standby says nothing and writes nothing, whatever comes", async () => {
  await using world = await openThings({ partitions: 1 });
  let inserts = 0;
  const warehouse = {
    ...world.memory,
    insert: (batch: Parameters<typeof world.memory.insert>[0]) => (inserts++, world.memory.insert(batch)),
  };
  const letters: DeadLetter[] = [];
  const [owner, standby] = await openPair(world, { warehouse, deadLetters: lettersInto(letters) });
  const before = (await world.log.offsets(INBOX)).end;
  await world.put(manyThings);
  await owner.settled();
  await world.until(() => standbyOf(standby).rows === 300);
  assertEquals([(await world.log.offsets(INBOX)).end, inserts, letters], [before, 0, []]);
  assertEquals([standby.runner.ready, standby.runner.status().tasks, standby.runner.problems.list()], [true, [], []]);
});

/** A record that nobody can read, then (if `mended`) one of the same key that can be read. */
async function putUnreadable(
  log: Log,
  { id, mended = null }: { readonly id: number; readonly mended?: string | null },
): Promise<void> {
  const key = `{"id":${id}}`;
  const records = [{ key, value: "no json" }];
  if (mended !== null) records.push({ key, value: JSON.stringify({ op: "u", after: { id, name: mended } }) });
  await log.append([{ topic: THINGS, partition: 0, records }]);
}

Deno.test("records that a standby could not read become dead letters of the task that it takes over", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put([[1, "one"], [2, "two"]]);
  await putUnreadable(world.log, { id: 1 });
  await putUnreadable(world.log, { id: 2, mended: "two again" });
  const own: DeadLetter[] = [];
  const letters: DeadLetter[] = [];
  const owner = world.spawn({ options: OPTIONS, deadLetters: lettersInto(own) });
  await owner.settled();
  const standby = world.spawn({ options: OPTIONS, deadLetters: lettersInto(letters) });
  await world.until(() => standbyOf(standby)?.state === "ready");
  assertEquals([own.map(({ offset }) => offset), letters], [[2, 3], []]);
  await owner.stop();
  await standby.settled();
  await world.clock.pass(1_000);
  const { topic, partition, offset, record, task, epoch } = letters[0];
  assertEquals([topic, partition, offset, record, task], [THINGS, 0, 2, "no json", "things-0"]);
  assertEquals([letters.length, epoch > own[0].epoch], [1, true], "in the epoch of the take-over");
  assertEquals(standby.runner.status().stale, [{ table: "things", keys: 1 }]);
});

Deno.test("a standby of a topic that is recreated begins anew, and what it kept is not taken over", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put(manyThings);
  let id = "first";
  const { log } = watched(world.log, { id: () => id });
  const [owner, standby] = await openPair(world, { log });
  id = "second";
  await owner.stop();
  await standby.settled();
  const ignored = told(standby, "standby ignored", "standbys took over");
  assertEquals(ignored, [{
    kind: "standby ignored",
    task: "things-0",
    reason: `topic "${THINGS}" was recreated since`,
  }]);
  assertEquals(world.names().size, 300);
  const third = world.spawn({ options: OPTIONS, log });
  await world.until(() => standbyOf(third)?.state === "ready");
  id = "third";
  await world.until(() => told(third, "standby begun anew").length > 0);
  await world.until(() => standbyOf(third)?.state === "ready" && standbyOf(third).rows === 300);
});

Deno.test("a standby that has read nothing for half of delete.retention.ms is not taken over", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put(manyThings);
  const { log, state } = watched(world.log, { deleteRetentionMs: DELETE_RETENTION_MS });
  const [owner, standby] = await openPair(world, { log });
  await world.clock.pass(DELETE_RETENTION_MS / 2 + 10_000);
  assertEquals(standbyOf(standby).state, "ready", "at the end of its topic it stays fresh");
  state.silent = true;
  await world.put([[7, null]]);
  await owner.settled();
  await world.clock.pass(DELETE_RETENTION_MS / 2 + 2_000);
  await owner.stop();
  state.silent = false;
  await standby.settled();
  assertEquals(told(standby, "standby ignored").map((event) => "reason" in event && event.reason), [
    `it is older than half of delete.retention.ms of "${THINGS}"`,
  ]);
  assertEquals([world.names().size, world.names().has(7)], [299, false]);
});

Deno.test("a standby that comes to records too late reads everything again", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put(manyThings);
  const { log, state, read } = watched(world.log, { deleteRetentionMs: DELETE_RETENTION_MS });
  const [owner, standby] = await openPair(world, { log });
  state.silent = true;
  await world.clock.pass(DELETE_RETENTION_MS / 2 + 2_000);
  await world.put([[7, null]]);
  await owner.settled();
  state.silent = false;
  await world.until(() => told(standby, "standby begun anew").length > 0);
  await world.until(() => standbyOf(standby).state === "ready" && standbyOf(standby).rows === 299);
  assertEquals(read.length, 300 + 1 + 301);
});
