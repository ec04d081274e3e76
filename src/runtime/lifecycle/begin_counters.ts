import { retentionOf } from "../../plan/retention.ts";
import { outputsOf } from "../../plan/outputs_of.ts";
import type { PhysicalPlan } from "../../plan/physical.ts";
import type { Labels, Metrics } from "../../ports/metrics.ts";
import type { DeadLetter } from "../../ports/dead_letters.ts";
import type { ProcessorReason } from "../../record/errors.ts";
import { REPLAY_OF_ANOTHER } from "../../record/replay_header.ts";

/** What a dead letter's reason may be; a schema of the topology's author may give further ones (of `decode`). */
export const DEAD_LETTER_REASONS = {
  decode: [
    ...[
      "not_utf8",
      "not_json",
      "too_deep",
      "too_large",
      "not_a_row",
      "unknown_op",
      "missing_after",
      "missing_before",
      "truncate",
      "unavailable",
    ],
    ...["null_key", "bad_key", "misplaced", "missing_column", "wrong_type", "not_a_row_value"],
    ...["out_of_range", "overflow", "not_finite", "schema_threw", "bad_headers"],
    ...["zero_date", "schema", "not_an_event"],
  ],
  callback: ["callback_threw", "not_sendable", "too_large"] satisfies ProcessorReason[],
  sink: ["refused"],
} as const satisfies Readonly<Record<DeadLetter["stage"], readonly string[]>>;

/** First words of why a task is thrown away; a restart after an error of the log has that error's first word. */
const RESTART_REASONS = ["superseded", "lag", "topic", "records", "position", "corrections"];
const SNAPSHOT_RESULTS = ["published", "failed", "discarded"];
const SKIP_REASONS = ["heartbeat", "transaction", "message", "changelog"];

/**
 * Reports the counters of a topology as 0, with every label that is known before anything happens. A counter that
 * appears with its first event has no 0 before it: Prometheus' increase() would not see that event.
 */
export function beginCounters(plan: PhysicalPlan, metrics: Metrics): void {
  const { topology } = plan;
  const begin = (name: string, labels: Labels) => metrics.count(name, { topology, ...labels }, 0);
  for (const [stage, reasons] of Object.entries(DEAD_LETTER_REASONS)) {
    for (const reason of reasons) begin("weir_dead_letters_total", { stage, reason });
  }
  for (const reason of RESTART_REASONS) begin("weir_task_restarts_total", { reason });
  for (const result of SNAPSHOT_RESULTS) begin("weir_snapshots_total", { result });
  begin("weir_snapshot_bytes_total", {});
  begin("weir_internal_records_total", {});
  for (const { name, source, sinks } of plan.streams) {
    begin("weir_source_records_total", { table: name });
    const ofChanges = source.changes === null ? [] : ["tombstone", "heartbeat", "transaction", "message"];
    for (const reason of ["null_value", "null_group", "null_key", REPLAY_OF_ANOTHER, ...ofChanges]) {
      begin("weir_source_records_skipped_total", { table: name, reason });
    }
    begin("weir_stream_records_lost_total", { table: name });
    for (const sink of sinks) begin("weir_sink_rows_total", { sink: sink.name });
  }
  const dropped = ["late", "early", ...plan.streams.some(({ source }) => source.dropsRepeats) ? ["repeat"] : []];
  for (const { name, node, sinks } of plan.stages) {
    begin("weir_source_records_total", { table: name });
    for (const reason of dropped) begin("weir_stream_events_dropped_total", { operator: node.name, reason });
    begin("weir_stream_events_overtaken_total", { operator: node.name });
    begin("weir_changelog_records_deleted_total", { table: name });
    for (const sink of sinks) begin("weir_sink_rows_total", { sink: sink.name });
  }
  for (const { outputs } of [...plan.streams, ...plan.stages]) {
    for (const { topic } of outputs) begin("weir_sink_rows_total", { sink: topic });
  }
  for (const table of plan.tables) {
    begin("weir_repaired_rows_total", { table: table.name });
    if (table.steps.some(({ kind }) => kind === "expire")) begin("weir_expired_rows_total", { table: table.name });
    if (retentionOf(table) !== null) begin("weir_ended_rows_total", { table: table.name });
    for (const { sink } of outputsOf(table)) begin("weir_sink_rows_total", { sink: sink.name });
    for (const member of table.members) {
      if (member.kind === "merge") continue;
      begin("weir_source_records_total", { table: member.name });
      for (const reason of SKIP_REASONS) begin("weir_source_records_skipped_total", { table: table.name, reason });
    }
  }
}
