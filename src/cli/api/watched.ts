import type { ConnectionOptions } from "../../adapters/clickhouse/connection_options.ts";
import type { DemoSource } from "../start/demo_source.ts";
import type { InstanceEvent } from "../start/kept_events.ts";
import type { ShownRun } from "../start/shown_run.ts";
import type { Status } from "../start/status.ts";

/** A running instance, as those who look into it are given it. */
export interface Watched {
  readonly runs: readonly ShownRun[];
  readonly status: () => Status;
  /** What happened to it, the newest first. */
  readonly events: () => readonly InstanceEvent[];
  /** Where it is, for people, and for other instances if they can ask it. */
  readonly instance: () => string;
  /** Where its dead letters are kept: instances that keep them in one place count the same ones. */
  readonly lettersIn: string;
  /** Which other instances must know; null: nobody. */
  readonly password: string | null;
  /** ClickHouse, for whoever only reads. */
  readonly reader: ConnectionOptions;
  /** Whether contents of rows may be shown. */
  readonly showsRows: boolean;
  /** The demo store, for whoever changes something in it; null: there is none. */
  readonly demo: Pick<DemoSource, "use"> | null;
  /** Whether a `verify` has the instance hold still. */
  readonly verifying: () => boolean;
}
