import type { Topology } from "../../dsl/topology.ts";
import { type MaskedTable, maskedTables, masksOf } from "../../plan/masks.ts";
import { MASKED } from "../../record/mask.ts";
import type { Comparison } from "./compare.ts";
import type { VerifyReport } from "./verify_topologies.ts";

/** A report without what is masked: its figures, and examples without the keys and values that are not shown. */
export function maskedReport(report: VerifyReport, topologies: readonly Topology[]): VerifyReport {
  const masking = new Map(
    topologies.flatMap((topology) => masksOf(topology) === null ? [] : [[topology.name, maskedTables(topology)]]),
  );
  return {
    ...report,
    sinks: report.sinks.map((sink) => {
      const tables = masking.get(sink.topology);
      if (tables === undefined) return sink;
      const mask = tables.get(sink.sink) ?? null;
      return { ...sink, view: masked(sink.view, mask), stored: masked(sink.stored, mask) };
    }),
    uncomputed: report.uncomputed.map((one) =>
      masking.has(one.topology) ? { ...one, example: { key: MASKED, error: MASKED } } : one
    ),
  };
}

/** `mask` null: nobody knows what of it is hidden, so nothing is shown. */
function masked(comparison: Comparison, mask: MaskedTable | null): Comparison {
  return {
    ...comparison,
    samples: comparison.samples.map(({ kind, key, columns }) => ({
      kind,
      key: mask === null || mask.key ? MASKED : key,
      columns: columns.map((column) =>
        mask === null || mask.columns.includes(column.name) ? { ...column, expected: MASKED, actual: MASKED } : column
      ),
    })),
  };
}
