import type { FormerRow } from "./program.ts";
import type { Row } from "./values.ts";

/** The rows of a task that another instance has, kept warm. It speaks to nobody and writes nothing. */
export interface Standby {
  readonly rows: Map<string, Row | null>;
  readonly former: Map<string, FormerRow>;
  readonly topicId: number;
  position: number;
  leaderEpoch: number;
  /** Since when records may have been appended that were not read. */
  freshTime: number;
}
