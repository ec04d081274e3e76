import { inputsOf } from "../../dsl/logical.ts";
import type { SinkSpec } from "../../dsl/sink.ts";
import type { Topology } from "../../dsl/topology.ts";
import { WINDOW_START } from "../../processor/stateful/result_of.ts";
import { parseClickHouseType } from "../../record/clickhouse_type.ts";
import type { CanonicalRow } from "./compare.ts";

/** By sink: windows that began then or before are kept by ClickHouse alone. Microseconds since the epoch. */
export type Horizons = ReadonlyMap<string, number>;

/** Of which sinks rows go by age, and how far. `horizons`: by node of the results. */
export function horizonsOf({ nodes }: Topology, horizons: ReadonlyMap<number, number>): Horizons {
  const found = new Map<string, number>();
  for (const node of nodes) {
    if (node.op !== "sink") continue;
    // Nothing has two inputs behind results that go by age.
    let id: number | undefined = node.input;
    while (id !== undefined && !horizons.has(id)) [id] = inputsOf(nodes[id]);
    if (id !== undefined) found.set(node.sink.name, horizons.get(id)!);
  }
  return found;
}

/** Tells, and counts, rows of windows of which nobody knows any more what they should be. */
export class BeyondRetention {
  /** How many there were. */
  rows = 0;
  readonly #horizonUs: number;
  readonly #place: number;
  readonly #unitUs: number;

  constructor({ columns }: Pick<SinkSpec, "columns">, horizonUs: number) {
    this.#horizonUs = horizonUs;
    this.#place = Object.keys(columns).indexOf(WINDOW_START);
    this.#unitUs = unitUsOf(columns[WINDOW_START]);
  }

  /** Whether nobody can judge a row that is shown, of which no more is known. */
  leavesOut(row: CanonicalRow): boolean {
    const beyond = Number(row[this.#place]) * this.#unitUs <= this.#horizonUs;
    if (beyond) this.rows++;
    return beyond;
  }
}

/** How many microseconds the number stands for that a time is compared as. */
function unitUsOf(type: string): number {
  const parsed = parseClickHouseType(type);
  return parsed.name === "DateTime" || parsed.name === "DateTime64" ? 10 ** (6 - parsed.precision) : 1;
}
