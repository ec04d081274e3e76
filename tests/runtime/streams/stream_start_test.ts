import { assertEquals } from "@std/assert";
import type { Log } from "../../../src/ports/log.ts";
import { decodeNote, encodeNote } from "../../../src/runtime/streams/stream_note.ts";
import { streamStart } from "../../../src/runtime/streams/stream_start.ts";

const TOPIC = "clicks";

interface Found {
  readonly start?: number;
  readonly end?: number;
  readonly id?: string | null;
  readonly from?: "earliest" | "latest";
  readonly lasts?: readonly (number | null)[];
  readonly told?: number | null;
}

function startOf(
  committed: { readonly offset: number; readonly note: string } | null,
  { start = 10, end = 100, id = "a", from = "earliest", lasts = [], told = null }: Found = {},
) {
  const log = {
    topics: () => Promise.resolve(new Map([[TOPIC, { id }]])),
    offsets: () => Promise.resolve({ start: [0, start], end: [0, end] }),
  } as unknown as Log;
  const progress = committed === null ? null : { topic: TOPIC, partition: 1, ...committed };
  return streamStart({ topic: TOPIC, from }, {
    partition: 1,
    progress,
    log,
    found: () => Promise.resolve({ appended: lasts, told }),
  });
}

const note = (to: number | null, lost = 0) =>
  encodeNote({ topicId: "a", announced: to === null ? null : { to, digest: 5, deadlineMs: 77 }, lost });

Deno.test("a stream that was never read begins where it says", async () => {
  const { position, announced, source } = await startOf(null);
  assertEquals([position, announced, source], [10, null, "clicks@a"]);
  assertEquals((await startOf(null, { from: "latest" })).position, 100);
  assertEquals((await startOf(null, { id: null })).source, "clicks");
});

Deno.test("a stream goes on behind what is done, with the range that was announced", async () => {
  const { position, announced, lost } = await startOf({ offset: 40, note: note(50) });
  assertEquals([position, announced, lost], [40, { from: 40, to: 50, digest: 5, deadlineMs: 77 }, null]);
  assertEquals((await startOf({ offset: 40, note: note(null) })).announced, null);
  assertEquals((await startOf({ offset: 40, note: "" })).position, 40, "a position that somebody else has set");
});

Deno.test("a stream whose position the group has forgotten goes on behind the rows that are there", async () => {
  const one = await startOf(null, { lasts: [59] });
  assertEquals([one.position, one.announced, one.lost], [10, { from: 10, to: 60, digest: -1, deadlineMs: null }, null]);
  const far = await startOf(null, { lasts: [400_000, null, 399_000], end: 500_000, from: "latest" });
  assertEquals([far.position, far.announced], [300_001, { from: 300_001, to: 400_001, digest: -1, deadlineMs: null }]);
  const gone = await startOf(null, { lasts: [5] });
  assertEquals([gone.position, gone.announced], [10, null]);
});

Deno.test("a stream whose position is forgotten goes on behind what is written exactly once", async () => {
  const alone = await startOf(null, { told: 59, from: "latest" });
  assertEquals([alone.position, alone.announced, alone.toldTo], [60, null, 60]);
  assertEquals((await startOf(null, { told: 3 })).position, 10, "what is before the partition's first record");
  const beside = await startOf(null, { told: 59, lasts: [40, null] });
  const announced = { from: 10, to: 60, digest: -1, deadlineMs: null };
  assertEquals([beside.position, beside.announced, beside.toldTo], [10, announced, 60], "tables may lack some of it");
});

Deno.test("records that were deleted before they were processed are counted", async () => {
  const { position, announced, lost } = await startOf({ offset: 4, note: note(12) });
  assertEquals([position, announced, lost?.records], [10, { from: 4, to: 12, digest: 5, deadlineMs: 77 }, 6]);
  const all = await startOf({ offset: 4, note: note(8) });
  assertEquals([all.position, all.announced, all.lost?.records], [10, null, 6]);
  const before = await startOf({ offset: 40, note: note(null, 7) });
  assertEquals([before.position, before.lost?.records], [40, 7], "whoever found it may not have said so");
});

Deno.test("a topic that was made again is read from its beginning, one that has lost its end from there", async () => {
  const again = await startOf({ offset: 40, note: note(50) }, { id: "b" });
  assertEquals([again.position, again.announced, again.source], [10, null, "clicks@b"]);
  assertEquals(again.lost?.reason.includes("was made again"), true);
  const shorter = await startOf({ offset: 140, note: note(150) });
  assertEquals([shorter.position, shorter.announced], [100, null]);
  assertEquals(shorter.lost?.reason.includes("its log has lost records"), true);
});

Deno.test("decodeNote() is the inverse of encodeNote(), and takes nobody else's", () => {
  for (
    const one of [
      { topicId: "a", announced: { to: 7, digest: 1.5, deadlineMs: 1_700_000_000_000 }, lost: 0 },
      { topicId: "a", announced: { to: 7, digest: 1.5, deadlineMs: null }, lost: 0 },
      { topicId: null, announced: null, lost: 3 },
      { topicId: null, announced: null, lost: 0, fed: new Map([["x1", { until: 7, missed: null, since: 0 }]]) },
    ]
  ) {
    assertEquals(decodeNote(encodeNote(one)), one);
  }
  for (
    const text of [
      "",
      "null",
      "{}",
      "[1]",
      '{"v":2,"id":"a"}',
      '{"v":1,"id":1}',
      '{"v":1,"id":"a","to":"x"}',
      '{"v":1,"id":"a","to":5}',
      "{",
    ]
  ) {
    assertEquals(decodeNote(text), null, text);
  }
});
