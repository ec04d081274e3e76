import type { masksOf } from "../../plan/masks.ts";
import type { Metrics } from "../../ports/metrics.ts";
import { MASKED } from "../../record/mask.ts";
import type { RunEvent } from "../run_event.ts";

/** What doubts are told to, and of what. */
export interface DoubtsParts {
  readonly topology: Parameters<typeof masksOf>[0];
  readonly metrics: Metrics;
  readonly onEvent: (event: RunEvent) => void;
}

/** Columns that may be read wrongly, each told once, also of a table that is read by tasks and as a global one. */
export class Doubts {
  readonly #parts: DoubtsParts;
  readonly #told = new Set<string>();

  constructor(parts: DoubtsParts) {
    this.#parts = parts;
  }

  tell(table: string, { column, message }: { readonly column: string; readonly message: string }): void {
    const id = JSON.stringify([table, column]);
    if (this.#told.has(id)) return;
    this.#told.add(id);
    const { topology, metrics, onEvent } = this.#parts;
    metrics.count("weir_doubtful_columns_total", { topology: topology.name, table, column }, 1);
    // It tells what a value would be in another unit.
    const told = isMasked(topology, { table, column }) ? MASKED : message;
    onEvent({ kind: "doubt", table, column, message: told });
  }
}

function isMasked(
  { nodes, streams }: DoubtsParts["topology"],
  { table, column }: { readonly table: string; readonly column: string },
): boolean {
  return [...nodes, ...streams].some((node) => {
    if (node.name !== table || !("source" in node) || node.source.mask === undefined) return false;
    return node.source.mask === true || node.source.mask.includes(column);
  });
}
