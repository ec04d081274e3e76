import type { LogicalNode } from "./logical.ts";
import type { StreamNode } from "./stream_nodes.ts";

/** Names of the ClickHouse tables that it writes to, each once: of rows that change, and of those that are added. */
export function writtenTables(
  { nodes, streams }: { readonly nodes: readonly LogicalNode[]; readonly streams: readonly StreamNode[] },
): string[] {
  const names = [...nodes, ...streams].flatMap((node) =>
    (node.op === "sink" && node.sink.output === undefined) || node.op === "append" ? [node.sink.name] : []
  );
  return [...new Set(names)];
}

/** Names of the topics to which it writes tables. */
export function writtenTopics({ nodes }: { readonly nodes: readonly LogicalNode[] }): string[] {
  return nodes.flatMap((node) => node.op === "sink" && node.sink.output !== undefined ? [node.sink.output.topic] : []);
}

/** Why two sinks cannot both be in one database; null if they can. A sink `x` is a view `x` and a table `x_rows`. */
export function tableClash(a: string, b: string): string | null {
  if (a === b) return `both write to ClickHouse table "${a}"`;
  const [view, other] = a.length < b.length ? [a, b] : [b, a];
  return other === `${view}_rows`
    ? `the rows of sink "${view}" are in table "${other}", as which another is named`
    : null;
}
