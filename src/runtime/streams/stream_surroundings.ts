import type { Membership, Reader } from "../../ports/log.ts";
import type { InsertPace } from "../delivery/insert_pace.ts";
import type { Instance } from "../lifecycle/instance.ts";
import type { AppendTables } from "./append_tables.ts";
import type { StreamContext } from "./flow.ts";
import type { SourceMarks } from "./source_marks.ts";
import type { TableClock } from "./table_clock.ts";

/** What the hosts of one instance have in common. */
export interface StreamSurroundings {
  readonly instance: Instance;
  readonly context: StreamContext;
  readonly membership: Promise<Membership>;
  readonly reader: Pick<Reader, "seek" | "stop" | "pause" | "resume">;
  readonly tableClock: TableClock;
  readonly appendTables: Pick<AppendTables, "begun">;
  readonly marks: Pick<SourceMarks, "fresh" | "changed" | "isAhead">;
  readonly pace: (topic: string) => InsertPace;
  /** A task has begun to run. */
  readonly onRunning: () => void;
}
