import type { LogicalNode } from "../dsl/logical.ts";
import type { StreamNode } from "../dsl/stream_nodes.ts";
import type { Topology } from "../dsl/topology.ts";
import { HIDDEN, hidesAnything, hiding, type Mask, maskOf, SHOWN, union, withColumns } from "../record/mask.ts";

/** What people are not shown of an operator's results. */
export interface NodeMask {
  /** By the names of the key's columns. */
  readonly key: Mask;
  readonly row: Mask;
}

/**
 * What people are not shown of each operator of a topology. Operators that move columns tell where each went; what a
 * callback makes of a key or a row that hides anything is hidden, but for the columns that are declared `unmask`:
 * nobody can see what of it a callback has used, and to show too little is mended by a word, to show too much by none.
 */
export interface Masks {
  /** By id of the operators of tables. */
  readonly tables: readonly NodeMask[];
  /** By id of the operators of streams. */
  readonly streams: readonly NodeMask[];
}

const CLEAR: NodeMask = { key: SHOWN, row: SHOWN };
const ALL: NodeMask = { key: HIDDEN, row: HIDDEN };

const KNOWN = new WeakMap<Topology, Masks | null>();

/** Null if no source masks anything. Worked out once for each topology. */
export function masksOf(topology: Topology): Masks | null {
  return KNOWN.getOrInsertComputed(topology, () => new Lineage(topology).masks());
}

/**
 * Whether problems and messages may quote keys and values: not of a topology of which anything is masked, since texts
 * are not taken apart by columns.
 */
export function quotesRows(topology: Topology, { consoleRows }: { readonly consoleRows: boolean }): boolean {
  return consoleRows && masksOf(topology) === null;
}

/** Whether anything of the key or the row is hidden. */
export function masksAny({ key, row }: NodeMask): boolean {
  return hidesAnything(key) || hidesAnything(row);
}

/** What any of these hides. */
export function unionOf(masks: readonly NodeMask[]): NodeMask {
  return { key: union(...masks.map(({ key }) => key)), row: union(...masks.map(({ row }) => row)) };
}

/** Operators of tables and of streams may lead to each other, so each asks for its inputs. */
class Lineage {
  readonly #topology: Topology;
  readonly #tables: (NodeMask | undefined)[] = [];
  readonly #streams: (NodeMask | undefined)[] = [];

  constructor(topology: Topology) {
    this.#topology = topology;
  }

  masks(): Masks | null {
    const { nodes, streams } = this.#topology;
    const isMasked = [...nodes, ...streams].some((node) => {
      if (node.op === "source") return node.source.mask !== undefined;
      if (node.op !== "events") return false;
      const { mask, maskKey, changes } = node.source;
      return mask !== undefined || maskKey === true || changes?.source.mask !== undefined;
    });
    if (!isMasked) return null;
    return { tables: nodes.map(({ id }) => this.#table(id)), streams: streams.map(({ id }) => this.#stream(id)) };
  }

  #table(id: number): NodeMask {
    const node = this.#topology.nodes[id];
    return this.#tables[id] ??= unmasking(this.#ofTable(node), node);
  }

  #stream(id: number): NodeMask {
    const node = this.#topology.streams[id];
    return this.#streams[id] ??= unmasking(this.#ofStream(node), node);
  }

  #ofTable(node: LogicalNode): NodeMask {
    switch (node.op) {
      case "source":
        return ofSource(node.source);
      case "folded":
        return this.#stream(node.stream);
      case "filter":
      case "filterNot":
      case "expireAfter":
      case "sink":
        return this.#table(node.input);
      case "mapValues": {
        const input = this.#table(node.input);
        return masksAny(input) ? { key: input.key, row: HIDDEN } : input;
      }
      case "foreignKeyJoin": {
        const { key, row } = this.#table(node.input);
        return { key, row: withColumns(row, [[node.column, this.#table(node.right).row]]) };
      }
      case "keyJoin": {
        const [left, right] = [this.#table(node.input), this.#table(node.right)];
        const beside: [string, Mask] = [node.column, right.row];
        const row = node.leftColumn === null
          ? withColumns(left.row, [beside])
          : withColumns(SHOWN, [[node.leftColumn, left.row], beside]);
        return { key: sameKey(left.key, right.key), row };
      }
      case "union": {
        const [left, right] = [this.#table(node.input), this.#table(node.right)];
        return { key: sameKey(left.key, right.key), row: union(left.row, right.row) };
      }
      case "aggregate":
        return masksAny(this.#table(node.input)) ? totals(node.aggregates) : CLEAR;
      case "selectKey":
        return masksAny(this.#table(node.input)) ? ALL : CLEAR;
      case "flatMapValues": {
        const input = this.#table(node.input);
        if (!masksAny(input)) return CLEAR;
        const { column, counted } = node.part;
        const key = withColumns(input.key, [[column, counted ? SHOWN : HIDDEN]]);
        return { key, row: counted ? withColumns(HIDDEN, [[column, SHOWN]]) : HIDDEN };
      }
    }
  }

  #ofStream(node: StreamNode): NodeMask {
    const inputs = node.inputs.map((input) => this.#stream(input));
    const input = unionOf(inputs);
    const { key, row } = input;
    const any = masksAny(input);
    switch (node.op) {
      case "events":
        return ofEvents(node.source);
      case "filter":
      case "branch":
      case "peek":
      case "merge":
      case "append":
      case "output":
      case "updates":
      case "suppress":
        return input;
      case "mapValues":
      case "flatMapValues":
        return any ? { key, row: HIDDEN } : CLEAR;
      case "map":
      case "flatMap":
      case "process":
        return any ? ALL : CLEAR;
      case "selectKey":
        return any ? { key: HIDDEN, row } : CLEAR;
      case "repartition":
        return any && node.bare === null ? { key: HIDDEN, row } : input;
      case "globalJoin":
        return { key, row: withColumns(row, [[node.column, this.#table(node.right).row]]) };
      case "tableJoin": {
        const right = this.#table(node.right);
        return { key: any ? HIDDEN : right.key, row: withColumns(row, [[node.column, right.row]]) };
      }
      case "streamJoin": {
        const [left, right] = inputs;
        const beside: [string, Mask] = [node.columns.right, right.row];
        const joined = node.columns.left === null
          ? withColumns(left.row, [beside])
          : withColumns(SHOWN, [[node.columns.left, left.row], beside]);
        return { key: any ? HIDDEN : SHOWN, row: joined };
      }
      case "streamAggregate":
        return any ? totals(node.sides[0].aggregates) : CLEAR;
      case "tableChanges":
        return this.#table(node.table);
    }
  }
}

function ofSource({ key, mask = [] }: { readonly key: readonly string[]; readonly mask?: readonly string[] }) {
  return { key: hiding(mask.filter((column) => key.includes(column))), row: hiding(mask) };
}

function ofEvents(
  { mask = [], maskKey, changes, internal, key }: Extract<StreamNode, { op: "events" }>["source"],
): NodeMask {
  // What tasks tell each other of a table's rows, as they are written.
  if (internal === true) return ALL;
  if (changes !== null) {
    const { key, row } = ofSource(changes.source);
    return { key, row: withColumns(SHOWN, [["before", row], ["after", row]]) };
  }
  // A key of one value has no columns, and says itself whether it is shown.
  const named = mask !== true && typeof key === "object" && "shape" in key ? hiding(mask) : SHOWN;
  return { key: maskKey ? HIDDEN : named, row: mask === true ? HIDDEN : hiding(mask) };
}

/** Keys of two tables that are equal: what is hidden of one by its name may have another name in the other. */
function sameKey(left: Mask, right: Mask): Mask {
  if (!hidesAnything(left) && !hidesAnything(right)) return SHOWN;
  const names = (mask: Mask) => [...mask.columns].filter(([, column]) => hidesAnything(column)).map(([name]) => name);
  const isEqual = left.others === right.others && names(left).sort().join("\n") === names(right).sort().join("\n");
  return isEqual ? left : HIDDEN;
}

/** Of groups and totals nobody knows what they are made of, but a number of rows. */
function totals(aggregates: Readonly<Record<string, { readonly kind: string }>>): NodeMask {
  const counts = Object.entries(aggregates).filter(([, { kind }]) => kind === "count");
  return { key: HIDDEN, row: withColumns(HIDDEN, counts.map(([column]) => [column, SHOWN])) };
}

function unmasking({ key, row }: NodeMask, { unmasked = [] }: { readonly unmasked?: readonly string[] }): NodeMask {
  const columns = unmasked.map((column): [string, Mask] => [column, SHOWN]);
  return { key: withColumns(key, columns), row: withColumns(row, columns) };
}

/** Columns of a table in ClickHouse that people are not shown; `key`: nor is its key. */
export interface MaskedTable {
  readonly columns: readonly string[];
  /** All that it has. */
  readonly declared: readonly string[];
  readonly key: boolean;
}

/** By sink: what its table hides. */
export function maskedTables(topology: Topology): ReadonlyMap<string, MaskedTable> {
  const masks = masksOf(topology);
  const { nodes, streams } = topology;
  const found = new Map<string, MaskedTable>();
  if (masks === null) return found;
  const add = (sink: { readonly name: string; readonly columns: Readonly<Record<string, unknown>> }, mask: NodeMask) =>
    found.set(sink.name, {
      declared: Object.keys(sink.columns),
      columns: Object.keys(sink.columns).filter((column) => hidesAnything(maskOf(mask.row, column))),
      key: hidesAnything(mask.key),
    });
  for (const node of nodes) {
    if (node.op === "sink" && node.sink.output === undefined) add(node.sink, masks.tables[node.id]);
  }
  for (const node of streams) if (node.op === "append") add(node.sink, masks.streams[node.id]);
  return found;
}
