import { numbers, overTime } from "./panels.ts";
import { CHOSEN_TOPOLOGIES as T, expressions, instants } from "./queries.ts";

/** Of each table once: with a service beside the instances several of them may tell what it has found. */
const ofTables = (metric: string) => `max by (topology, sink) (${metric}{${T}})`;
const CHECKED = ofTables("weir_proof_checked_timestamp_seconds");
const NONE = "Nothing is compared";

/** What the continuous proof says: a line of the Pipeline dashboard. */
export const proved = {
  title: "Compared with the source",
  panels: [
    numbers({
      title: "Tables proved",
      description: "Tables that the continuous proof has compared as a whole at least once.",
      width: 4,
      targets: instants([`count(${CHECKED}) or vector(0)`, "Tables"]),
    }),
    numbers({
      title: "Rows equal",
      description: "Rows of these tables that equal the source, at the last comparison of each.",
      width: 4,
      unit: "locale",
      targets: instants([`sum(${ofTables("weir_proof_equal_rows")}) or vector(0)`, "Rows"]),
    }),
    numbers({
      title: "Left out",
      description: "Tables and topics that are not compared while everything runs. The console's Now says why.",
      width: 4,
      targets: instants([`count(${ofTables("weir_proof_left_out")} > 0) or vector(0)`, "Left out"]),
    }),
    overTime({
      title: "Rows that differ",
      description: "Rows that ClickHouse shows otherwise than the source gives them, while nothing is on its way. " +
        "The console's Now names the keys.",
      width: 6,
      limits: [[1, "red"]],
      targets: expressions([ofTables("weir_proof_differing_rows"), "{{topology}}: {{sink}}"]),
    }),
    overTime({
      title: "Since the last whole comparison",
      description: "Age of the last round of each table that has ended. Above 6 hours WeirProofStale fires.",
      width: 6,
      unit: "s",
      limits: [[21_600, "orange"]],
      noValue: NONE,
      targets: expressions([`time() - ${CHECKED}`, "{{topology}}: {{sink}}"]),
    }),
  ],
};
