import type { Clock } from "../../../src/ports/clock.ts";
import { BusyTables } from "../../../src/runtime/busy_tables.ts";
import type { InsertPaceOptions } from "../../../src/runtime/delivery/insert_pace.ts";

/** The pace of the only table of the only instance, but for `changed`. */
export function paceOptions(clock: Clock, changed: Partial<InsertPaceOptions> = {}): InsertPaceOptions {
  return {
    clock,
    insertsPerSecond: 30,
    flushIntervalMs: 200,
    tables: new BusyTables(clock),
    share: () => 1,
    ...changed,
  };
}
