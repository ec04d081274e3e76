import { useMemo, useState } from "preact/hooks";
import type { PlannedTopology } from "../api/contract.ts";
import { DELAYS, delaysOf } from "../graph/delay.ts";
import { GraphView } from "../graph/graph_view.tsx";
import { partOf, reachOf } from "../graph/reach.ts";
import { Empty, Loading, Notice } from "../parts/notice.tsx";
import { WordBadge } from "../parts/badge.tsx";
import { counted, shown } from "../parts/text.ts";
import { live, liveTopology, plan, plannedTopology, planProblem, rates } from "../state/live.ts";
import { linkTo } from "../state/address.ts";
import { goTo, route } from "../state/route.ts";
import { NodePanel } from "./node_panel.tsx";

/** What runs where, and how rows pass: `#/topology/<topology>?node=<id>`. */
export function TopologyPage() {
  const { path: [name], query } = route.value;
  if (plan.value === null) {
    return planProblem.value === null ? <Loading what="the plan" /> : (
      <Notice kind="warn">
        The graph cannot be drawn. {planProblem.value.message}
      </Notice>
    );
  }
  const topology = plannedTopology(name);
  if (topology === undefined && plan.value.topologies.length > 0) {
    return (
      <>
        <Tabs topologies={plan.value.topologies} shown="" />
        <Notice kind="warn">No topology "{shown(name, 80)}" runs here. Choose one of those above.</Notice>
      </>
    );
  }
  if (topology === undefined) {
    return (
      <Empty title="No topology runs here">
        Add a file to topologies/, and start again.
      </Empty>
    );
  }
  return (
    <>
      <Tabs topologies={plan.value.topologies} shown={topology.name} />
      <Graph
        key={topology.name}
        topology={topology}
        selected={query.node ?? null}
      />
    </>
  );
}

function Tabs({ topologies, shown: current }: {
  readonly topologies: readonly PlannedTopology[];
  readonly shown: string;
}) {
  return (
    <nav class="tabs" aria-label="Topologies">
      {topologies.map(({ name }) => {
        const state = live.value?.topologies.find((one) => one.name === name)?.state;
        return (
          <a
            key={name}
            href={linkTo("topology", [name])}
            aria-current={name === current ? "page" : undefined}
          >
            {shown(name, 60)}
            {state !== undefined && state !== "running" && <WordBadge word={state} />}
          </a>
        );
      })}
    </nav>
  );
}

function Graph(
  { topology, selected }: {
    readonly topology: PlannedTopology;
    readonly selected: string | null;
  },
) {
  const { name, nodes, edges } = topology;
  const [search, setSearch] = useState("");
  const [focused, setFocused] = useState<string | null>(null);
  const now = liveTopology(name);
  const flow = rates.value.get(name) ?? new Map();
  const facts = {
    rates: flow,
    counters: now?.counters ?? {},
    delays: delaysOf(topology, { live: now, rates: flow }),
  };
  const graph = useMemo(
    () => focused === null ? topology : partOf(topology, reachOf(focused, edges)),
    [topology, focused],
  );
  const word = search.trim().toLowerCase();
  const found = useMemo(
    () => word === "" ? null : new Set(matching(topology, word)),
    [topology, word],
  );
  const select = (id: string | null) =>
    goTo(
      linkTo("topology", [name], id === null ? {} : { node: id }),
      "replace",
    );
  const node = nodes.find(({ id }) => id === selected);
  return (
    <div class={`topology${node === undefined ? "" : " with-panel"}`}>
      <div class="topology-main">
        <div class="toolbar">
          <Search search={search} onSearch={setSearch} onEnter={() => select([...found ?? []][0] ?? selected)} />
          {found !== null && <span role="status" class="muted">{counted(found.size, "node")} found</span>}
          {focused !== null && (
            <button type="button" onClick={() => setFocused(null)}>Show all {nodes.length} nodes</button>
          )}
          <Legend />
        </div>
        <GraphView
          graph={graph}
          facts={facts}
          selected={selected}
          found={found}
          onSelect={select}
        />
      </div>
      {node !== undefined && (
        <NodePanel
          key={node.id}
          topology={topology}
          node={node}
          focused={focused === node.id}
          onFocus={() => setFocused(focused === node.id ? null : node.id)}
          onClose={() => select(null)}
        />
      )}
    </div>
  );
}

function Search({ search, onSearch, onEnter }: {
  readonly search: string;
  readonly onSearch: (text: string) => void;
  readonly onEnter: () => void;
}) {
  return (
    <label class="search">
      <span class="sr">Find a node</span>
      <input
        type="search"
        placeholder="Find a node, topic or table"
        value={search}
        onInput={(event) => onSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onEnter();
        }}
      />
    </label>
  );
}

function matching({ nodes }: PlannedTopology, word: string): string[] {
  return nodes.filter(({ id, label, kind, detail }) =>
    [id, label, kind, ...detail].some((text) => text.toLowerCase().includes(word))
  ).map(({ id }) => id);
}

/** What colours of edges mean; those that are not seen now, too. */
function Legend() {
  return (
    <ul class="delays" aria-label="Colours of edges: how long rows wait">
      {(["quick", "slow", "late", "stopped"] as const).map((delay) => (
        <li key={delay}>
          <i class={`swatch delay-${delay}`} aria-hidden="true" />
          {DELAYS[delay]}
        </li>
      ))}
    </ul>
  );
}
