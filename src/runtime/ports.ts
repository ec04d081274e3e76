import type { Clock, Random } from "../ports/clock.ts";
import type { DeadLetters } from "../ports/dead_letters.ts";
import type { Log } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { DecodedLog, Schemas } from "../ports/schemas.ts";
import type { Snapshots } from "../ports/snapshots.ts";
import type { Warehouse } from "../ports/warehouse.ts";
import type { BusyTables } from "./busy_tables.ts";

/** Everything outside that a topology needs to run. */
export interface Ports {
  readonly log: Log;
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly deadLetters: DeadLetters;
  readonly snapshots: Snapshots;
  /** Where schemas of records are found; if absent, all records are JSON, whatever is declared of them. */
  readonly schemas?: Schemas;
  /** The log, too, where it gives records of the topology as JSON that are written otherwise. */
  readonly decoded?: DecodedLog;
  /** Tables that other topologies of this process write on the same warehouse; if absent there are none. */
  readonly busyTables?: BusyTables;
  /**
   * Stands for the process: topologies that are given the same hold the global tables that they declare alike once. If
   * absent, those that are given the same log.
   */
  readonly process?: object;
}
