import { overTime } from "./panels.ts";
import { CHOSEN_TOPOLOGIES as T, expressions } from "./queries.ts";

const OPERATOR = "{{topology}}: {{operator}}";

/** Rows that are at an operator now, by what became of them. */
const rowsNow = (outcome: string) => `sum by (topology, operator) (weir_operator_rows{${T}, outcome="${outcome}"})`;
/** Rows and events a second. */
const passing = (outcome: string) =>
  `sum by (topology, operator) (rate(weir_operator_passed_total{${T}, outcome="${outcome}"}[$__rate_interval]))`;
const WITHOUT_PARTNER = `${rowsNow("without_partner")} / (${rowsNow("joined")} + ${rowsNow("without_partner")})`;

/** What becomes of rows at each operator. Rows of global tables are counted on each instance. */
export const operators = {
  title: "Operators",
  panels: [
    overTime({
      title: "Rows and events at operators",
      description: "Evaluated a second. A row counts whenever it, or what it is joined with, changes.",
      width: 8,
      unit: "cps",
      targets: expressions([passing("in"), OPERATOR]),
    }),
    overTime({
      title: "Rows without a partner",
      description: "Of the rows that come to a join now, those that find none. At 100 % the keys of both sides are " +
        "probably not alike: /readyz shows some.",
      width: 8,
      unit: "percentunit",
      targets: expressions([WITHOUT_PARTNER, OPERATOR]),
    }),
    overTime({
      title: "Left out by filters, or expired",
      description: "Rows that are left out now.",
      width: 8,
      targets: expressions([`${rowsNow("filtered")} > 0`, OPERATOR]),
    }),
    overTime({
      title: "Errors of operators",
      description: "Rows and events a second for which a callback threw, or that are not taken: each is a dead letter.",
      width: 8,
      unit: "cps",
      noValue: "None in this time",
      targets: expressions([`${passing("error")} > 0`, OPERATOR]),
    }),
    overTime({
      title: "Waiting for a partner",
      description: "Rows that have asked another task for a row, and have no answer yet.",
      width: 8,
      targets: expressions([`${rowsNow("waiting")} > 0`, OPERATOR]),
    }),
    overTime({
      title: "Null keys",
      description: "Rows whose foreign key is null, or that are in no group.",
      width: 8,
      targets: expressions([`${rowsNow("null_key")} > 0`, OPERATOR]),
    }),
  ],
};

/** What streams leave out, and what tasks keep for a start. */
export const keeping = {
  title: "Streams and snapshots",
  panels: [
    overTime({
      title: "Events dropped",
      description: "Events a second that changed nothing: they came when their window was closed, or once more.",
      width: 6,
      unit: "cps",
      noValue: "None in this time",
      targets: expressions([
        `sum by (topology, operator, reason) (rate(weir_stream_events_dropped_total{${T}}[$__rate_interval])) > 0`,
        "{{topology}}: {{operator}} {{reason}}",
      ]),
    }),
    overTime({
      title: "Age of the oldest windows kept",
      description: "Of aggregates with a retention: windows that began earlier are kept by ClickHouse alone.",
      width: 6,
      unit: "s",
      targets: expressions([
        `max by (topology, table) (time() - weir_horizon_timestamp_seconds{${T}})`,
        "{{topology}}: {{table}}",
      ]),
    }),
    overTime({
      title: "Snapshots",
      description: "A minute, by what came of them. Without them a start reads its tables from the beginning.",
      width: 6,
      targets: expressions([
        `60 * sum by (result) (rate(weir_snapshots_total{${T}}[$__rate_interval]))`,
        "{{result}}",
      ]),
    }),
    overTime({
      title: "Dead letters that still apply",
      description: "Instances that share a file count together, so the greatest number counts.",
      width: 6,
      limits: [[1, "red"]],
      targets: expressions([
        `max by (topology, stage, reason) (weir_dead_letters_open{${T}}) > 0`,
        "{{topology}}: {{stage}} {{reason}}",
      ]),
    }),
  ],
};
