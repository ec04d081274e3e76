import { assertEquals } from "@std/assert";
import { type SnapshotHead, whyUnfit } from "../../../src/runtime/lifecycle/snapshot_head.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = 100 * HOUR_MS;
const TOPIC = { id: "t1", compacted: true, deleteRetentionMs: 24 * HOUR_MS };

const HEAD: SnapshotHead = {
  topology: "sales",
  task: "items-1",
  epoch: 7,
  seq: 9,
  shown: [],
  generation: 2,
  plan: "p",
  rows: "r",
  freshMs: NOW_MS - HOUR_MS,
  sources: [{ topic: "shop.items", id: "t1", start: 5, position: 40, leaderEpoch: 3 }],
};

/** Why this head is refused by a start of `items-1`; `topic`: how its topic is now. */
function why(
  head: Partial<SnapshotHead>,
  topic: Partial<typeof TOPIC> | { readonly id: null } = {},
  { rows = "r" }: { readonly rows?: string | null } = {},
) {
  return whyUnfit({ ...HEAD, ...head }, {
    topology: "sales",
    host: { id: "items-1", partition: 1, topics: ["shop.items"] } as never,
    topics: { generation: 2, sources: new Map([["shop.items", { ...TOPIC, ...topic }]]) } as never,
    plan: "p",
    rows,
    nowMs: NOW_MS,
    offsets: new Map([["shop.items", { start: [0, 5], end: [9, 60] }]]),
  });
}

const source = (change: Partial<SnapshotHead["sources"][0]>) => ({ sources: [{ ...HEAD.sources[0], ...change }] });

Deno.test("whyUnfit() lets a snapshot of the same task, computation and log be used", () => {
  assertEquals(why({}), null);
  assertEquals(why(source({ position: 60 })), null);
  assertEquals(why({ freshMs: NOW_MS - 90 * HOUR_MS }, { compacted: false }), null, "no tombstone ever goes");
});

Deno.test("whyUnfit() says what does not fit", () => {
  assertEquals(why({ task: "items-0" }), 'it is of task "items-0" of sales');
  assertEquals(why({ topology: "other" }), 'it is of task "items-1" of other');
  assertEquals(why({ generation: 1 }), "it is of generation 1");
  const changed = "the topology, or Weir, has changed since";
  assertEquals(why({ plan: "q", rows: "s" }), changed);
  assertEquals(why({ plan: "q" }), null, "its rows are read in the same way");
  assertEquals(why({ plan: "q", rows: null }, {}, { rows: null }), changed, "nobody can tell how they are read");
  assertEquals(why({ sources: [] }), "it is of other topics");
  assertEquals(why(source({ topic: "shop.orders" })), "it is of other topics");
  assertEquals(why({}, { id: "t2" }), 'topic "shop.items" was recreated since');
  assertEquals(why(source({ id: null })), 'the log does not tell whether topic "shop.items" is still the same');
  assertEquals(why({}, { id: null }), 'the log does not tell whether topic "shop.items" is still the same');
  assertEquals(why(source({ start: 0 })), 'topic "shop.items" begins elsewhere now');
  assertEquals(why(source({ position: 61 })), 'topic "shop.items" ends before it');
  const old = 'it is older than half of delete.retention.ms of "shop.items"';
  assertEquals(why({ freshMs: NOW_MS - 12 * HOUR_MS - 1 }), old);
  assertEquals(why({ freshMs: NOW_MS - 12 * HOUR_MS }), null);
  assertEquals(why({ freshMs: NOW_MS + 1 }), old, "the clock was set back");
});
