import type { Clock, Random } from "../ports/clock.ts";
import type { DeadLetters } from "../ports/dead_letters.ts";
import type { Log } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
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
  /** Tables that other topologies of this process write on the same warehouse; if absent there are none. */
  readonly busyTables?: BusyTables;
  /**
   * Stands for the process: topologies that are given the same hold the global tables that they declare alike once. If
   * absent, those that are given the same log.
   */
  readonly process?: object;
}
