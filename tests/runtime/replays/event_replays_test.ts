import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, count, events, int8, type Topology, topology } from "../../../src/mod.ts";
import type { ReplayResult } from "../../../src/runtime/replays/replay.ts";
import { readStreams } from "../../../src/cli/verify/event_records.ts";
import { ReplayWorld } from "./replay_run.ts";

const TOPIC = "shop.clicks";
const clicks = events(TOPIC, { row: z.object({ user_id: int8(), page: z.string() }) });
const seen = clickhouseAppend("seen", { columns: { page: "String" }, orderBy: ["page"] });
const counts = clickhouse("counts", { key: ["page"], columns: { page: "String", clicks: "UInt64" } });

const both = (name: string) =>
  topology(name, (builder) => {
    const stream = builder.stream(clicks);
    stream.mapValues(({ page }) => ({ page })).to(seen);
    stream.groupBy(({ page }) => ({ page })).aggregate("pages", { clicks: count() }).to(counts);
  });

/** Refuses the page "bad" in the only way that events take. */
const mapped = (refused: string): Topology =>
  topology("clicks", (builder) =>
    builder.stream(clicks).mapValues(({ page }) => {
      if (page === refused) throw new RangeError(`no page ${page}`);
      return { page };
    }).to(seen));

const click = (page: unknown) => ({ key: "k", value: JSON.stringify({ user_id: 7, page }) });

function is(outcome: string, sentence: RegExp, { outcome: was, sentence: said }: ReplayResult): void {
  assertEquals(was, outcome, said);
  assert(sentence.test(said), said);
}

const pages = ({ warehouse }: ReplayWorld) => warehouse.appendedRows("seen").map(({ page }) => page).sort();

async function opened(topology: Topology): Promise<ReplayWorld> {
  const world = await ReplayWorld.open({});
  // Old events go, as those of a stream do.
  await world.log.createTopic({ name: TOPIC, partitions: 1, cleanup: "delete", retentionMs: -1 });
  await world.append(TOPIC, click("a"));
  await world.append(TOPIC, click(5));
  await world.append(TOPIC, click("a"));
  await world.start(topology);
  return world;
}

Deno.test("a corrected event counts once in all that its stream feeds, however often it is replayed", async () => {
  const world = await opened(both("clicks"));
  const [letter] = world.open();
  is("failed", /still cannot be read.*page/, (await world.replay([letter]))[0]);
  assertEquals(world.open(), [letter]);
  is(
    "replayed",
    /offset 3 .* counts from now on, once, and late where/,
    (await world.replay([letter], { set: { page: "a" } }))[0],
  );
  const counted = () => [pages(world), world.shown("counts"), world.open()];
  const expected = [["a", "a", "a"], ['{"page":"a","clicks":3}'], []];
  assertEquals(counted(), expected);
  // As after a process that died before it could say so.
  for (const edit of [{ set: { page: "b" } }, null]) {
    is("replayed", /offset 3 .* was replayed before/, (await world.replay([letter], edit))[0]);
  }
  assertEquals(counted(), expected);
  await world.run.stop();
  await world.start(both("clicks"));
  assertEquals([...counted(), (await world.log.offsets(TOPIC)).end], [...expected, [4]]);
  const { events, refused } = (await readStreams(both("clicks"), world.log)).get(TOPIC)!;
  assertEquals([events.length, refused], [3, 1]);
  await world.close();
});

Deno.test("an event that one topology has replayed is none of another's, also for verify", async () => {
  const world = await opened(both("clicks"));
  await world.replay(world.open(), { set: { page: "b" } });
  await world.run.stop();
  const loose = events(TOPIC, { row: z.object({ user_id: int8(), page: z.union([z.string(), z.int()]) }) });
  const all = clickhouseAppend("all", { columns: { page: "String" }, orderBy: ["page"] });
  const other = topology(
    "other",
    (builder) => builder.stream(loose).mapValues(({ page }) => ({ page: `${page}` })).to(all),
  );
  await world.start(other);
  const shown = world.warehouse.appendedRows("all").map(({ page }) => page).sort();
  assertEquals([shown, pages(world)], [["5", "a", "a"], ["a", "a", "b"]]);
  const read = (await readStreams(other, world.log)).get(TOPIC)!;
  assertEquals(read.events.map(({ value }) => (value as { page: unknown }).page), ["a", 5, "a"]);
  await world.close();
});

Deno.test("an event whose callback threw is replayed where nothing else of it has come out", async () => {
  const world = await ReplayWorld.open({ [TOPIC]: 1 });
  await world.append(TOPIC, click("a"));
  await world.append(TOPIC, click("bad"));
  await world.start(mapped("bad"));
  assertEquals([pages(world), world.open().map(({ stage }) => stage)], [["a"], ["callback"]]);
  await world.run.stop();
  await world.start(mapped(""));
  assertEquals(pages(world), ["a"]);
  is("replayed", /counts from now on/, (await world.replay(world.open()))[0]);
  assertEquals([pages(world), world.open()], [["a", "bad"], []]);
  await world.close();
});

Deno.test("an event is not replayed where some of it has counted, nor if it is gone and was not kept", async () => {
  const world = await opened(both("clicks"));
  const [letter] = world.open();
  is("refused", /would count twice/, (await world.replay([{ ...letter, stage: "callback" }]))[0]);
  is("refused", /would count twice/, (await world.replay([{ ...letter, stage: "sink" }]))[0]);
  const kept = { ...letter, stage: "callback" as const, task: "stage.pages-0" };
  is("refused", /computed anew/, (await world.replay([kept]))[0]);
  const gone = { ...letter, record: `${letter.record}... [cut: at most 65536 bytes are kept]` };
  is("failed", /still cannot be read/, (await world.replay([gone]))[0]);
  await world.log.truncateBefore(TOPIC, { partition: 0, offset: 3 });
  is("refused", /is not in the log any more, and the letter holds no whole record/, (await world.replay([gone]))[0]);
  const noText = { ...letter, record: '{"page":"\ufffd"}' };
  is("refused", /holds no whole record/, (await world.replay([noText]))[0]);
  is("failed", /page/, (await world.replay([letter]))[0]);
  is("replayed", /counts/, (await world.replay([gone], { value: click("z").value }))[0]);
  assertEquals(pages(world), ["a", "a", "z"]);
  await world.close();
});
