import { type Masks, masksOf, type NodeMask, unionOf } from "../../plan/masks.ts";
import type { GlobalTable, PhysicalPlan, TaskTable } from "../../plan/physical.ts";
import { HIDDEN } from "../../record/mask.ts";
import type { Instance } from "../lifecycle/instance.ts";

/** Of what nobody knows whose it is, nothing is shown. */
const UNKNOWN: NodeMask = { key: HIDDEN, row: HIDDEN };

type Table = TaskTable | GlobalTable;

/** What people are not shown of the rows of a topology, by the places where they are held. */
export class RowMasks {
  readonly #topology: Instance["topology"];
  readonly #masks: Masks;
  readonly #registers: PhysicalPlan["registers"];

  constructor(topology: Instance["topology"], { masks, plan }: { readonly masks: Masks; readonly plan: PhysicalPlan }) {
    this.#topology = topology;
    this.#masks = masks;
    this.#registers = plan.registers;
  }

  /** Of the rows in a register of a table's program. */
  register(table: Table, step: number): NodeMask {
    const global = !("members" in table);
    const nodes = this.#registers.flatMap((place, id) =>
      place !== null && place.global === global && place.table === table.index && place.step === step
        ? [this.#masks.tables[id]]
        : []
    );
    return nodes.length === 0 ? UNKNOWN : unionOf(nodes);
  }

  /** Of a table, as it is read, or of the results of an operator, by its name; sinks are none. */
  named(name: string): NodeMask {
    const { nodes } = this.#topology;
    const found = nodes.flatMap((node) =>
      node.name === name && node.op !== "sink" ? [this.#masks.tables[node.id]] : []
    );
    return found.length === 0 ? UNKNOWN : unionOf(found);
  }

  /** Of the rows of all members of a table. */
  table(table: Table): NodeMask {
    return "members" in table ? unionOf(table.members.map(({ name }) => this.named(name))) : this.named(table.name);
  }

  /** Of what a sink shows, by its name. */
  sink(name: string): NodeMask {
    const { nodes } = this.#topology;
    const found = nodes.flatMap((node) =>
      node.op === "sink" && (node.name === name || node.sink.name === name) ? [this.#masks.tables[node.id]] : []
    );
    return found.length === 0 ? UNKNOWN : unionOf(found);
  }

  /** Of what an operator of streams keeps: of the results of an aggregate, or of a processor's stores. */
  stage(stream: number): NodeMask {
    const folded = this.#topology.nodes.find((node) => node.op === "folded" && node.stream === stream);
    return folded === undefined ? this.#masks.streams[stream] : this.#masks.tables[folded.id];
  }

  /** Of the events of an operator of streams (`ev3`), or of the rows of one of tables (`op3`); null: there is none. */
  node(node: string): NodeMask | null {
    const [, kind, id] = /^(op|ev)(\d+)$/.exec(node) ?? [];
    if (kind === undefined) return null;
    if (kind === "ev") return this.#masks.streams[Number(id)] ?? null;
    const of = this.#topology.nodes[Number(id)];
    // A tap shows what comes to these, and not what they make of it.
    const takes = of?.op === "aggregate" || of?.op === "selectKey" || of?.op === "flatMapValues";
    return this.#masks.tables[takes ? of.input : Number(id)] ?? null;
  }
}

/** Null if nothing of the topology is masked. */
export function rowMasksOf(
  { topology, topics: { plan } }: Pick<Instance, "topology"> & { readonly topics: { readonly plan: PhysicalPlan } },
): RowMasks | null {
  const masks = masksOf(topology);
  return masks === null ? null : new RowMasks(topology, { masks, plan });
}
