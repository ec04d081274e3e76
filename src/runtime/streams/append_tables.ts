import type { AppendTableSpec } from "../../ports/warehouse.ts";
import type { PhysicalPlan, StagePlan, StreamPlan } from "../../plan/physical.ts";
import type { Position } from "../../ports/log.ts";
import { retry } from "../../ports/retry.ts";
import type { Ports } from "../ports.ts";
import type { Problems } from "../problems.ts";
import type { RunEvent } from "../run_event.ts";
import type { StreamLetters } from "./stream_letters.ts";

const RETRY_MS = 1_000;

/** The tables that the streams and stages of a plan add to, each once. */
function appendTablesOf({ streams, stages }: PhysicalPlan): AppendTableSpec[] {
  const sinks = [...streams, ...stages].flatMap((flow) => flow.sinks);
  return [...new Map(sinks.map(({ name, table }) => [name, table])).values()];
}

/** How far a task has come that adds to tables: everything before the position is brought out. */
export interface TableUser {
  readonly id: string;
  readonly plan: Pick<StreamPlan | StagePlan, "sinks">;
  readonly position: Position;
}

/** What looking after append tables needs of the world. */
export interface AppendTablesOptions {
  readonly ports: Pick<Ports, "warehouse" | "clock">;
  readonly problems: Problems;
  readonly onEvent: (event: RunEvent) => void;
}

/**
 * The append tables of a topology on this instance. They are made when they are missing, at a start and while it runs.
 * A table that is made while tasks are in the middle of their topics lacks what they have brought out before: nobody
 * reads that again, so a dead letter of each task says what is missing.
 */
export class AppendTables {
  readonly #options: AppendTablesOptions;
  #tables: readonly AppendTableSpec[] = [];
  /** Tables that were made anew, by name: ids of tasks that have said what is not in them. */
  readonly #made = new Map<string, Set<string>>();
  /** Every id seen of a table; replicas may have one each. */
  readonly #ids = new Map<string, Set<string>>();
  /** Made here, so that their id is not known yet. */
  readonly #unseen = new Set<string>();
  #users: () => Iterable<TableUser> = () => [];
  #letters: Pick<StreamLetters, "madeAnew"> | null = null;
  #looking: Promise<void> | null = null;

  constructor(options: AppendTablesOptions) {
    this.#options = options;
  }

  /** Makes them if they are missing, as soon as ClickHouse answers. @throws ConfigError for one of another shape */
  async ensure(plan: PhysicalPlan, stopped: () => boolean): Promise<void> {
    const { ports: { warehouse, clock }, problems } = this.#options;
    this.#tables = appendTablesOf(plan);
    for (const table of this.#tables) {
      const ensure = async () => {
        if ((await warehouse.ensureAppend(table)).created) this.made(table);
      };
      await retry(ensure, {
        clock,
        firstMs: RETRY_MS,
        lastMs: RETRY_MS,
        onState: (error) => problems.set("clickhouse", error?.message ?? null),
        stopped,
      });
    }
  }

  /** Who is asked how far it has come when a table is made anew, and where it is said. */
  listen(users: () => Iterable<TableUser>, letters: Pick<StreamLetters, "madeAnew">): void {
    this.#users = users;
    this.#letters = letters;
  }

  /** A table was made, empty. */
  made({ name }: Pick<AppendTableSpec, "name">): void {
    this.#unseen.add(name);
    this.#emptied(name);
  }

  #emptied(name: string): void {
    this.#made.set(name, new Set());
    for (const user of this.#users()) this.#tell(name, user);
  }

  /** A task goes on from its position: what was brought out before is in its tables, or is told. */
  async begun({ id, plan, position }: TableUser, source: string): Promise<void> {
    const { warehouse } = this.#options.ports;
    for (const { table } of plan.sinks) {
      if (!this.#made.has(table.name) || this.#made.get(table.name)!.has(id)) continue;
      // Since then another instance may have gone on, and said it.
      const { offset, partition } = position;
      const last = offset === 0 ? null : await warehouse.lastAppended(table, { source, partition });
      if (last === null) this.#tell(table.name, { id, plan, position });
    }
  }

  #tell(sink: string, { id, plan, position }: TableUser): void {
    if (!plan.sinks.some(({ table }) => table.name === sink)) return;
    const told = this.#made.get(sink)!;
    if (told.has(id)) return;
    told.add(id);
    if (position.offset > 0) this.#letters?.madeAnew({ task: id, position, sink });
  }

  /** Looks whether tables are gone, or were made again by somebody else. At once, beside everything else. */
  look(): Promise<void> {
    return this.#looking ??= this.#look().finally(() => this.#looking = null);
  }

  async #look(): Promise<void> {
    const { warehouse } = this.#options.ports;
    if (this.#tables.length === 0) return;
    const found = await warehouse.present(this.#tables).catch(() => null);
    // ClickHouse does not answer; the writers say so, and the next look comes.
    if (found === null) return;
    for (const table of this.#tables) {
      const { id, view } = found.get(table.name)!;
      if (id === null || !view) await this.#makeAgain(table, { isGone: id === null });
      else this.#see(table.name, id);
    }
  }

  async #makeAgain(table: AppendTableSpec, { isGone }: { readonly isGone: boolean }): Promise<void> {
    const { ports: { warehouse }, problems, onEvent } = this.#options;
    const problem = `table ${table.name}`;
    try {
      const { created } = await warehouse.ensureAppend(table);
      problems.set(problem, null);
      if (created) this.made(table);
      else if (!isGone) onEvent({ kind: "remade", sink: table.name, shares: false, rows: null });
    } catch (error) {
      const what = isGone ? "table" : "view";
      const reason = (error as Error).message;
      problems.set(problem, `The ${what} "${table.name}" is gone and cannot be made again: ${reason}`);
    }
  }

  #see(name: string, id: string): void {
    const known = this.#ids.getOrInsertComputed(name, () => new Set([id]));
    if (this.#unseen.delete(name) || known.has(id)) return void known.add(id);
    known.add(id);
    this.#emptied(name);
  }
}
