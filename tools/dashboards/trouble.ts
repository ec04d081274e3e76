import { overTime } from "./panels.ts";
import { CHOSEN_TOPOLOGIES as T, counted, expressions } from "./queries.ts";

/** How often something happened since the point before, for few events: what did not happen is left out. */
const happened = (metric: string, by: readonly string[]) =>
  `${counted(`${metric}{${T}}`, { range: "$__rate_interval", by })} > 0`;
/** What a panel of such events says without any. */
const NONE = "None in this time";

/** What went wrong: the last line of the Pipeline dashboard. */
export const trouble = {
  title: "Trouble",
  panels: [
    overTime({
      title: "Dead letters by reason",
      description: "Records and rows set aside, by stage and reason.",
      width: 8,
      noValue: NONE,
      style: "stacked bars",
      targets: expressions([
        happened("weir_dead_letters_total", ["stage", "reason"]),
        "{{stage}}: {{reason}}",
      ]),
    }),
    overTime({
      title: "Restarts of tasks by reason",
      description: "Tasks thrown away and started again: each reads its tables again.",
      width: 8,
      noValue: NONE,
      style: "stacked bars",
      targets: expressions([
        happened("weir_task_restarts_total", ["topology", "reason"]),
        "{{topology}}: {{reason}}",
      ]),
    }),
    overTime({
      title: "Rows repaired",
      description: "Rows that ClickHouse showed otherwise than they are: " +
        "changed by hand, or written late by an instance that has ended.",
      width: 8,
      noValue: NONE,
      style: "stacked bars",
      targets: expressions([
        happened("weir_repaired_rows_total", ["topology", "table"]),
        "{{topology}}: {{table}}",
      ]),
    }),
    overTime({
      title: "Keys shown as they were",
      description: "Keys whose last change could not be read: what is shown of them is older than the source. " +
        "`deno task dlq` lists the changes.",
      width: 8,
      limits: [[1, "red"]],
      targets: expressions([`sum by (topology, table) (weir_stale_keys{${T}})`, "{{topology}}: {{table}}"]),
    }),
    overTime({
      title: "Groups left out",
      description: "Groups that a view leaves out, because a total does not fit its column. " +
        "`deno task dlq` names them, with the total.",
      width: 8,
      limits: [[1, "red"]],
      targets: expressions([`sum by (topology, sink) (weir_groups_set_aside{${T}})`, "{{topology}}: {{sink}}"]),
    }),
    overTime({
      title: "Restarts of instances",
      description: "How often each address began anew.",
      width: 8,
      style: "stacked bars",
      targets: expressions(['changes(process_start_time_seconds{job="weir"}[$__rate_interval])', "{{instance}}"]),
    }),
  ],
};
