import { assert, assertEquals } from "@std/assert";
import { planGraph } from "../../../src/cli/api/plan_graph.ts";
import { loadTopologies } from "../../../src/cli/topology_files.ts";
import { compile } from "../../../src/plan/compile.ts";
import { describe } from "../../../src/plan/describe.ts";
import { permitted } from "../support.ts";

Deno.test(
  "planGraph() draws every operator once, and arrows between those that there are",
  { ignore: !permitted },
  async () => {
    const files = await loadTopologies("topologies", []);
    assert(files.length > 4);
    for (const { topology } of files) {
      const { nodes, edges } = planGraph(describe(compile(topology), topology), topology);
      const ids = nodes.map(({ id }) => id);
      assertEquals(new Set(ids).size, ids.length, topology.name);
      for (const { from, to } of edges) assert(ids.includes(from) && ids.includes(to), `${from} ${to}`);
      for (const { id, kind } of nodes) {
        const isRoot = ["source", "global", "stream"].includes(kind);
        assertEquals(edges.some(({ to }) => to === id), !isRoot, `${topology.name} ${id} ${kind}`);
      }
    }
  },
);

Deno.test(
  "planGraph() tells how rows of the sales topology come from one operator to another",
  { ignore: !permitted },
  async () => {
    const [{ topology }] = await loadTopologies("topologies", ["sales"]);
    const { nodes, edges } = planGraph(describe(compile(topology), topology), topology);
    const label = new Map(nodes.map(({ id, label }) => [id, label]));
    const into = (sink: string) => edges.filter(({ to }) => label.get(to) === sink).map(({ kind }) => kind);
    assertEquals(into("sales"), ["write"]);
    const joins = edges.filter(({ kind }) => kind === "replicated" || kind === "subscribed").map(({ from, kind }) =>
      `${label.get(from)} ${kind}`
    );
    assert(joins.includes("orders.filter subscribed"), joins.join());
    assert(joins.some((join) => /^products.* replicated$/.test(join)), joins.join());
  },
);
