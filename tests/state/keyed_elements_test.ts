import { assertEquals, assertThrows } from "@std/assert";
import { type Element, KeyedElements } from "../../src/state/keyed_elements.ts";

const a = { key: "a", columns: { name: "a" } };
const b = { key: "b", columns: { name: "b" } };

function element([start, end]: readonly [number, number], rest: Partial<Element> = {}): Element {
  return { start, end, seq: 0, timestampUs: end, state: null, shown: true, ...rest };
}

/** Elements that are due, as texts. */
function due(elements: KeyedElements, untilUs: number): string[] {
  return elements.due(untilUs).map(({ key, element: { start, end, state } }) => `${key} ${start}-${end} ${state}`);
}

Deno.test("KeyedElements keeps the elements of a key in the order of start, end, seq", () => {
  const elements = new KeyedElements();
  for (const [start, end, seq] of [[2, 9, 0], [1, 5, 1], [1, 5, 0], [1, 4, 7]]) {
    elements.put(a, { element: element([start, end], { seq }), dueUs: null });
  }
  assertEquals(elements.of("a").map(({ start, end, seq }) => [start, end, seq]), [
    [1, 4, 7],
    [1, 5, 0],
    [1, 5, 1],
    [2, 9, 0],
  ]);
  assertEquals(elements.of("b"), []);
});

Deno.test("KeyedElements.due() gives each element once, as it is then, in one order whatever was put first", () => {
  for (const order of [[a, b], [b, a]]) {
    const elements = new KeyedElements();
    for (const of of order) {
      elements.put(of, { element: element([5, 10], { state: "old" }), dueUs: 10 });
      elements.put(of, { element: element([1, 10], { state: "first" }), dueUs: 10 });
      elements.put(of, { element: element([5, 10], { state: "new" }), dueUs: 10 });
    }
    assertEquals(due(elements, 9), []);
    assertEquals(due(elements, 10), ["a 1-10 first", "b 1-10 first", "a 5-10 new", "b 5-10 new"]);
    assertEquals(due(elements, 99), []);
  }
});

Deno.test("KeyedElements.due() goes by the newest time that was given, and passes over what is gone", () => {
  const elements = new KeyedElements();
  elements.put(a, { element: element([1, 5]), dueUs: 5 });
  elements.put(a, { element: element([1, 5], { state: "later" }), dueUs: 8 });
  const gone = element([2, 6]);
  elements.put(a, { element: gone, dueUs: 6 });
  elements.remove("a", gone);
  assertEquals(due(elements, 7), []);
  assertEquals(due(elements, 8), ["a 1-5 later"]);
  elements.put(a, { element: gone, dueUs: 6 });
  elements.remove("a", gone);
  elements.put(a, { element: { ...gone, state: "again" }, dueUs: 6 });
  assertEquals(due(elements, 8), ["a 2-6 again"]);
});

Deno.test("KeyedElements.takeChanges() tells what became of each element, once", () => {
  const elements = new KeyedElements();
  const [kept, removed, dropped, forgotten] = [element([1, 2]), element([2, 3]), element([3, 4]), element([4, 5])];
  for (const one of [kept, removed, dropped, forgotten]) elements.put(a, { element: one, dueUs: null });
  elements.remove("a", removed);
  elements.drop("a", dropped);
  elements.forget("a", forgotten);
  const told = elements.takeChanges().map(({ kind, element: { start } }) => `${kind} ${start}`);
  assertEquals(told, ["put 1", "gone 2", "dropped 3", "put 4"]);
  assertEquals(elements.takeChanges(), []);
  assertEquals(elements.of("a"), [kept]);
  assertThrows(() => elements.remove("a", removed), TypeError, "has no such element");
});

Deno.test("KeyedElements: what is read back is no change, and its position holds until it is forgotten", () => {
  const elements = new KeyedElements();
  elements.load({ ...a, position: 7 }, { element: element([1, 5]), dueUs: 5 });
  elements.load({ ...a, position: 9 }, { element: null, dueUs: null });
  elements.load({ ...b, position: 3 }, { element: null, dueUs: null });
  assertEquals(elements.takeChanges(), []);
  assertEquals([elements.positionOf("a"), elements.positionOf("b"), elements.positionOf("c")], [9, 3, 0]);
  elements.put(a, { element: element([1, 5], { state: "more" }), dueUs: 5 });
  assertEquals(elements.positionOf("a"), 9);
  elements.forgetPositions();
  assertEquals([elements.positionOf("a"), [...elements.keys()]], [0, ["a"]]);
  assertEquals(due(elements, 5), ["a 1-5 more"]);
});

Deno.test("KeyedElements says what was there at the last look, whatever became of it since", () => {
  const elements = new KeyedElements();
  const put = (state: unknown) => elements.put(a, { element: element([1, 5], { state }), dueUs: null });
  const before = () => elements.takeChanges().map(({ kind, before }) => [kind, before?.state ?? null]);
  put("x");
  put("y");
  assertEquals(before(), [["put", null]]);
  put("z");
  elements.remove("a", elements.of("a")[0]);
  assertEquals(before(), [["gone", "y"]]);
  put("w");
  assertEquals(before(), [["put", null]]);
  elements.drop("a", elements.of("a")[0]);
  put("v");
  assertEquals(before(), [["put", "w"]]);
});

Deno.test("KeyedElements.firstDue is the first that is due, of what is there, and stays", () => {
  const elements = new KeyedElements();
  assertEquals(elements.firstDue, null);
  for (const [of, start, dueUs] of [[a, 1, 30], [b, 1, 20], [b, 2, 25]] as const) {
    elements.put(of, { element: element([start, start]), dueUs });
  }
  const first = () => {
    const { key, element: { start } } = elements.firstDue!;
    return `${key} ${start}`;
  };
  assertEquals([first(), first()], ["b 1", "b 1"]);
  elements.put(b, { element: element([1, 1]), dueUs: 40 });
  assertEquals(first(), "b 2");
  elements.remove("b", elements.of("b")[1]);
  assertEquals(first(), "a 1");
  assertEquals(elements.due(100).map(({ key }) => key), ["a", "b"]);
  assertEquals(elements.firstDue, null);
});

Deno.test("KeyedElements has what is due by each of several clocks, and finds elements by start and number", () => {
  const elements = new KeyedElements({ count: 2, of: ({ seq }) => seq < 0 ? 1 : 0 });
  elements.put(a, { element: element([5, 5], { state: "by the first" }), dueUs: 5 });
  elements.put(a, { element: element([5, 5], { seq: -1, state: "by the second" }), dueUs: 5 });
  elements.put(b, { element: element([3, 4], { seq: -1, state: "too" }), dueUs: 3 });
  assertEquals([elements.firstDueUs(), elements.firstDueUs(1)], [5, 3]);
  assertEquals(due(elements, 9), ["a 5-5 by the first"]);
  assertEquals(elements.due(4, 1).map(({ element: { state } }) => state), ["too"]);
  assertEquals([elements.firstDueUs(), elements.firstDueUs(1)], [null, 5]);
  assertEquals(elements.find("a", { start: 5, seq: -1 })?.state, "by the second");
  assertEquals(elements.find("a", { start: 5, seq: 0 })?.state, "by the first");
  assertEquals(elements.find("b", { start: 3, seq: -1 })?.end, 4);
  assertEquals([elements.find("b", { start: 3, seq: 0 }), elements.find("b", { start: 4, seq: -1 })], [
    undefined,
    undefined,
  ]);
});
