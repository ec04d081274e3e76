import type { Topology } from "../../dsl/topology.ts";
import { isTopic } from "../../plan/topic_table.ts";

/** What becomes of a table when its topology is loaded anew. */
export interface TableChange {
  readonly table: string;
  /**
   * `new`: it is made, and filled. `gone`: nobody writes it any more, and it stays as it is. `columns`: it has others.
   * `program`: what it is computed by reads otherwise. `same`: nothing of that, though something that it uses may.
   */
  readonly kind: "new" | "gone" | "columns" | "program" | "same";
  /** New columns of a table that is there. */
  readonly added: readonly string[];
}

interface Declared {
  readonly columns: Readonly<Record<string, string>>;
  readonly program: string;
}

/**
 * How the tables of a topology differ from what they were before. `before`: null for a topology that is new, `after`:
 * null for one that is gone. Two callbacks are taken for the same if their texts are.
 */
export function changedTables(before: Topology | null, after: Topology | null): TableChange[] {
  const [was, is] = [before, after].map((topology) => topology === null ? new Map() : declaredBy(topology)) as [
    Map<string, Declared>,
    Map<string, Declared>,
  ];
  const changes: TableChange[] = [];
  for (const [table, declared] of is) {
    const known = was.get(table);
    const added = known === undefined ? [] : Object.keys(declared.columns).filter((name) => !(name in known.columns));
    const kind = known === undefined
      ? "new"
      : JSON.stringify(known.columns) !== JSON.stringify(declared.columns)
      ? "columns"
      : known.program !== declared.program
      ? "program"
      : "same";
    changes.push({ table, kind, added });
  }
  for (const table of was.keys()) if (!is.has(table)) changes.push({ table, kind: "gone", added: [] });
  return changes;
}

/** Tables of rows that are replaced: what is appended to is never rewritten. */
function declaredBy({ nodes }: Topology): Map<string, Declared> {
  const declared = new Map<string, Declared>();
  for (const node of nodes) {
    if (node.op !== "sink" || isTopic(node.sink)) continue;
    const upstream = new Set<number>([node.id]);
    for (const id of upstream) for (const input of inputsOf(nodes[id])) upstream.add(input);
    const program = [...upstream].sort((a, b) => a - b).map((id) => textOf(nodes[id])).join("\n");
    declared.set(node.sink.name, { columns: node.sink.columns, program });
  }
  return declared;
}

function inputsOf(node: object): number[] {
  const { input, left, right, inputs } = node as Readonly<Record<string, unknown>>;
  return [input, left, right, ...(Array.isArray(inputs) ? inputs : [])].filter((one) => typeof one === "number");
}

/** An operator as text, its callbacks included. */
function textOf(node: object): string {
  const seen = new WeakSet<object>();
  return JSON.stringify(node, (key, value) => {
    // Where operators stand says nothing of them.
    if (key === "id" || key === "input" || key === "right") return undefined;
    if (typeof value === "function") return String(value);
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return undefined;
    seen.add(value);
    if ("_zod" in value) return "shape" in value ? Object.keys(value.shape as object) : undefined;
    return value instanceof Map || value instanceof Set ? [...value] : value;
  });
}
