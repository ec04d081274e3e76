import { assert, assertEquals } from "@std/assert";
import type { SavedOrder } from "../../../src/formats/changelog_fact.ts";
import {
  marksOf,
  NUDGE,
  type Pack,
  type PackedEvent,
  packedEvent,
  packOf,
  readPack,
} from "../../../src/runtime/streams/pack.ts";
import { TextBytes } from "../../../src/runtime/streams/text_bytes.ts";
import { LEASE_MS, TimeOrder } from "../../../src/runtime/streams/time_order.ts";
import { type Choices, choicesOf } from "../../oracle/random.ts";
import { NO_HEADERS } from "../../../src/record/headers.ts";

const PARTITIONS = 2;
const TOPICS = [["left", PARTITIONS], ["right", PARTITIONS]] as const;
const SEEDS = 300;
const RECORDS = 60;

/** What an order gives, and with which record: `left@1/0 7.0 t5`. */
class Given {
  readonly lines: string[] = [];
  overtaken = 0;
  readonly order: TimeOrder;
  #at = 0;

  constructor(saved: SavedOrder | null = null) {
    this.order = new TimeOrder({
      give: ({ source, partition, event: { offset, index, timestampUs } }) =>
        this.lines.push(`@${this.#at} ${source}/${partition} ${offset}.${index} t${timestampUs}`),
      tick: (toUs) => this.lines.push(`@${this.#at} tick ${toUs}`),
      onOvertaken: () => this.overtaken++,
      comesFirst: (input) => input === 9,
    }, saved);
  }

  take(pack: Pack, offset: number, { events = pack.events } = {}): void {
    this.#at = offset;
    if (pack.source === "clock") this.order.tick(events[0].timestampUs);
    else this.order.take(pack, { offset, events });
  }
}

function packed(
  [source, partition]: readonly [source: string, partition: number],
  times: readonly (readonly [offset: number, us: number])[],
): Pack {
  const events = new TextBytes();
  for (const [offset, timestampUs] of times) {
    events.add(packedEvent({ offset, index: 0 }, {
      ...{ input: 0, columns: { k: 1 }, value: null, timestampUs, headers: NO_HEADERS },
    }));
  }
  return read(packOf(source, { partition, events }));
}

function read(value: string | Uint8Array): Pack {
  return readPack("t", { value });
}

/** Of all partitions: that they were complete when the instance was so old; -1: that nothing is known. */
function marked(issuer: string, ageMs: number, completeMs: (at: number) => number): Pack {
  const claims = TOPICS.flatMap((_, topic) =>
    Array.from({ length: PARTITIONS }, (_, partition) => {
      return { topic, partition, completeMs: completeMs(topic * PARTITIONS + partition), clockUs: null };
    })
  );
  return read(marksOf({ issuer, ageMs, topics: TOPICS, claims }));
}

/** Records of a repartition topic, and which events of each have not come before. */
function recordsOf(choices: Choices): { pack: Pack; events: readonly PackedEvent[] }[] {
  const sources = TOPICS.flatMap(([topic]) => [0, 1].map((partition) => ({ topic, partition, next: 0, us: 0 })));
  const written: Pack[] = [];
  let ageMs = 0;
  return Array.from({ length: RECORDS }, () => {
    ageMs += choices.int(6_000);
    const kind = choices.int(10);
    if (kind === 0) {
      const behind = choices.int(5);
      const pack = marked(choices.of(["a", "b"]), ageMs, (at) => at === behind ? -1 : ageMs - choices.int(9_000));
      return { pack, events: [] };
    }
    if (kind === 1) return { pack: read(`["clock",0,[[0,0,0,${choices.int(300)},null,null]]]`), events: [] };
    if (kind === 2 && written.length > 0) return { pack: choices.of(written), events: [] };
    const source = choices.of(sources);
    const times = Array.from({ length: 1 + choices.int(4) }, () => {
      source.us += choices.int(20);
      return [source.next++, Math.max(0, source.us - choices.int(10))] as const;
    });
    const pack = packed([`${source.topic}@1`, source.partition], times);
    written.push(pack);
    return { pack, events: pack.events };
  });
}

Deno.test("TimeOrder gives each event once, in its source's order, and goes on the same from what it saved", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const choices = choicesOf(seed);
    const records = recordsOf(choices);
    const whole = new Given();
    const cut = choices.int(RECORDS);
    let saved: SavedOrder | null = null;
    for (const [offset, { pack, events }] of records.entries()) {
      if (offset === cut) saved = JSON.parse(JSON.stringify(whole.order.save()));
      whole.take(pack, offset, { events: pack.source === "clock" ? pack.events : events });
    }
    const again = new Given(saved);
    for (const [offset, { pack, events }] of records.entries()) {
      if (offset >= cut) again.take(pack, offset, { events: pack.source === "clock" ? pack.events : events });
      else if (offset >= (saved?.from ?? cut)) again.order.takeAgain(pack, offset);
    }
    const behind = whole.lines.filter((line) => Number(line.slice(1).split(" ")[0]) >= cut);
    assertEquals(again.lines, behind, `seed ${seed}, cut at ${cut}`);
    assertEquals(again.order.save(), whole.order.save(), `seed ${seed}`);

    whole.take(marked("c", 1, () => 1), RECORDS);
    const events = whole.lines.filter((line) => !line.includes("tick")).map((line) => line.split(" "));
    assertEquals(events.length, records.reduce((sum, { events }) => sum + events.length, 0), `seed ${seed}: once`);
    for (const name of new Set(events.map(([, source]) => source))) {
      const offsets = events.filter(([, source]) => source === name).map(([, , place]) => parseInt(place));
      assertEquals(offsets, offsets.toSorted((a, b) => a - b), `seed ${seed}: ${name}`);
    }
  }
});

Deno.test("TimeOrder merges sources that are behind by their times, and lets those pass that are not", () => {
  const it = new Given();
  it.take(marked("a", 0, () => -1), 0);
  it.take(packed(["left@1", 0], [[0, 10], [1, 30]]), 1);
  assertEquals(it.lines, [], "others may have an earlier one");
  it.take(marked("a", 100, (at) => at === 2 ? -1 : 100), 2);
  assertEquals(it.lines, [], "right/0 is behind");
  it.take(packed(["right@1", 0], [[0, 20]]), 3);
  it.take(marked("a", 200, () => 150), 4);
  assertEquals(it.lines, ["@3 left@1/0 0.0 t10", "@3 right@1/0 0.0 t20", "@4 left@1/0 1.0 t30"]);
  it.take(packed(["left@1", 1], [[0, 5]]), 5);
  assertEquals(it.lines.length, 4, "all are read to their ends: what comes is taken as it comes");
  assertEquals(it.order.waits, false);
});

Deno.test("TimeOrder trusts no claim that is old, whoever's clock says so, and none of before a start", () => {
  const it = new Given();
  it.take(marked("a", 0, () => 0), 0);
  assertEquals(it.order.waits, false);
  it.take(marked("a", LEASE_MS, () => -1), 1);
  assertEquals(it.order.waits, false, "the lease is not over");
  it.take(marked("a", LEASE_MS + 1, () => -1), 2);
  assertEquals(it.order.waits, true);
  it.take(marked("a", 20_000, () => 19_000), 3);
  assertEquals(it.order.waits, false);
  it.take(marked("b", 5, () => -1), 4);
  assertEquals(it.order.waits, true, "another instance has begun");
  it.take(marked("a", 21_000, () => 19_500), 5);
  assertEquals(it.order.waits, true, "that was before");
  it.take(marked("a", 22_000, () => 21_500), 6);
  assertEquals(it.order.waits, false);
  // The clock of one is set forward by a day: the others need not have aged as much.
  it.take(marked("b", 86_400_000, () => -1), 7);
  it.take(marked("a", 23_000, () => 22_500), 8);
  assertEquals(it.order.waits, true, "that may have been on its way for a day");
  it.take(marked("a", 26_000, () => 25_500), 9);
  assertEquals(it.order.waits, false);
});

Deno.test("TimeOrder gives what waited in portions, and goes on with any record", () => {
  const it = new Given();
  it.take(marked("a", 0, () => -1), 0);
  for (let at = 0; at < 50; at++) {
    it.take(packed(["left@1", 0], Array.from({ length: 50 }, (_, more) => [at * 50 + more, at] as const)), 1 + at);
  }
  assertEquals([it.lines.length, it.order.held], [0, 2_500]);
  it.take(marked("a", 10, () => 10), 51);
  assertEquals([it.lines.length, it.order.isReady], [1_000, true]);
  for (const offset of [52, 53]) it.take(read(NUDGE), offset);
  assertEquals([it.lines.length, it.order.isReady, it.order.waits], [2_500, false, false]);
});

Deno.test("TimeOrder holds so many events and no more: then the earliest does not wait, and that is told", () => {
  const it = new Given();
  it.take(marked("a", 0, () => -1), 0);
  const [many, each] = [101, 1_000];
  for (let at = 0; at < many; at++) {
    const times = Array.from({ length: each }, (_, more) => [at * each + more, at * each + more] as const);
    it.take(packed(["left@1", 0], times), 1 + at);
  }
  assertEquals([it.order.held, it.lines.length, it.overtaken], [100_000, 1_000, 1_000]);
  assert(it.lines[0].endsWith("t0"));
});
