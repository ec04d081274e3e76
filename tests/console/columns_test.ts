import { assert, assertEquals } from "@std/assert";
import { columnsOf } from "../../console/graph/columns.ts";

const edge = (text: string) => ({ from: text[0], to: text[1] });

Deno.test("columnsOf() puts each node behind all that it comes from", () => {
  assertEquals(columnsOf([..."abcd"], ["ab", "bc", "ac", "dc"].map(edge)), [["a", "d"], ["b"], ["c"]]);
  assertEquals(columnsOf([], []), []);
  // An edge to what is not drawn, as in a part of a graph.
  assertEquals(columnsOf(["a"], [edge("ax"), edge("xa")]), [["a"]]);
});

Deno.test("columnsOf() has every node once, also in a circle", () => {
  assertEquals(columnsOf([..."abc"], ["ab", "bc", "ca"].map(edge)).flat().sort(), [..."abc"]);
});

Deno.test("columnsOf() keeps what is joined beside each other", () => {
  const [, second] = columnsOf([..."abcxyz"], ["az", "by", "cx"].map(edge));
  assertEquals(second, ["z", "y", "x"]);
});

Deno.test("columnsOf() has ten thousand nodes in no time", () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => String(index));
  const edges = ids.slice(100).flatMap((to, index) => [1, 37, 99].map((by) => ({ from: ids[index + 100 - by], to })));
  const startMs = performance.now();
  assertEquals(columnsOf(ids, edges).flat().length, ids.length);
  assert(performance.now() - startMs < 2_000);
});
