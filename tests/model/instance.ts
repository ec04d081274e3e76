import type { SnapshotDirectory } from "./snapshot_directory.ts";
import type { Standby } from "./standby.ts";
import type { Row } from "./values.ts";

/** A process. */
export interface Instance {
  readonly globals: Map<string, Row | null>;
  readonly globalPositions: number[];
  /** Outlives the process; two processes may have one. */
  directory: SnapshotDirectory;
  /** By task. */
  readonly standbys: Map<string, Standby>;
}
