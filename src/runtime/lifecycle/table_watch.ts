import { outputsOf, sinksOf } from "../../plan/outputs_of.ts";
import type { TablePresence, TableSpec } from "../../ports/warehouse.ts";
import type { Instance } from "./instance.ts";
import type { Difference } from "./repair.ts";

/** A table that was made again, and what is written again of it. */
interface Refill {
  /** Tasks here that a comparison has not looked at since. */
  readonly tasks: Set<string>;
  readonly table: TableSpec;
  rows: number;
}

/**
 * Notices tables and views that somebody dropped, whether or not anything is written, makes them again, and has all
 * rows written again. A table that another instance made again, or that was dropped and made again between two looks,
 * has another id: its rows here are written again, too.
 */
export class TableWatch {
  readonly #instance: Instance;
  /** Every id seen of a table; replicas may have one each. */
  readonly #ids = new Map<string, Set<string>>();
  readonly #refills = new Map<string, Refill>();

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** Looks at all tables now. */
  async look(): Promise<void> {
    const { ports: { warehouse }, topics: { plan } } = this.#instance;
    const tables = sinksOf(plan).map((sink) => sink.table);
    let found: Map<string, TablePresence>;
    try {
      found = await warehouse.present(tables);
    } catch {
      // ClickHouse does not answer; the writers say so, and the next look comes.
      return;
    }
    for (const table of tables) await this.#lookAt(table, found.get(table.name)!);
    this.#forgetDropped();
  }

  /** A table was made again, empty: the next comparison writes all of its rows, and it comes at once. */
  made(table: TableSpec): void {
    const { name } = table;
    const tasks = new Set<string>();
    for (const host of this.#instance.hosts.values()) {
      if (!outputsOf(host.table).some(({ sink }) => sink.table.name === name)) continue;
      host.nextRepairMs = 0;
      tasks.add(host.id);
    }
    if (tasks.size === 0) return;
    // Several calls that miss the table may each have made it: what was written since counts.
    this.#refills.set(name, { tasks, table, rows: this.#refills.get(name)?.rows ?? 0 });
    this.#tell(name);
  }

  /** Sinks that are filled again now: those that a comparison begins with are to be given to {@link compared}. */
  get refilling(): ReadonlyMap<string, unknown> {
    return new Map(this.#refills);
  }

  /** A comparison has ended, and what it wrote is acknowledged. */
  compared(differences: readonly Difference[], begun: ReadonlyMap<string, unknown>): void {
    for (const { task, sink, rows } of differences) {
      const refill = this.#refills.get(sink);
      if (refill === undefined) continue;
      refill.rows += rows;
      // Made again while it was compared: it is compared once more.
      if (refill !== begun.get(sink)) continue;
      refill.tasks.delete(task.id);
      this.#endIfDone(refill);
    }
  }

  async #lookAt(table: TableSpec, { id, view }: TablePresence): Promise<void> {
    const { ports: { warehouse }, problems, onEvent } = this.#instance;
    const { name, shares } = table;
    if (id === null || !view) {
      try {
        const { created } = await warehouse.ensure(table);
        if (created) this.made(table);
        else if (id !== null) onEvent({ kind: "remade", sink: name, shares, rows: null });
      } catch (error) {
        const what = id === null ? "table" : "view";
        const reason = (error as Error).message;
        return problems.set(problemOf(name), `The ${what} "${name}" is gone and cannot be made again: ${reason}`);
      }
    }
    this.#tell(name);
    if (id === null) return;
    const known = this.#ids.get(name);
    if (known === undefined) this.#ids.set(name, new Set([id]));
    else if (!known.has(id)) {
      known.add(id);
      this.made(table);
    }
  }

  /** What is wrong with the table as far as is known. */
  #tell(name: string): void {
    const problem = `The table "${name}" was gone and is made again: its rows are being written`;
    this.#instance.problems.set(problemOf(name), this.#refills.has(name) ? problem : null);
  }

  /** Tasks that are another instance's now are compared there. */
  #forgetDropped(): void {
    for (const refill of this.#refills.values()) {
      for (const task of refill.tasks) if (!this.#instance.hosts.has(task)) refill.tasks.delete(task);
      this.#endIfDone(refill);
    }
  }

  #endIfDone({ tasks, table: { name, shares }, rows }: Refill): void {
    if (tasks.size > 0) return;
    this.#refills.delete(name);
    // Its id was not known when it was made here, so it is compared once more; that finds nothing.
    if (rows > 0) this.#instance.onEvent({ kind: "remade", sink: name, shares, rows });
    this.#tell(name);
  }
}

function problemOf(table: string): string {
  return `table ${table}`;
}
