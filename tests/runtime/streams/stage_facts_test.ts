import { assertEquals } from "@std/assert";
import { readChangelog } from "../../../src/formats/changelog_fact.ts";
import type { StatefulOperator } from "../../../src/processor/stateful/stateful.ts";
import { BatchFacts } from "../../../src/runtime/streams/stage_facts.ts";
import { type Element, KeyedElements } from "../../../src/state/keyed_elements.ts";

const element = (start: number): Element => ({
  start,
  end: start,
  seq: 0,
  timestampUs: start,
  state: {},
  shown: false,
});
const HEAD = { from: 0, origins: {}, saved: null, print: "", order: null };

/** What a batch writes, part by part: what each record says. */
function written(facts: BatchFacts, chars: number): string[][] {
  return facts.parts({ owner: "me", chars }).map((records) =>
    records.map(({ key, value }) => {
      const read = readChangelog("changelog", { key: bytesOf(key!), value: value === null ? null : bytesOf(value) });
      if (read.kind === "head") return `head ${read.head.to}`;
      const [, , start] = JSON.parse(key as string) as unknown[];
      if (read.kind === "removed") return `${start} removed`;
      if (read.kind !== "fact") throw new TypeError("No element goes by time");
      return `${read.fact.key} ${start} to ${read.fact.to}: ${read.fact.element === null ? "none" : "there"}`;
    })
  );
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? new TextEncoder().encode(text) : text;
}

Deno.test("BatchFacts writes all of a key together, then the position, and removes what was dropped then", () => {
  const elements = new KeyedElements();
  const operator = { elements } as StatefulOperator;
  const put = (key: number, start: number) =>
    elements.put({ key, columns: { key } }, { element: element(start), dueUs: null });
  const facts = new BatchFacts();
  for (const start of [10, 20, 30]) put(1, start);
  facts.collect(operator, { ...HEAD, to: 5 });
  elements.drop(1, elements.of(1)[0]);
  elements.remove(1, elements.of(1)[0]);
  put(2, 10);
  facts.collect(operator, { ...HEAD, to: 9 });
  assertEquals(written(facts, 1), [
    ["1 10 to 9: none", "1 20 to 9: none", "1 30 to 5: there"],
    ["2 10 to 9: there"],
    ["head 9"],
    ["10 removed"],
  ]);
});

Deno.test("BatchFacts removes nothing that is there again", () => {
  const elements = new KeyedElements();
  const operator = { elements } as StatefulOperator;
  const put = () => elements.put({ key: 1, columns: { key: 1 } }, { element: element(10), dueUs: null });
  const facts = new BatchFacts();
  put();
  elements.drop(1, elements.of(1)[0]);
  facts.collect(operator, { ...HEAD, to: 5 });
  put();
  facts.collect(operator, { ...HEAD, to: 9 });
  assertEquals(written(facts, 1_000), [["1 10 to 9: there"], ["head 9"]]);
});

Deno.test("BatchFacts removes in parts, too, and says how much it has", () => {
  const elements = new KeyedElements();
  const operator = { elements } as StatefulOperator;
  for (const start of [10, 20, 30, 40]) {
    elements.put({ key: start, columns: { key: start } }, { element: element(start), dueUs: null });
  }
  const facts = new BatchFacts();
  facts.collect(operator, { ...HEAD, to: 5 });
  const before = facts.chars;
  facts.collect(operator, { ...HEAD, to: 6 });
  assertEquals(facts.chars, before);
  for (const start of [10, 20, 30, 40]) elements.drop(start, elements.of(start)[0]);
  facts.collect(operator, { ...HEAD, to: 9 });
  assertEquals([before > 0, facts.chars > 0, facts.chars < before], [true, true, true]);
  const removals = written(facts, 30).slice(-2);
  assertEquals(removals, [["10 removed", "20 removed"], ["30 removed", "40 removed"]]);
});

Deno.test("BatchFacts says what was there before the batch, of what is needed as of the position", () => {
  const elements = new KeyedElements();
  const operator = { elements, isNeededAtHead: ({ seq }) => seq === 1 } as StatefulOperator;
  const put = (seq: number, state: unknown) =>
    elements.put({ key: 1, columns: { key: 1 } }, { element: { ...element(10), seq, state }, dueUs: null });
  const former = (facts: BatchFacts) =>
    facts.parts({ owner: "me", chars: 1_000 })[0].map(({ key, value }) => {
      const read = readChangelog("changelog", { key: bytesOf(key!), value: bytesOf(value!) });
      const fact = read.kind === "fact" ? read.fact : null;
      return [fact?.seq, fact?.element?.state ?? null, fact?.former?.to, fact?.former?.element?.state ?? null];
    });
  put(0, "result");
  put(1, "first");
  const one = new BatchFacts();
  one.collect(operator, { ...HEAD, to: 5 });
  assertEquals(former(one), [[0, "result", undefined, null], [1, "first", 0, null]]);
  const two = new BatchFacts();
  put(1, "second");
  two.collect(operator, { ...HEAD, from: 5, to: 7 });
  put(1, "third");
  two.collect(operator, { ...HEAD, from: 5, to: 9 });
  assertEquals(former(two), [[1, "third", 5, "first"]]);
  const three = new BatchFacts();
  elements.remove(1, elements.of(1)[1]);
  three.collect(operator, { ...HEAD, from: 9, to: 12 });
  assertEquals(former(three), [[1, null, 9, "third"]]);
});
