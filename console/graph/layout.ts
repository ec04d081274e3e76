import dagre from "@dagrejs/dagre";
import type { PlanEdge, PlanNode } from "../api/contract.ts";
import { shownText } from "../parts/text.ts";
import { columnsOf } from "./columns.ts";

/** Where everything of a graph is drawn, in units of the drawing: one is a pixel at zoom 1. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  /** Whether it is so large that it was placed in plain columns, with edges that may cross nodes. */
  readonly plain: boolean;
}

/** `x` and `y` are its upper left corner. */
export interface PlacedNode {
  readonly node: PlanNode;
  readonly title: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedEdge {
  readonly edge: PlanEdge;
  /** Path of SVG. */
  readonly path: string;
  /** Middle of its text. */
  readonly x: number;
  readonly y: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const TITLE_CHARACTERS = 30;
/** Of the widest of the fonts that a browser may choose. */
const CHARACTER_WIDTH = 8.4;
const LINE_CHARACTER_WIDTH = 6.4;
/** Beside a text: the strip, and room at both ends. */
const NODE_PADDING = 34;
const NODE_WIDTH_MIN = 150;
const NODE_HEIGHT = 50;
const MARGIN = 16;
/** Larger graphs are placed once, and by the quicker way to find ranks: nobody waits for seconds. */
const NODES_TRIED_MAX = 60;
/** Still larger ones take dagre seconds, during which the page stands still. */
const DAGRE_NODES_MAX = 100;
const DAGRE_EDGES_MAX = 200;
/** Between plain columns, and between nodes of one. */
const COLUMN_GAP = 90;
const ROW_GAP = 22;
/** Of the smaller line below the title. */
export const LINE_CHARACTERS = 24;

/** What is drawn. */
export interface Graph {
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
}

/** How large a drawing may be so that all of it is seen in a frame; 1 is its own size. */
export function scaleIn({ width, height }: Size, layout: Pick<Layout, "width" | "height">): number {
  return Math.min(width / layout.width, height / layout.height);
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Across or down, whichever is seen larger, if that can be tried out; a very large graph in plain columns. Equal graphs
 * get equal places.
 */
export function bestLayout(graph: Graph, frame: Size): Layout {
  if (graph.nodes.length > DAGRE_NODES_MAX || graph.edges.length > DAGRE_EDGES_MAX) return plainLayout(graph);
  if (graph.nodes.length > NODES_TRIED_MAX) return layoutOf(graph, "across");
  const [across, down] = [layoutOf(graph, "across"), layoutOf(graph, "down")];
  return scaleIn(frame, across) > scaleIn(frame, down) ? across : down;
}

/** `across` from left to right, `down` from top to bottom. */
function layoutOf({ nodes, edges }: Graph, direction: "across" | "down"): Layout {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({
    rankdir: direction === "across" ? "LR" : "TB",
    ranksep: direction === "across" ? 40 : 34,
    ranker: nodes.length > NODES_TRIED_MAX ? "longest-path" : "network-simplex",
    nodesep: 22,
    edgesep: 12,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  const titles = titlesOf(nodes);
  for (const [id, title] of titles) graph.setNode(id, { width: widthOf(title), height: NODE_HEIGHT });
  const drawn = edges.filter(({ from, to }) => titles.has(from) && titles.has(to));
  drawn.forEach(({ from, to }, index) =>
    graph.setEdge(from, to, { width: 44, height: 14, labelpos: "c" }, String(index))
  );
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width: Math.max(1, width),
    height: Math.max(1, height),
    plain: false,
    nodes: nodes.map((node) => {
      const { x, y, width, height } = graph.node(node.id);
      return { node, title: titles.get(node.id)!, x: x! - width / 2, y: y! - height / 2, width, height };
    }),
    edges: drawn.map((edge, index) => {
      const { points = [], x, y } = graph.edge(edge.from, edge.to, String(index));
      return { edge, path: pathOf(points as Point[]), x: x ?? points[0].x, y: y ?? points[0].y };
    }),
  };
}

/** In columns from left to right, whose edges lead straight from one node to the other. */
function plainLayout({ nodes, edges }: Graph): Layout {
  const titles = titlesOf(nodes);
  const places = new Map<string, { readonly x: number; readonly y: number; readonly width: number }>();
  let x = MARGIN;
  let height = 1;
  for (const column of columnsOf(nodes.map(({ id }) => id), edges)) {
    const width = Math.max(...column.map((id) => widthOf(titles.get(id)!)));
    column.forEach((id, at) => places.set(id, { x, y: MARGIN + at * (NODE_HEIGHT + ROW_GAP), width }));
    height = Math.max(height, 2 * MARGIN + column.length * (NODE_HEIGHT + ROW_GAP) - ROW_GAP);
    x += width + COLUMN_GAP;
  }
  const drawn = edges.filter(({ from, to }) => places.has(from) && places.has(to));
  return {
    width: Math.max(1, x - COLUMN_GAP + MARGIN),
    height,
    plain: true,
    nodes: nodes.map((node) => ({
      node,
      title: titles.get(node.id)!,
      ...places.get(node.id)!,
      height: NODE_HEIGHT,
    })),
    edges: drawn.map((edge) => {
      const [left, right] = [places.get(edge.from)!, places.get(edge.to)!];
      const from = { x: left.x + left.width, y: left.y + NODE_HEIGHT / 2 };
      const to = { x: right.x, y: right.y + NODE_HEIGHT / 2 };
      const bend = COLUMN_GAP / 2;
      const [begin, end] = [{ x: from.x + bend, y: from.y }, { x: to.x - bend, y: to.y }];
      // Beside its beginning: further on it may lie behind other nodes.
      return { edge, path: pathOf([from, begin, end, to]), x: from.x + bend / 2 + 4, y: from.y };
    }),
  };
}

function titlesOf(nodes: readonly PlanNode[]): ReadonlyMap<string, string> {
  return new Map(nodes.map(({ id, label }) => [id, shownText(label, TITLE_CHARACTERS).replace(/ \(.*$/, "")]));
}

function widthOf(title: string): number {
  const text = Math.max(title.length * CHARACTER_WIDTH, LINE_CHARACTERS * LINE_CHARACTER_WIDTH);
  return Math.max(NODE_WIDTH_MIN, Math.ceil(text) + NODE_PADDING);
}

/** A curve through the middles between the points, which touches both ends. */
function pathOf(points: readonly Point[]): string {
  if (points.length === 0) return "";
  const at = ({ x, y }: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const middle = (a: Point, b: Point) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const parts = [`M${at(points[0])}`];
  for (let index = 1; index < points.length - 1; index++) {
    const to = index === points.length - 2 ? points[index + 1] : middle(points[index], points[index + 1]);
    parts.push(`Q${at(points[index])} ${at(to)}`);
  }
  if (points.length === 2) parts.push(`L${at(points[1])}`);
  return parts.join("");
}
