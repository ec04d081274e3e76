/** Kind, unit and meaning of every metric. Each carries the label `topology` besides those named. */
export interface MetricInfo {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** All metrics by name. Names end with their unit; counters with `_total`. */
export const METRICS: Readonly<Record<string, MetricInfo>> = {
  weir_source_records_total: { kind: "counter", help: "Change records taken from source topics.", labels: ["table"] },
  weir_source_records_skipped_total: {
    kind: "counter",
    help:
      "Records that change nothing: no row changes (heartbeats, transaction marks, messages), events without key or " +
      "value where one is needed.",
    labels: ["table", "reason"],
  },
  weir_doubtful_columns_total: {
    kind: "counter",
    help:
      "Columns whose integers do not look like the unit that they declare (milliseconds read as microseconds), by " +
      "table and column; counted once for each start of the topology.",
    labels: ["table", "column"],
  },
  weir_snapshots_total: {
    kind: "counter",
    help: "Snapshots of tasks, by result: published, failed, or discarded because the task ended meanwhile.",
    labels: ["result"],
  },
  weir_snapshot_bytes_total: { kind: "counter", help: "Bytes of published snapshots.", labels: [] },
  weir_held_rows: {
    kind: "gauge",
    help: "Rows shown as they were before a start, because what they are computed from failed at it.",
    labels: ["sink"],
  },
  weir_stale_keys: {
    kind: "gauge",
    help: "Keys whose last change could not be read: what is shown of them is older than the source.",
    labels: ["table"],
  },
  weir_dead_letters_total: {
    kind: "counter",
    help: "Records and rows set aside, by stage and reason.",
    labels: ["stage", "reason"],
  },
  weir_dead_letters_open: {
    kind: "gauge",
    help: "Dead letters kept of the topology that still apply, those of earlier runs and of instances with the same " +
      "data directory included, by stage and reason.",
    labels: ["stage", "reason"],
  },
  weir_stream_records_lost_total: {
    kind: "counter",
    help: "Records of a stream's topic that were deleted before they were processed.",
    labels: ["table"],
  },
  weir_changelog_records_deleted_total: {
    kind: "counter",
    help: "Records of earlier starts, and of windows beyond their retention, that were deleted from the changelog of " +
      "a stage.",
    labels: ["table"],
  },
  weir_ended_rows_total: {
    kind: "counter",
    help: "Rows of windows beyond their retention that left the memory; ClickHouse keeps them.",
    labels: ["table"],
  },
  weir_horizon_timestamp_seconds: {
    kind: "gauge",
    help: "Windows that began then or before are kept by ClickHouse alone, by partition of the table's task.",
    labels: ["table", "partition"],
  },
  weir_stream_events_dropped_total: {
    kind: "counter",
    help: "What changed nothing in an aggregate, a join or a store of times, as it came too late, or once more.",
    labels: ["operator", "reason"],
  },
  weir_stream_events_overtaken_total: {
    kind: "counter",
    help: "Events of a stage that were taken though a source is behind that may have earlier ones: too many waited.",
    labels: ["operator"],
  },
  weir_sink_rows_total: {
    kind: "counter",
    help: "Rows and tombstones acknowledged by ClickHouse; records acknowledged in topics that streams are written to.",
    labels: ["sink"],
  },
  weir_sink_insert_seconds: {
    kind: "histogram",
    help: "Duration of one insert, repetitions included.",
    labels: ["sink"],
    buckets: SECONDS,
  },
  weir_sink_insert_rows: {
    kind: "histogram",
    help: "Rows of one insert.",
    labels: ["sink"],
    buckets: [1, 10, 100, 1_000, 10_000, 50_000],
  },
  weir_internal_records_total: { kind: "counter", help: "Records appended to inbox topics.", labels: [] },
  weir_task_restarts_total: { kind: "counter", help: "Tasks thrown away and started again.", labels: ["reason"] },
  weir_repaired_rows_total: {
    kind: "counter",
    help: "Rows that ClickHouse showed otherwise than they are, written again.",
    labels: ["table"],
  },
  weir_expired_rows_total: {
    kind: "counter",
    help: "Rows that grew too old while their task ran, and left (expireAfter).",
    labels: ["table"],
  },
  weir_source_lag_records: {
    kind: "gauge",
    help: "Records of source partitions that are not read, or read and not evaluated yet.",
    labels: ["table", "partition"],
  },
  weir_source_lag_seconds: {
    kind: "gauge",
    help: "Age of the newest source record taken, while there is lag; else 0.",
    labels: ["table", "partition"],
  },
  weir_stored_rows: {
    kind: "gauge",
    help: "Rows held in memory by a task, right rows of joins included.",
    labels: ["table", "partition"],
  },
  weir_state_bytes: {
    kind: "gauge",
    help: "Memory that a table's rows take, with the right rows and groups kept for it. A global table that several " +
      "topologies of a process share is held once and counts for each with an equal part.",
    labels: ["table"],
  },
  weir_standbys: {
    kind: "gauge",
    help: "Tasks of other instances whose rows this one keeps, by state: reading, ready, or given_up.",
    labels: ["state"],
  },
  weir_standby_lag_records: {
    kind: "gauge",
    help: "Records of source partitions that standbys on this instance have not read yet.",
    labels: ["table"],
  },
  weir_standby_rows: { kind: "gauge", help: "Rows that standbys on this instance keep.", labels: ["table"] },
  weir_global_rows: { kind: "gauge", help: "Rows of global tables held in memory.", labels: [] },
  weir_global_lag_records: {
    kind: "gauge",
    help: "Records of global tables not read yet, and rows that were there when the topology joined and wait for it.",
    labels: [],
  },
  weir_groups_set_aside: {
    kind: "gauge",
    help: "Groups that the view of a sink leaves out, because a total does not fit its column.",
    labels: ["sink"],
  },
  weir_sink_pending_rows: { kind: "gauge", help: "Rows waiting for ClickHouse.", labels: ["sink"] },
  weir_sink_pending_bytes: { kind: "gauge", help: "Bytes of the rows waiting for ClickHouse.", labels: ["sink"] },
  weir_sink_pending_limit_rows: {
    kind: "gauge",
    help: "Rows waiting for ClickHouse at which reading stops (WEIR_SINK_ROWS_MAX).",
    labels: ["sink"],
  },
  weir_sink_pending_limit_bytes: {
    kind: "gauge",
    help: "Bytes of the rows waiting for ClickHouse at which reading stops (WEIR_SINK_BYTES_MAX).",
    labels: ["sink"],
  },
  weir_operator_passed_total: {
    kind: "counter",
    help: "Rows and events that came to an operator, by what became of them: in (all), out, filtered (or expired), " +
      "joined, without_partner, null_key (or in no group), waiting, error, dropped. Counted whenever it is evaluated.",
    labels: ["operator", "node", "outcome"],
  },
  weir_operator_rows: {
    kind: "gauge",
    help: "The same of the rows of tables that are there now, each of which counts once; of stages the events and " +
      "changes that wait now.",
    labels: ["operator", "node", "outcome"],
  },
  weir_tasks: { kind: "gauge", help: "Tasks of this instance by state.", labels: ["state"] },
  weir_ready: {
    kind: "gauge",
    help: "1 when all tasks that this instance has run and nothing is wrong, else 0; it may have none.",
    labels: [],
  },
  weir_topology_state: {
    kind: "gauge",
    help:
      "1 for the state in which the topology is on this instance: starting, running, degraded (it holds rows that " +
      "cannot be computed), waiting (for a service), failed (somebody must look) or ended.",
    labels: ["state"],
  },
  weir_topology_failures_total: {
    kind: "counter",
    help: "Tries of a topology that failed, by class of the error.",
    labels: ["error"],
  },
  weir_problems: { kind: "gauge", help: "What is wrong right now: /readyz lists it.", labels: [] },
  weir_start_rows: {
    kind: "gauge",
    help: "What the last start did, by result: rows found right (kept), written and deleted.",
    labels: ["sink", "result"],
  },
  weir_visible_delay_seconds: {
    kind: "histogram",
    help: "From the time a source record was written to the log to the acknowledgement of the insert that shows it.",
    labels: ["sink"],
    buckets: SECONDS,
  },
  weir_proof_differing_rows: {
    kind: "gauge",
    help: "Rows that the continuous proof found other than in the source three times in a row, with no reason known.",
    labels: ["sink"],
  },
  weir_proof_unjudged_rows: {
    kind: "gauge",
    help: "Rows that differed when the continuous proof looked last, and may be on their way.",
    labels: ["sink"],
  },
  weir_proof_excused_rows: {
    kind: "gauge",
    help: "Rows that differ from the source while dead letters or held rows say why.",
    labels: ["sink"],
  },
  weir_proof_taken_rows: {
    kind: "gauge",
    help: "Rows of results of streams that are as Weir's own log has them, which their events do not decide about.",
    labels: ["sink"],
  },
  weir_proof_equal_rows: {
    kind: "gauge",
    help: "Rows that the last round of the continuous proof found equal to the source.",
    labels: ["sink"],
  },
  weir_proof_checked_timestamp_seconds: {
    kind: "gauge",
    help: "When the last round of the continuous proof ended.",
    labels: ["sink"],
  },
  weir_proof_left_out: {
    kind: "gauge",
    help: "1 for a table or topic that the continuous proof does not compare, and why not; 0 once it does.",
    labels: ["sink", "reason"],
  },
  weir_proof_round_seconds: {
    kind: "gauge",
    help: "How long the last round of the continuous proof took.",
    labels: ["sink"],
  },
};
