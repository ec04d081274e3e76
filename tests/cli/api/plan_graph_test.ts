import { assert, assertEquals } from "@std/assert";
import { planGraph } from "../../../src/cli/api/plan_graph.ts";
import { loadTopologies } from "../../../src/cli/topology_files.ts";
import { compile } from "../../../src/plan/compile.ts";
import { describe } from "../../../src/plan/describe.ts";
import { permitted } from "../support.ts";
import { changesTopology } from "./changes_topology.ts";

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
    assertEquals(
      nodes.filter(({ topic }) => topic !== null).map(({ label, op, topic }) => `${op} ${label}: ${topic}`).sort(),
      ["order_items", "orders", "products", "sellers", "users"].map((name) =>
        `source ${name}: online_store.public.${name}`
      ),
    );
    assert(nodes.some(({ op }) => op === "inner foreignKeyJoin"));
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

Deno.test("planGraph() leads changes of a table to their stream, and tells what is written exactly once", () => {
  const { nodes, edges } = planGraph(describe(compile(changesTopology), changesTopology), changesTopology);
  const label = new Map(nodes.map(({ id, label }) => [id, label]));
  const drawn = edges.map(({ from, to, kind }) => `${label.get(from)} ${kind} ${label.get(to)}`);
  for (
    const edge of [
      "users.filter write topic weir.app.users.changes",
      "topic weir.app.users.changes repartition users.rows",
      "users.rows.read repartition users-changes",
      "users.map write shop.renamed",
    ]
  ) assert(drawn.includes(edge), `${edge} in ${drawn.join("; ")}`);
  const { detail } = nodes.find(({ label }) => label === "shop.renamed")!;
  assertEquals(detail, ["output", "exactly once", "tasks of stage.users-changes"]);
});
