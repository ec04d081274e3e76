import type { Labels, Metrics } from "../ports/metrics.ts";
import { compareText } from "../record/text_order.ts";

/** Counters of what changes nothing, and the label that tells where. */
const DROPS: Readonly<Record<string, string>> = {
  weir_stream_events_dropped_total: "operator",
  weir_source_records_skipped_total: "table",
};
/** Records of Weir's own topics that are there for others. */
const OWN = "changelog";

/** Records or events that changed nothing, and why. */
export interface DroppedRecords {
  /** The operator, or the table or stream (`stream.<source>`) of whose topic they are. */
  readonly operator: string;
  /** Of operators `late`, `early` and others; of topics `null_value`, `null_group`, `heartbeat` and others. */
  readonly reason: string;
  readonly count: number;
}

/** Counts what is left out, and nothing else. */
export class CountedDrops implements Metrics {
  readonly #counts = new Map<string, DroppedRecords>();

  count(name: string, labels: Labels, value = 1): void {
    const where = DROPS[name];
    if (where === undefined || labels.reason === OWN) return;
    const { [where]: operator, reason } = labels;
    const id = JSON.stringify([operator, reason]);
    const count = (this.#counts.get(id)?.count ?? 0) + value;
    this.#counts.set(id, { operator, reason, count });
  }

  gauge(): void {}

  observe(): void {}

  /** Those that there are, by operator and reason. */
  list(): DroppedRecords[] {
    return [...this.#counts.values()].filter(({ count }) => count > 0)
      .sort((a, b) => compareText(a.operator, b.operator) || compareText(a.reason, b.reason));
  }
}
