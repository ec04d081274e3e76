import type { LogicalNode } from "./logical.ts";
import type { EventSpec } from "./events.ts";
import type { SourceSpec } from "./source.ts";
import type { StreamNode } from "./stream_nodes.ts";

type Unnumbered<Node> = Node extends unknown ? Omit<Node, "id"> : never;

/** Collects the nodes and the problems of one topology while it is being declared. */
export class Graph {
  readonly nodes: LogicalNode[] = [];
  readonly streams: StreamNode[] = [];
  readonly problems: string[] = [];
  /** Makes the table of a node; its operators' names begin with the root's. */
  readonly tableAt: (node: number, root: string) => object;
  readonly #names = new Set<string>();
  /** Its name. */
  readonly topology: string;
  #closed = false;

  constructor(topology: string, tableAt: (node: number, root: string) => object) {
    this.topology = topology;
    this.tableAt = tableAt;
  }

  add(node: Unnumbered<LogicalNode>): number {
    this.checkOpen(`add operator "${node.name}"`);
    const id = this.nodes.length;
    this.nodes.push({ ...node, id } as LogicalNode);
    return id;
  }

  /** As {@link add}, of a stream's operator. */
  addStream(node: Unnumbered<StreamNode>): number {
    this.checkOpen(`add operator "${node.name}"`);
    const id = this.streams.length;
    this.streams.push({ ...node, id } as StreamNode);
    return id;
  }

  /** `what` cannot be done any more once the topology is built. @throws TypeError then */
  checkOpen(what: string): void {
    if (!this.#closed) return;
    throw new TypeError(`Cannot ${what}: its topology is already built. Declare it inside topology(...)`);
  }

  /** The stream of this topic, shared by every use of the same declaration. */
  events(source: EventSpec): number {
    const known = this.streams.find((node) => node.op === "events" && isSame(node.source, source));
    if (known !== undefined) return known.id;
    const twin = this.streams.find((node) =>
      node.op === "events" && (node.source.topic === source.topic || node.source.name === source.name)
    );
    if (twin !== undefined) {
      this.problems.push(
        `Topic "${source.topic}" is declared twice as a stream, or two of them are named "${source.name}". Use one ` +
          `declaration for each topic, and name them apart: events(topic, { name: ... })`,
      );
    }
    return this.addStream({ op: "events", name: source.name, inputs: [], source });
  }

  /** Reserves the name of an operator that has state; a second use is a problem. */
  claim(name: string, advice: string): void {
    if (this.#names.has(name)) this.problems.push(`Two operators are named "${name}". ${advice}`);
    this.#names.add(name);
  }

  /** Reserves the name of an operator whose rows have keys of their own, and so topics. */
  claimTable(name: string): void {
    this.claim(name, "Give one of them another name");
    if (/^[A-Za-z0-9_-]+$/.test(name)) return;
    this.problems.push(
      `Cannot use "${name}" as an operator's name: it names a topic. Use letters, digits, "-" and "_"`,
    );
  }

  /** The node of this source, shared by every use of the same declaration. */
  source(source: SourceSpec, global: boolean): number {
    const known = this.nodes.find((node) => node.op === "source" && node.source === source && node.global === global);
    if (known !== undefined) return known.id;
    if (source.key.length === 0) {
      this.problems.push(`Source "${source.name}" has no key column. Name its primary key: key: ["id"]`);
    }
    for (const column of source.key) {
      if (!(column in source.row.shape)) {
        this.problems.push(
          `Key column "${column}" of source "${source.name}" is not in its row schema. Add it to z.object({...})`,
        );
      }
    }
    if (source.format?.key === "bare" && source.key.length > 1) {
      this.problems.push(
        `Source "${source.name}" has the key columns ${
          source.key.join(", ")
        } and format: { key: "bare" }, which is the ` +
          `value of one column. Declare the one key column, or leave the format out`,
      );
    }
    const other = this.nodes.find((node) => node.op === "source" && node.source.topic === source.topic);
    if (other?.op === "source" && formatOf(other.source) !== formatOf(source)) {
      this.problems.push(
        `Topic "${source.topic}" is declared with two forms of its keys. Give all its sources the same format and ` +
          "registry",
      );
    }
    const twin = this.nodes.find((node) =>
      node.op === "source" && node.source.name === source.name && node.source.topic !== source.topic
    );
    if (twin !== undefined) {
      this.problems.push(
        `Two topics are named "${source.name}". Give one of the sources another name: debezium(topic, { name: ... })`,
      );
    }
    return this.add({ op: "source", name: source.name, source, global });
  }

  close(): void {
    this.#closed = true;
  }
}

/** Whether two streams are one: of the same declaration, and, of a table's changes, with the same options. */
function isSame(a: EventSpec, b: EventSpec): boolean {
  if (a === b) return true;
  if (a.changes === null || b.changes === null) return false;
  return a.changes.source === b.changes.source && a.changes.before === b.changes.before && a.time === b.time &&
    a.from === b.from;
}

/** Equal for equal formats, whatever is named that is the default. */
function formatOf({ format = {}, registry }: Pick<SourceSpec, "format" | "registry">): string {
  const { decimals = "string", times = "adaptive", key = "object", binary = "bytes" } = format;
  return [decimals, times, key, binary === "base64" ? "bytes" : binary, registry].join();
}
