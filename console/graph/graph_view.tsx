import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Counters, PlannedTopology, PlanNode } from "../api/contract.ts";
import { brief, shownText } from "../parts/text.ts";
import type { Rate } from "../state/rates.ts";
import type { Delay } from "./delay.ts";
import { useDrag, useFirstSize } from "./frame.ts";
import { bestLayout, type Layout, LINE_CHARACTERS, type PlacedEdge, type PlacedNode, scaleIn } from "./layout.ts";
import { neighboursOf } from "./reach.ts";

/** Before the size of the frame is known. */
const NOTHING: Layout = { width: 1, height: 1, nodes: [], edges: [], plain: false };

const ZOOM_MIN = 0.2;
const ZOOM_MAX = 2;
/** Smaller texts cannot be read: a graph that does not fit so is scrolled. */
const FIT_MIN = 0.6;

/** What a graph shows beside its shape. */
export interface GraphFacts {
  readonly rates: ReadonlyMap<string, Rate>;
  readonly counters: Readonly<Record<string, Counters>>;
  readonly delays: ReadonlyMap<string, Delay>;
}

/** The graph of a topology: a drawing in which every node is a button. Arrow keys walk along the edges. */
export function GraphView({ graph, facts, selected, found, onSelect }: {
  readonly graph: Pick<PlannedTopology, "nodes" | "edges">;
  readonly facts: GraphFacts;
  readonly selected: string | null;
  /** Ids that a search has found; null while nobody searches. */
  readonly found: ReadonlySet<string> | null;
  readonly onSelect: (id: string) => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const size = useFirstSize(frame);
  const [zoom, setZoom] = useState(1);
  // Numbers change every second, and panels come and go; where things are changes with the plan alone.
  const layout = useMemo(() => size === null ? NOTHING : bestLayout(graph, size), [graph, size]);
  const fit = () => {
    const { clientWidth: width, clientHeight: height } = frame.current!;
    setZoom(Math.min(1, Math.max(FIT_MIN, scaleIn({ width, height }, layout))));
  };
  useEffect(fit, [layout]);
  useDrag(frame);
  const focusOn = (id: string | undefined) => {
    if (id === undefined) return;
    frame.current!.querySelector<SVGGElement>(`[data-node="${CSS.escape(id)}"]`)
      ?.focus();
  };
  const entry = selected !== null && graph.nodes.some(({ id }) => id === selected) ? selected : graph.nodes[0]?.id;
  return (
    <div class="graph">
      <div class="graph-scroll" ref={frame}>
        <svg
          width={layout.width * zoom}
          height={layout.height * zoom}
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          role="group"
          aria-label={`Graph of ${graph.nodes.length} nodes. Arrow keys walk along its edges.`}
        >
          <Arrows />
          {layout.edges.map((placed, index) => <Edge key={index} placed={placed} facts={facts} found={found} />)}
          {layout.nodes.map((placed) => (
            <Node
              key={placed.node.id}
              placed={placed}
              facts={facts}
              state={{
                selected: placed.node.id === selected,
                dimmed: found !== null && !found.has(placed.node.id),
                entry: placed.node.id === entry,
              }}
              onSelect={() => onSelect(placed.node.id)}
              onWalk={(way) =>
                focusOn(
                  walked(placed.node.id, { way, graph, layout: layout.nodes }),
                )}
            />
          ))}
        </svg>
      </div>
      {layout.plain && (
        <p class="plain-graph muted">
          {graph.nodes.length}{" "}
          nodes are placed in plain columns, and edges may cross them. Focus on a node to see what belongs to it.
        </p>
      )}
      <Zoom onFit={fit} onScale={(by) => setZoom((now) => Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, now * by)))} />
    </div>
  );
}

function Zoom({ onFit, onScale }: { readonly onFit: () => void; readonly onScale: (by: number) => void }) {
  return (
    <div class="zoom" role="group" aria-label="Size of the graph">
      <button type="button" onClick={() => onScale(1 / 1.25)} aria-label="Smaller">−</button>
      <button type="button" onClick={onFit}>Fit</button>
      <button type="button" onClick={() => onScale(1.25)} aria-label="Larger">+</button>
    </div>
  );
}

type Way = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

function walked(id: string, { way, graph, layout }: {
  readonly way: Way;
  readonly graph: Pick<PlannedTopology, "edges">;
  readonly layout: readonly PlacedNode[];
}): string | undefined {
  const { before, after } = neighboursOf(id, graph.edges);
  if (way === "ArrowLeft") return before[0];
  if (way === "ArrowRight") return after[0];
  // Up and down: the next one in the order of reading.
  const order = layout.toSorted((a, b) => a.x - b.x || a.y - b.y).map((
    { node },
  ) => node.id);
  return order[order.indexOf(id) + (way === "ArrowUp" ? -1 : 1)];
}

function Arrows() {
  return (
    <defs>
      {["unknown", "quick", "slow", "late", "stopped"].map((delay) => (
        <marker
          key={delay}
          id={`arrow-${delay}`}
          class={`arrow ${delay}`}
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          orient="auto"
        >
          <path d="M0 0.5L8 4L0 7.5z" />
        </marker>
      ))}
    </defs>
  );
}

function Edge({ placed, facts, found }: {
  readonly placed: PlacedEdge;
  readonly facts: GraphFacts;
  readonly found: ReadonlySet<string> | null;
}) {
  const { edge: { from, to, kind }, path, x, y } = placed;
  const delay = facts.delays.get(from) ?? "unknown";
  const rate = facts.rates.get(from)?.out;
  const dimmed = found !== null && !(found.has(from) && found.has(to));
  return (
    <g class={`edge ${kind} ${delay}${dimmed ? " dimmed" : ""}`}>
      <title>{`${from} to ${to}: ${kind}`}</title>
      <path d={path} marker-end={`url(#arrow-${delay})`} />
      {rate !== undefined && rate > 0 && <text x={x} y={y + 4} text-anchor="middle">{brief(rate)}/s</text>}
    </g>
  );
}

const MARKS: Readonly<Record<PlanNode["kind"], string>> = {
  source: "topic",
  stream: "events",
  operator: "",
  stage: "stage",
  global: "every instance",
  sink: "ClickHouse",
  output: "topic out",
};

/** `inner foreignKeyJoin` as `inner join`: the other words stand in the details. */
function shortOp(text: string): string {
  return text.replace(/\b(?:foreignKey|key|global|table|stream)Join/, "join");
}

function Node({ placed, facts, state, onSelect, onWalk }: {
  readonly placed: PlacedNode;
  readonly facts: GraphFacts;
  readonly state: {
    readonly selected: boolean;
    readonly dimmed: boolean;
    readonly entry: boolean;
  };
  readonly onSelect: () => void;
  readonly onWalk: (way: Way) => void;
}) {
  const { node, title, x, y, width, height } = placed;
  const counters = facts.counters[node.id];
  const total = counters === undefined ? "" : ` · ${brief(Math.max(counters.in, counters.out))}`;
  const word = shownText(MARKS[node.kind] || shortOp(node.op)).slice(
    0,
    LINE_CHARACTERS - total.length,
  );
  const line = word + total;
  const classes = [
    "node",
    node.kind,
    state.selected ? "selected" : "",
    state.dimmed ? "dimmed" : "",
  ];
  return (
    <g
      class={classes.filter((name) => name !== "").join(" ")}
      data-node={node.id}
      role="button"
      tabindex={state.entry ? 0 : -1}
      aria-pressed={state.selected}
      transform={`translate(${x} ${y})`}
      onClick={onSelect}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") onSelect();
        else if (event.key.startsWith("Arrow")) onWalk(event.key as Way);
        else return;
        event.preventDefault();
      }}
    >
      <rect class="box" width={width} height={height} rx="6" />
      <rect class="strip" width="4" height={height - 16} x="8" y="8" rx="2" />
      <text class="title" x="20" y="21">{title}</text> <text class="line" x="20" y="38">{line}</text>
      {(counters?.errors ?? 0) > 0 && <circle class="alarm" cx={width - 12} cy="12" r="4" />}
    </g>
  );
}
