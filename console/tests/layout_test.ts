import { assert, assertEquals } from "@std/assert";
import { bestLayout } from "../graph/layout.ts";

const FRAME = { width: 1_300, height: 700 };

/** A graph in which each node comes from up to three before it. */
function graphOf(count: number) {
  const nodes = Array.from({ length: count }, (_, index) => ({
    id: `op${index}`,
    label: `orders.step_${index}`,
    op: "filter",
    topic: null,
    kind: "operator" as const,
    letters: "",
    detail: [],
  }));
  const edges = nodes.slice(1).flatMap(({ id }, index) =>
    [0, Math.floor(index / 2), Math.floor(index * 0.9)].map((from) => ({
      from: `op${from}`,
      to: id,
      kind: "local" as const,
    }))
  );
  return { nodes, edges };
}

Deno.test("bestLayout() places a large graph in plain columns at once, and no node upon another", () => {
  const startMs = performance.now();
  const { nodes, edges, plain, width, height } = bestLayout(graphOf(1_000), FRAME);
  const ms = performance.now() - startMs;
  assert(plain && ms < 1_000, `${ms} ms`);
  assertEquals([nodes.length, edges.length], [1_000, 2_997]);
  assertEquals(new Set(nodes.map(({ x, y }) => `${x} ${y}`)).size, 1_000);
  const byX = Map.groupBy(nodes, ({ x }) => x);
  for (const column of byX.values()) {
    const sorted = column.toSorted((a, b) => a.y - b.y);
    sorted.slice(1).forEach(({ y }, at) => assert(y >= sorted[at].y + sorted[at].height));
  }
  for (const node of nodes) assert(node.x + node.width <= width && node.y + node.height <= height);
});

Deno.test("bestLayout() leaves a graph of the usual size to dagre", () => {
  assertEquals(bestLayout(graphOf(30), FRAME).plain, false);
});
