import type { SourceSpec } from "../../dsl/source.ts";
import type { Topology } from "../../dsl/topology.ts";
import { compile } from "../../plan/compile.ts";
import { inboxTopic } from "../../plan/inbox_topic.ts";
import type { AppendTableSpec, TableSpec } from "../../ports/warehouse.ts";

/** What topologies need of everything outside. */
export interface Needs {
  readonly topologies: readonly Topology[];
  /** Sources of tables, the first declaration of each topic. */
  readonly tables: ReadonlyMap<string, SourceSpec>;
  /** Those that a connector writes: without topics of plain JSON. */
  readonly captured: ReadonlyMap<string, SourceSpec>;
  /** Tables whose changes must have the row before. */
  readonly before: ReadonlySet<string>;
  /** Topics of events that others write. */
  readonly events: ReadonlySet<string>;
  /** Tables in ClickHouse. */
  readonly sinks: readonly TableSpec[];
  readonly appends: readonly AppendTableSpec[];
  /** Topics through which tasks talk. */
  readonly inboxes: readonly string[];
}

export function needsOf(topologies: readonly Topology[], { generation }: { readonly generation: number }): Needs {
  const tables = new Map<string, SourceSpec>();
  const before = new Set<string>();
  const events = new Set<string>();
  const sinks = new Map<string, TableSpec>();
  const appends = new Map<string, AppendTableSpec>();
  const inboxes: string[] = [];
  for (const topology of topologies) {
    for (const node of topology.nodes) {
      if (node.op === "source" && !tables.has(node.source.topic)) tables.set(node.source.topic, node.source);
    }
    for (const node of topology.streams) {
      if (node.op !== "events" || node.source.internal) continue;
      const { changes, topic } = node.source;
      if (changes === null) events.add(topic);
      else {
        if (!tables.has(topic)) tables.set(topic, changes.source);
        if (changes.before) before.add(topic);
      }
    }
    const plan = compile(topology);
    for (const table of plan.tables) {
      inboxes.push(inboxTopic({ topology: topology.name, table: table.name, generation }));
      const own = [...table.sinks, ...table.groups.flatMap(({ sink }) => sink ?? [])];
      for (const sink of own) if (sink.table.output === undefined) sinks.set(sink.table.name, sink.table);
    }
    for (const flow of [...plan.streams, ...plan.stages]) {
      for (const sink of flow.sinks) appends.set(sink.table.name, sink.table);
    }
  }
  const captured = new Map([...tables].filter(([, { format }]) => format?.plain !== true));
  return {
    topologies,
    tables,
    captured,
    before,
    events,
    sinks: [...sinks.values()],
    appends: [...appends.values()],
    inboxes,
  };
}

/** `public.users` of `shop.public.users`; null for a topic of another form. */
export function tableOf(topic: string): { readonly schema: string; readonly table: string } | null {
  const parts = topic.split(".");
  return parts.length < 3 ? null : { schema: parts.at(-2)!, table: parts.at(-1)! };
}
