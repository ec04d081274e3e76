import type { Topology } from "../../dsl/topology.ts";
import { MASKED } from "../../record/mask.ts";
import type { Comparison } from "./compare.ts";
import { type HiddenColumns, hiddenColumns } from "./hidden_columns.ts";
import type { VerifyReport } from "./verify_topologies.ts";

/** A report without what is masked: its figures, and examples without the keys and values that are not shown. */
export function maskedReport(report: VerifyReport, topologies: readonly Topology[]): VerifyReport {
  const hiddenOf = hiddenColumns(topologies);
  return {
    ...report,
    sinks: report.sinks.map((sink) => {
      const hidden = hiddenOf(sink);
      return hidden === null ? sink : { ...sink, view: masked(sink.view, hidden), stored: masked(sink.stored, hidden) };
    }),
    uncomputed: report.uncomputed.map((one) =>
      hiddenOf({ topology: one.topology }) === null ? one : { ...one, example: { key: MASKED, error: MASKED } }
    ),
  };
}

function masked(comparison: Comparison, hidden: HiddenColumns): Comparison {
  return {
    ...comparison,
    samples: comparison.samples.map(({ kind, key, columns }) => ({
      kind,
      key: hidden.key ? MASKED : key,
      columns: hidden.shown(columns),
    })),
  };
}
