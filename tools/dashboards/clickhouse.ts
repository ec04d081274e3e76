import { dashboard } from "./build.ts";
import type { Dashboard } from "./model.ts";
import { numbers, onRightAxis, overTime } from "./panels.ts";
import { expressions, instants } from "./queries.ts";

const event = (name: string) => `sum(rate(ClickHouseProfileEvents_${name}[$__rate_interval]))`;
/** Microseconds of all queries of a kind, divided by their number. */
const meanSeconds = (time: string, queries: string) => `${event(time)} / ${event(queries)} / 1e6`;

const now = {
  title: null,
  panels: [
    numbers({
      title: "Up for",
      description: "Time since the server started.",
      width: 4,
      unit: "s",
      targets: instants(["max(ClickHouseAsyncMetrics_Uptime)", "Up"]),
    }),
    numbers({
      title: "Rows",
      description: "In all tables, old versions and tombstones that are not merged away yet included.",
      width: 4,
      unit: "locale",
      targets: instants(["sum(ClickHouseAsyncMetrics_TotalRowsOfMergeTreeTables)", "Rows"]),
    }),
    numbers({
      title: "Size",
      description: "Of all tables on disk.",
      width: 4,
      unit: "bytes",
      targets: instants(["sum(ClickHouseAsyncMetrics_TotalBytesOfMergeTreeTables)", "Size"]),
    }),
    numbers({
      title: "Disk left",
      description: "Free space of the default disk.",
      width: 4,
      unit: "bytes",
      lowest: "red",
      limits: [[5_000_000_000, "orange"], [20_000_000_000, "green"]],
      targets: instants(["min(ClickHouseAsyncMetrics_DiskAvailable_default)", "Left"]),
    }),
    numbers({
      title: "Most parts of a partition",
      description: "From 1,000 on inserts are slowed, at 3,000 refused.",
      width: 4,
      limits: [[300, "yellow"], [1_000, "orange"], [3_000, "red"]],
      targets: instants(["max(ClickHouseAsyncMetrics_MaxPartCountForPartition)", "Parts"]),
    }),
    numbers({
      title: "Inserts refused, 24 hours",
      description: "Because of too many parts. Weir repeats them, so nothing is lost.",
      width: 4,
      limits: [[1, "red"]],
      targets: instants(["sum(increase(ClickHouseProfileEvents_RejectedInserts[24h])) or vector(0)", "Refused"]),
    }),
  ],
};

const inserts = {
  title: "Inserts",
  panels: [
    overTime({
      title: "Rows inserted",
      description: "By all writers.",
      width: 6,
      unit: "cps",
      targets: expressions([event("InsertedRows"), "rows"]),
    }),
    overTime({
      title: "Inserts",
      description: "Each makes at least one part.",
      width: 6,
      unit: "cps",
      targets: expressions([event("InsertQuery"), "inserts"], [event("FailedInsertQuery"), "failed"]),
    }),
    overTime({
      title: "Mean duration",
      description: "Of inserts and of queries.",
      width: 6,
      unit: "s",
      targets: expressions(
        [meanSeconds("InsertQueryTimeMicroseconds", "InsertQuery"), "insert"],
        [meanSeconds("SelectQueryTimeMicroseconds", "SelectQuery"), "query"],
      ),
    }),
    overTime({
      title: "Slowed and refused inserts",
      description: "Because of too many parts.",
      width: 6,
      unit: "cps",
      targets: expressions([event("DelayedInserts"), "slowed"], [event("RejectedInserts"), "refused"]),
    }),
  ],
};

const merges = {
  title: "Parts and merges",
  panels: [
    overTime({
      title: "Parts",
      description: "Active parts, and outdated ones that are about to be removed.",
      width: 8,
      targets: expressions(
        ["sum(ClickHouseMetrics_PartsActive)", "active"],
        ["sum(ClickHouseMetrics_PartsOutdated)", "outdated"],
      ),
    }),
    overTime({
      title: "Most parts of a partition",
      description: "From 1,000 on inserts are slowed, at 3,000 refused.",
      width: 8,
      limits: [[300, "yellow"], [1_000, "orange"], [3_000, "red"]],
      targets: expressions(["max(ClickHouseAsyncMetrics_MaxPartCountForPartition)", "parts"]),
    }),
    overTime({
      title: "Merges",
      description: "Running merges, and rows that they write per second.",
      width: 8,
      targets: expressions(["sum(ClickHouseMetrics_Merge)", "running"], [event("MergedRows"), "rows per second"]),
      overrides: [onRightAxis("rows per second", "cps")],
    }),
  ],
};

const queries = {
  title: "Queries and memory",
  panels: [
    overTime({
      title: "Memory",
      description: "As ClickHouse counts it for its limit, and as the system does.",
      width: 8,
      unit: "bytes",
      targets: expressions(
        ["sum(ClickHouseMetrics_MemoryTracking)", "counted"],
        ["sum(ClickHouseAsyncMetrics_MemoryResident)", "resident"],
      ),
    }),
    overTime({
      title: "Queries",
      description: "Of dashboards and of Weir.",
      width: 8,
      unit: "cps",
      targets: expressions([event("SelectQuery"), "queries"], [event("FailedSelectQuery"), "failed"], [
        event("QueryMemoryLimitExceeded"),
        "over their memory limit",
      ]),
    }),
    overTime({
      title: "Rows read",
      description: "By queries. A panel that reads everything shows here.",
      width: 8,
      unit: "cps",
      targets: expressions([event("SelectedRows"), "rows"]),
    }),
  ],
};

/** The server that holds what is shown. */
export const clickhouse: Dashboard = dashboard({
  uid: "store-clickhouse",
  title: "ClickHouse",
  description: "Inserts, parts, merges, memory, and what was refused.",
  from: "now-1h",
  refresh: "10s",
  variables: [],
  sections: [now, inserts, merges, queries],
});
