import type { Instance } from "./instance.ts";
import type { TaskHost } from "./task_host.ts";

const NONE = { lagRecords: 0, lagSeconds: 0, rows: 0 };

interface Told {
  readonly labels: { readonly topology: string; readonly table: string; readonly partition: string };
  figures: typeof NONE;
}

/**
 * The gauges of each task. Only those that change are set: most tasks stand still, and there may be thousands. Of a
 * task that is no longer here they are 0, as they are added up over all instances.
 */
export class TaskGauges {
  readonly #instance: Instance;
  /** By task. */
  readonly #told = new Map<string, Told>();

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  report(nowMs: number): void {
    const { hosts } = this.#instance;
    for (const host of hosts.values()) this.#tell(host, figuresOf(host, nowMs));
    for (const [id, told] of this.#told) {
      if (hosts.has(id)) continue;
      this.#set(told, NONE);
      this.#told.delete(id);
    }
  }

  #tell({ id, table, partition }: TaskHost, figures: typeof NONE): void {
    const told = this.#told.get(id);
    if (told !== undefined) return this.#set(told, figures);
    const labels = { topology: this.#instance.topology.name, table: table.name, partition: String(partition) };
    const fresh = { labels, figures: { lagRecords: NaN, lagSeconds: NaN, rows: NaN } };
    this.#told.set(id, fresh);
    this.#set(fresh, figures);
  }

  #set(told: Told, { lagRecords, lagSeconds, rows }: typeof NONE): void {
    const { metrics } = this.#instance.ports;
    const { labels, figures: before } = told;
    if (lagRecords !== before.lagRecords) metrics.gauge("weir_source_lag_records", labels, lagRecords);
    if (lagSeconds !== before.lagSeconds) metrics.gauge("weir_source_lag_seconds", labels, lagSeconds);
    if (rows !== before.rows) metrics.gauge("weir_stored_rows", labels, rows);
    told.figures = { lagRecords, lagSeconds, rows };
  }
}

function figuresOf(host: TaskHost, nowMs: number): typeof NONE {
  const lagRecords = host.unevaluated;
  const lagSeconds = lagRecords > 0 && host.lastRecordMs > 0 ? (nowMs - host.lastRecordMs) / 1000 : 0;
  return { lagRecords, lagSeconds, rows: host.task?.storedRows ?? 0 };
}
