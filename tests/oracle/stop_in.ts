import type { Topology } from "../../src/mod.ts";
import type { Key } from "../../src/record/key.ts";
import type { Row } from "../../src/record/row.ts";

type Node = Topology["nodes"][number];

/** What the oracle has computed. */
interface KnownTables {
  readonly topology: Topology;
  readonly unitOf: readonly number[];
  /** Rows by operator. */
  readonly tables: ReadonlyMap<number, ReadonlyMap<Key, Row>>;
}

/**
 * Where the oracle finds that a key's row stopped: at the last operator that has its input; if none has, at the table
 * that should have the row, the left one of a join. Null: it did not stop.
 */
export function stopIn(known: KnownTables, { id, key }: { readonly id: number; readonly key: Key }): Node | null {
  if (known.tables.get(id)!.has(key)) return null;
  const node = known.topology.nodes[id];
  const eitherSide = node.op === "union" || (node.op === "keyJoin" && node.kind === "outer");
  const stops = inUnit(known, node).slice(0, eitherSide ? 2 : 1).map((input) => stopIn(known, { id: input, key }));
  if (stops.includes(null)) return node;
  return stops.find((stop) => inUnit(known, stop!).length > 0) ?? stops[0] ?? node;
}

/** Inputs of an operator whose rows have the same keys, and are in the same tasks. */
export function inUnit({ unitOf }: Pick<KnownTables, "unitOf">, node: Node): number[] {
  const inputs = "right" in node ? [node.input, node.right] : "input" in node ? [node.input] : [];
  return inputs.filter((input) => unitOf[input] === unitOf[node.id]);
}
