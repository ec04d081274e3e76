import type { Clock } from "../../ports/clock.ts";
import type { EmbeddedLogLimits } from "./log_limits.ts";
import type { LogStore, PartitionState } from "./log_store.ts";

/** What retention and compaction work with. */
export interface MaintenanceOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly limits: EmbeddedLogLimits;
  /** Asked between slices: true ends the work early, with everything consistent. */
  isStopped(): boolean;
}

/** Bytes that one turn of maintenance may delete: SQLite reads every page that it frees. */
const SLICE_BYTES_MAX = 8_388_608;

/** Records that one turn may look at and delete, fewer where the partition has held large ones. */
export function sliceRecords(limits: EmbeddedLogLimits, { largest }: PartitionState): number {
  return Math.max(1, Math.min(limits.maintenanceSliceRecords, Math.floor(SLICE_BYTES_MAX / Math.max(1, largest))));
}
