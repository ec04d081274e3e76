import { assert, assertEquals } from "@std/assert";
import { factKeys, factValues } from "../../../src/formats/changelog_fact.ts";
import type { JoinedEvent } from "../../../src/oracle/joined_events.ts";
import type { StreamJoinSpec } from "../../../src/processor/stateful/stream_join.ts";
import type { StagePlan } from "../../../src/plan/physical.ts";
import type { StatefulOperator } from "../../../src/processor/stateful/stateful.ts";
import { FoundFacts } from "../../../src/runtime/streams/found_facts.ts";
import { KeyedElements } from "../../../src/state/keyed_elements.ts";
import { keptTexts } from "../../processor/stateful/durable_elements.ts";
import { JoinOwner, nodeOf } from "./joined_owner.ts";
import { MemoryChangelog } from "./suppressed_owner.ts";

const SPEC: StreamJoinSpec = {
  kind: "outer",
  beforeUs: 10,
  afterUs: 10,
  graceUs: 10,
  columns: { left: "l", right: "r" },
};
const KEYS = 50;
const EVENTS = 5_000;
const BATCH = 250;
/** Elements are kept for 31, and two events come at a time. */
const LIVE_MAX = 62 + BATCH;

const events = Array.from({ length: EVENTS }, (_, n): JoinedEvent => ({
  input: n % 2 === 0 ? 0 : 1,
  key: { id: (n * 7) % KEYS },
  value: { n },
  timestampUs: Math.floor(n / 2),
}));

/** Takes the events from where it is to below an offset, in batches. */
function run(owner: JoinOwner, { to, changelog }: { readonly to: number; readonly changelog: MemoryChangelog }): void {
  while (owner.position < to) {
    owner.take(events[owner.position]);
    if (owner.position % BATCH === 0) owner.seal(100_000).parts.forEach((part) => changelog.append(part));
  }
}

/** Keys of the records that are there: of those of one key the last. */
function present({ records }: MemoryChangelog): string[] {
  const last = new Map(records.map(({ key, value }) => [new TextDecoder().decode(key as Uint8Array), value]));
  return [...last].flatMap(([key, value]) => value === null ? [] : [key]);
}

Deno.test("a start reads of bundles no more than what is there, or was in the last batches", async () => {
  const changelog = new MemoryChangelog();
  const first = await JoinOwner.begin(SPEC, changelog);
  run(first, { to: EVENTS, changelog });
  const second = await JoinOwner.begin(SPEC, changelog);
  assertEquals(keptTexts(second.operator), keptTexts(first.operator));
  assertEquals(second.position, EVENTS);
  assert(second.elementsRead <= LIVE_MAX, `${second.elementsRead} elements were read, of ${EVENTS} events`);
});

Deno.test("a start reads one fact of each element, none of those removed, and lets others go on", async () => {
  const found = new FoundFacts({ changelog: "changelog", node: nodeOf(SPEC) } as unknown as StagePlan);
  const columns = { id: 1 };
  const take = (record: { readonly key: string; readonly value: string | null }) =>
    found.take({ ...record, offset: 0, timestampMs: 0 });
  for (let to = 1; to <= 10; to++) {
    for (const owner of ["a", "b"]) {
      for (let start = 0; start < 3_000; start++) {
        const element = { end: start, timestampUs: start, state: to, shown: false };
        const key = factKeys({ owner, key: 1 })({ start, seq: 0 });
        take({ key, value: factValues(columns)({ to, element, former: undefined }) });
        // What the owner of the greatest fact has removed is gone, whatever others say of it.
        if (start < 500 && to === 10) take({ key, value: null });
      }
    }
  }
  const elements = new KeyedElements();
  let turns = 0;
  const operator = { elements, dueOf: () => null } as unknown as StatefulOperator;
  const { elementsRead } = await found.into(operator, () => Promise.resolve(void turns++));
  assertEquals([elementsRead, elements.of(1).length, turns], [2_500, 2_500, 1]);
  assertEquals(new Set(elements.of(1).map(({ state }) => state)), new Set([10]));
  assertEquals(elements.positionOf(1), 10);
});

Deno.test("a changelog of bundles has as many records as batches of which something is there", async () => {
  const changelog = new MemoryChangelog();
  const first = await JoinOwner.begin(SPEC, changelog);
  run(first, { to: EVENTS / 2, changelog });
  assert(changelog.records.length < 4 * EVENTS / BATCH, `${changelog.records.length} records`);
  const second = await JoinOwner.begin(SPEC, changelog);
  run(second, { to: EVENTS, changelog });
  const left = present(changelog);
  // Two heads, and what the last batches have: the second one has removed what the first one left.
  assert(left.length <= 5, left.join(" "));
});

Deno.test("a copy stands for the fact that it is of, wherever they stand, when that one is deleted", async () => {
  const columns = { id: 1 };
  const fact = (owner: string, to: number) => {
    const element = { end: 5, timestampUs: 5, state: to, shown: false };
    return { key: factKeys({ owner, key: 1 })({ start: 5, seq: 0 }), value: factValues(columns)({ to, element }) };
  };
  const gone = (owner: string) => ({ key: fact(owner, 0).key, value: null });
  const orders = [
    [fact("former", 4), fact("copy", 4), gone("former")],
    // Written late.
    [fact("copy", 4), fact("former", 4), gone("former")],
    [fact("former", 4), fact("copy", 4), gone("former"), fact("former", 4), fact("former", 3)],
    [fact("first", 3), fact("former", 4), fact("copy", 4), gone("former"), gone("first")],
  ];
  for (const records of orders) {
    const found = new FoundFacts({ changelog: "changelog", node: nodeOf(SPEC) } as unknown as StagePlan);
    for (const record of records) found.take({ ...record, offset: 0, timestampMs: 0 });
    const elements = new KeyedElements();
    const { needed } = await found.into(
      { elements, dueOf: () => null } as unknown as StatefulOperator,
      () => Promise.resolve(),
    );
    assertEquals([elements.of(1).map(({ state }) => state), needed], [[4], 2]);
  }
});
