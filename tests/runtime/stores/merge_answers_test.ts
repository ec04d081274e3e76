import { assertEquals } from "@std/assert";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { mergeAnswers, verdictOf } from "../../../src/runtime/stores/merge_answers.ts";
import { eachSeed } from "../../state/each_seed.ts";
import { partsOf, read } from "./store_of.ts";

const COLUMNS = ["id", "code"];
const CODES = ["a", "ab", "b", "é", "😀", "42"];

/** Keys in their order, by the plainest means. */
function byKey([a, x]: readonly unknown[], [b, y]: readonly unknown[]): number {
  const order = Number(a) - Number(b);
  return order !== 0 ? order : [...String(x)].map(codeOf).join() < [...String(y)].map(codeOf).join() ? -1 : 1;
}

function codeOf(character: string): string {
  return character.codePointAt(0)!.toString(16).padStart(8, "0");
}

Deno.test("mergeAnswers() of instances that share the partitions is that of one which has all, page by page", () =>
  eachSeed(200, (seed) => {
    const next = mulberry32(seed);
    const below = (limit: number) => Math.floor(next() * limit);
    const partitions = 1 + below(4);
    const keys = [...new Set(Array.from({ length: below(40) }, () => JSON.stringify([below(8) - 2, CODES[below(6)]])))]
      .map((text) => JSON.parse(text) as [number, string]);
    const placed = Object.groupBy(keys, () => below(partitions)) as Record<number, [number, string][]>;
    for (let partition = 0; partition < partitions; partition++) placed[partition] ??= [];
    // Each partition runs on one instance; the other may keep some of its rows.
    const owners = Array.from({ length: partitions }, () => below(2));
    const outdated = (all: readonly [number, string][]): [number, string][] => [
      ...all.filter(() => below(3) > 0),
      ...Array.from({ length: below(6) }, (_, n): [number, string] => [below(8) - 2, `old${n}`]),
    ];
    const of = (instances: readonly number[], rows: (all: [number, string][]) => [number, string][]) =>
      Object.fromEntries(
        Object.entries(placed).filter(([partition]) => instances.includes(owners[Number(partition)]))
          .map(([partition, all]) => [partition, rows(all)]),
      );
    const stores = [0, 1].flatMap((instance) => [
      { instance, store: partsOf(COLUMNS, { partitions, here: of([instance], (all) => all) }) },
      { instance, store: partsOf(COLUMNS, { partitions, here: of([1 - instance], outdated), state: "standby" }) },
    ]);
    const limit = 1 + below(6);
    const from = String(below(8) - 2);
    const seen: unknown[] = [];
    for (let after: string | undefined, pages = 0; pages < 50; pages++) {
      const query = { from, after, limit };
      const answers = stores.map(({ instance, store }) => ({ instance: String(instance), answer: read(store, query) }));
      const merged = mergeAnswers(answers, limit);
      assertEquals(merged.missing, []);
      seen.push(...merged.rows.map(({ key }) => [key.id, key.code]));
      if (merged.next === null) break;
      after = JSON.stringify(merged.next);
    }
    assertEquals(seen, keys.filter(([id]) => id >= Number(from)).sort(byKey));
  }));

Deno.test("mergeAnswers() takes a partition from who runs it, else from who is further", () => {
  const restoring = read(partsOf(COLUMNS, { partitions: 2, here: { 0: [] }, state: "restoring" }));
  const standby = read(partsOf(COLUMNS, { partitions: 2, here: { 0: [[1, "old"]] }, state: "standby" }));
  const running = read(partsOf(COLUMNS, { partitions: 2, here: { 0: [[1, "new"]] } }));
  const shown = (...answers: (typeof running)[]) => {
    const merged = mergeAnswers(answers.map((answer, index) => ({ instance: String(index), answer })), 10);
    return [merged.rows.map(({ key }) => key.code), merged.parts.map(({ instance }) => instance), merged.missing];
  };
  assertEquals(shown(restoring, standby), [["old"], ["1"], [1]]);
  assertEquals(shown(restoring, standby, running), [["new"], ["2"], [1]]);
  assertEquals(shown(restoring), [[], ["0"], [1]]);
});

Deno.test("verdictOf() says that nothing is held only if every partition runs somewhere", () => {
  const verdict = (state: "running" | "restoring", here: Record<number, []>) =>
    verdictOf(mergeAnswers([{ instance: "a", answer: read(partsOf(COLUMNS, { partitions: 2, here, state })) }], 10));
  assertEquals(verdict("running", { 0: [], 1: [] }), "none");
  assertEquals(verdict("running", { 1: [] }), "undecided", "one is elsewhere");
  assertEquals(verdict("restoring", { 0: [], 1: [] }), "undecided");
});

Deno.test("verdictOf() says that a window is beyond retention, whatever else is not here", () => {
  const answer = read(partsOf(COLUMNS, { partitions: 2, here: { 1: [] }, state: "running" }));
  const beyond = mergeAnswers([
    { instance: "a", answer },
    { instance: "b", answer: { ...answer, beyondUs: 5 } },
  ], 10);
  assertEquals([verdictOf(beyond), beyond.beyondUs], ["beyond retention", 5]);
});
