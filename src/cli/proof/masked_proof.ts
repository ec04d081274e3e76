import type { Topology } from "../../dsl/topology.ts";
import { type MaskedTable, maskedTables, masksOf } from "../../plan/masks.ts";
import { MASKED } from "../../record/mask.ts";
import type { DifferingKey, ProofReport, SinkProof } from "./proof_report.ts";

/** Makes reports without what is masked: their figures, and keys and values as far as they are shown. */
export function proofMask(topologies: readonly Topology[]): (report: ProofReport) => ProofReport {
  const masking = new Map(
    topologies.flatMap((topology) => masksOf(topology) === null ? [] : [[topology.name, maskedTables(topology)]]),
  );
  return (report) => ({
    ...report,
    sinks: report.sinks.map((sink): SinkProof => {
      const tables = masking.get(sink.topology);
      if (tables === undefined) return sink;
      const mask = tables.get(sink.sink) ?? null;
      return { ...sink, keys: sink.keys.map((key) => masked(key, mask)) };
    }),
  });
}

/** `mask` null: nobody knows what of it is hidden, so nothing is shown. */
function masked({ key, columns, ...rest }: DifferingKey, mask: MaskedTable | null): DifferingKey {
  const hidesKey = mask === null || mask.key;
  return {
    ...rest,
    key: hidesKey ? Object.fromEntries(Object.keys(key).map((name) => [name, MASKED])) : key,
    explain: hidesKey ? null : rest.explain,
    columns: columns.map((column) =>
      mask === null || mask.columns.includes(column.name) ? { ...column, expected: MASKED, actual: MASKED } : column
    ),
  };
}
