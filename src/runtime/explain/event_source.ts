import { masksOf } from "../../plan/masks.ts";
import type { StreamPlan } from "../../plan/physical.ts";
import type { Position } from "../../ports/log.ts";
import { MASKED, masked, maskedRow } from "../../record/mask.ts";
import type { Row } from "../../record/row.ts";
import type { Instance } from "../lifecycle/instance.ts";
import type { RecordAt } from "./event_record.ts";
import { asRow, eventKeyRow } from "./event_steps.ts";
import type { EventTrace } from "./event_tracer.ts";
import type { SourceRow } from "./explanation.ts";

/** A record as the source of what was made of it, without what is masked. */
export function sourceOfEvent(
  { topology }: Instance,
  { plan, place: { topic, partition, offset }, found, trace }: {
    readonly plan: StreamPlan;
    readonly place: Position;
    readonly found: RecordAt;
    readonly trace: EventTrace | null;
  },
): SourceRow {
  const timestampMs = found.kind === "record" ? found.record.timestampMs : null;
  const source = { table: plan.source.name, topic, partition, offset, timestampMs, stale: false };
  if (trace === null || trace.read.kind !== "event") return { ...source, row: null };
  const { key, value } = trace.read;
  const mask = masksOf(topology)?.streams[plan.nodes[0].id] ?? null;
  return { ...source, key: eventKeyRow(key, mask), row: value === null ? null : valueRow(value, mask) };
}

function valueRow(value: unknown, mask: Parameters<typeof eventKeyRow>[1]): Row {
  const row = asRow(value);
  if (mask === null) return row;
  // A value without columns is hidden as a whole, or not at all.
  if (row !== value) return masked(value, mask.row) === MASKED ? { value: MASKED } : row;
  return maskedRow(row, mask.row);
}
