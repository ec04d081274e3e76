import type { Topology } from "../../dsl/topology.ts";
import { MASKED } from "../../record/mask.ts";
import { type HiddenColumns, hiddenColumns } from "../verify/hidden_columns.ts";
import type { DifferingKey, ProofReport } from "./proof_report.ts";

/** Makes reports without what is masked: their figures, and keys and values as far as they are shown. */
export function proofMask(topologies: readonly Topology[]): (report: ProofReport) => ProofReport {
  const hiddenOf = hiddenColumns(topologies);
  return (report) => ({
    ...report,
    sinks: report.sinks.map((sink) => {
      const hidden = hiddenOf(sink);
      return hidden === null ? sink : { ...sink, keys: sink.keys.map((key) => masked(key, hidden)) };
    }),
  });
}

function masked({ key, columns, ...rest }: DifferingKey, hidden: HiddenColumns): DifferingKey {
  return {
    ...rest,
    key: hidden.key ? Object.fromEntries(Object.keys(key).map((name) => [name, MASKED])) : key,
    explain: hidden.key ? null : rest.explain,
    columns: hidden.shown(columns),
  };
}
