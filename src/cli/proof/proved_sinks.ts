import type { FoldedNode, LogicalNode, SourceNode } from "../../dsl/logical.ts";
import { inputsOf } from "../../dsl/logical.ts";
import type { SourceSpec } from "../../dsl/source.ts";
import type { Topology } from "../../dsl/topology.ts";
import { columnTypeOf } from "../../formats/column_type.ts";
import { isGlobal, rootsOf } from "../../oracle/roots.ts";
import { compile } from "../../plan/compile.ts";
import { keyColumnsOf, sinksOf } from "../../plan/outputs_of.ts";
import type { SinkPlan } from "../../plan/physical.ts";
import { parseClickHouseType } from "../../record/clickhouse_type.ts";
import { isJsonTable } from "../verify/json_tables.ts";
import type { KeyKind } from "../verify/ranged_truth.ts";
import { wholeSource } from "../verify/truth.ts";
import type { LeftOut } from "./proof_report.ts";
import { outputTopics } from "../verify/verify_outputs.ts";

/** A sink that the continuous proof compares. */
export interface ProvedSink {
  readonly plan: SinkPlan;
  /** All nodes that it is made of, and itself. */
  readonly nodes: ReadonlySet<number>;
  /** The sources that they read, by topic. */
  readonly sources: ReadonlyMap<string, ProvedSource>;
  /** Topics whose rows have the sink's own keys, if it can be compared by ranges of them; null: only as a whole. */
  readonly roots: readonly string[] | null;
  /** Topics of which foreign-key joins look up rows. */
  readonly lookedUp: ReadonlySet<string>;
  /** The results of streams that it is made of. */
  readonly folded: readonly FoldedNode[];
  /** The sink's key columns, in the order of the key of its table. */
  readonly keyColumns: readonly string[];
}

/** A source as the proof reads it. */
export interface ProvedSource {
  /** With all columns that the topology picks. */
  readonly spec: SourceSpec;
  /** What its key columns hold; null: rows cannot be asked for by key. */
  readonly kinds: readonly KeyKind[] | null;
}

const OF_JSON = "it shows a topic of plain JSON, which only deno task verify compares";
const OF_A_STREAM = "it is a topic that a stream is written to, which only deno task verify compares";

/**
 * What of a topology can be compared while it runs, and what cannot. `withheld`: why no records of topics can be read.
 */
export function provedSinks(topology: Topology, { withheld }: { readonly withheld: string | null }): {
  readonly sinks: readonly ProvedSink[];
  readonly leftOut: readonly LeftOut[];
} {
  const sinks: ProvedSink[] = [];
  const leave = (sink: string, reason: string): LeftOut => ({ topology: topology.name, sink, reason });
  const leftOut = outputTopics(topology).map((name) => leave(name, OF_A_STREAM));
  for (const plan of sinksOf(compile(topology))) {
    const nodes = ancestorsOf(topology, plan.name);
    const made = [...nodes].map((id) => topology.nodes[id]);
    const name = nameOf(plan);
    const needsLog = plan.table.output !== undefined || made.some(isFolded);
    if (needsLog && withheld !== null) leftOut.push(leave(name, withheld));
    else if (made.some((node) => node.op === "source" && isJsonTable(node.source))) {
      leftOut.push(leave(name, OF_JSON));
    } else sinks.push(provedSink(topology, { plan, nodes, made }));
  }
  return { sinks, leftOut };
}

/** How a sink is called: a topic by its own name. */
export function nameOf({ name, table: { output } }: Pick<SinkPlan, "name" | "table">): string {
  return output?.topic ?? name;
}

function isFolded(node: LogicalNode): node is FoldedNode {
  return node.op === "folded";
}

function ancestorsOf({ nodes }: Topology, sink: string): ReadonlySet<number> {
  const found = new Set<number>();
  const add = (id: number) => {
    if (found.has(id)) return;
    found.add(id);
    inputsOf(nodes[id]).forEach(add);
  };
  nodes.forEach((node) => node.op === "sink" && node.sink.name === sink ? add(node.id) : null);
  return found;
}

/** Operators whose rows have the keys of their input, so that of some keys only these keys' rows are needed. */
const KEEPS_KEYS: ReadonlySet<LogicalNode["op"]> = new Set([
  ...[
    "source",
    "filter",
    "filterNot",
    "mapValues",
    "expireAfter",
    "keyJoin",
    "union",
    "foreignKeyJoin",
    "sink",
  ] as const,
]);

function provedSink(
  topology: Topology,
  { plan, nodes, made }: {
    readonly plan: SinkPlan;
    readonly nodes: ReadonlySet<number>;
    readonly made: readonly LogicalNode[];
  },
): ProvedSink {
  const sources = new Map<string, ProvedSource>();
  for (const node of made) {
    if (node.op !== "source") continue;
    const spec = wholeSource(topology, node);
    sources.set(spec.topic, { spec, kinds: kindsOf(spec) });
  }
  const sink = made.find((node) => node.op === "sink")!;
  const keyColumns = keyColumnsOf(plan);
  const lookedUp = new Set(
    made.flatMap((node) => node.op === "foreignKeyJoin" ? rootsOf(topology, node.right) : [])
      .flatMap((root) => root.op === "source" ? [root.source.topic] : []),
  );
  const bare = { plan, nodes, sources, keyColumns, lookedUp, folded: made.filter(isFolded) };
  // Its rows are known by their records' keys alone, and are held whole.
  if (plan.table.output !== undefined) return { ...bare, roots: null };
  const known = [...sources.values()].every(({ kinds }) => kinds !== null);
  if (!known || !made.every(({ op }) => KEEPS_KEYS.has(op))) return { ...bare, roots: null };
  const [input] = inputsOf(sink);
  const roots = [...new Set(rootsOf(topology, input).map((root) => (root as SourceNode).source.topic))];
  const ranged = !isGlobal(topology, input) && holdsIntegers(plan, keyColumns[0]) &&
    roots.every((topic) => sources.get(topic)!.kinds![0] === "integer");
  return { ...bare, roots: ranged ? roots : null };
}

function kindsOf({ key, row: { shape } }: SourceSpec): readonly KeyKind[] | null {
  const kinds = key.map((name) => kindOf(shape[name]));
  return kinds.some((kind) => kind === null) ? null : kinds as KeyKind[];
}

function kindOf(schema: SourceSpec["row"]["shape"][string] | undefined): KeyKind | null {
  if (schema === undefined) return null;
  const type = columnTypeOf(schema);
  if (type !== null) return type.integers === true ? "integer" : type.name === "uuid" ? "uuid" : null;
  const { def } = schema._zod as unknown as { readonly def: { readonly type: string; readonly format?: string } };
  if (def.type === "string") return "text";
  return def.type === "number" && def.format === "safeint" ? "integer" : null;
}

/** Whether a column of the sink holds integers, so that ClickHouse orders them as the source does. */
function holdsIntegers({ table }: SinkPlan, name: string): boolean {
  const { type } = table.columns.find((column) => column.name === name)!;
  return /^U?Int\d+$/.test(parseClickHouseType(type).text);
}
