import { quotesRows } from "../../plan/masks.ts";
import type { PhysicalPlan } from "../../plan/physical.ts";
import { RestoreError } from "../../record/errors.ts";
import { type Key, keyText } from "../../record/key.ts";
import { type Doomed, doomedOf } from "../task/task_outputs.ts";
import type { RunOptions } from "../options.ts";
import { notGrownOld } from "./grown_old.ts";
import type { TaskHost } from "./task_host.ts";

/** A task that has begun anew so often without running steadily is not waited for. */
const HOPELESS_RESTARTS = 3;
const KEYS_TOLD = 5;

type Limits = Pick<RunOptions, "allowDeletes" | "deletesMaxRows" | "deletesMaxShare" | "consoleRows">;

/** What the guard looks at. */
interface GuardedInstance {
  readonly hosts: ReadonlyMap<string, TaskHost>;
  readonly topics: { readonly plan: PhysicalPlan };
  readonly topology: Parameters<typeof quotesRows>[0];
  readonly options: Limits;
}

/**
 * Stops a start that would delete too much, before it deletes anything. A sink's rows are counted together over all
 * tasks of this instance that start: a topic that lost its rows has few in each of its partitions. So a task that would
 * delete waits until the other tasks of its table, too, know what they would delete. Several instances guard their part
 * each. After a change of the number of partitions, shares of groups are made anew by other tasks: only groups that no
 * task here has a share of count as lost. Rows that expired do not count ({@link notGrownOld}).
 */
export class DeleteGuard {
  readonly #hosts: ReadonlyMap<string, TaskHost>;
  readonly #plan: PhysicalPlan;
  readonly #options: Limits;
  /** Whether messages may name keys. */
  readonly #quotesRows: boolean;
  readonly #waiting = new Set<TaskHost>();

  constructor({ hosts, topics: { plan }, topology, options }: GuardedInstance) {
    this.#quotesRows = quotesRows(topology, options);
    this.#hosts = hosts;
    this.#plan = plan;
    this.#options = options;
  }

  /**
   * Whether the start of this task, which is ready, may be completed now.
   * @throws RestoreError when it would delete too much
   */
  allows(host: TaskHost): boolean {
    if (this.#options.allowDeletes) return true;
    if (this.#waiting.has(host) && this.#waits(host)) return false;
    this.#waiting.delete(host);
    const doomed = doomedOf(host.task!);
    if (doomed.every(({ keys }) => keys.length === 0)) return true;
    if (this.#waits(host)) {
      this.#waiting.add(host);
      return false;
    }
    for (const { sink } of doomed) this.#check(host, sink);
    return true;
  }

  /** Tasks whose start was not allowed yet, and may be by now. */
  released(): TaskHost[] {
    if (this.#waiting.size === 0) return [];
    for (const host of this.#waiting) if (host.task === null || host.task.complete) this.#waiting.delete(host);
    return [...this.#waiting].filter((host) => !this.#waits(host));
  }

  #waits(host: TaskHost): boolean {
    return this.siblings(host).some(({ task, restarts }) =>
      restarts < HOPELESS_RESTARTS && !(task !== null && task.loaded && task.pending === 0 && task.surveyed)
    );
  }

  /** The other tasks of its table here, whose rows are counted together with its. */
  siblings(host: TaskHost): TaskHost[] {
    return [...this.#hosts.values()].filter((other) => other.table === host.table && other !== host);
  }

  /** A sink's rows, of this task alone and of all that start now. */
  #check(host: TaskHost, sink: string): void {
    const starting = [host, ...this.siblings(host)].filter(({ task }) => task !== null && task.loaded);
    const parts = starting.map((one) => ({ host: one, ...doomedOf(one.task!).find((part) => part.sink === sink)! }));
    // Which of them are lost takes longer to find out than how many they are.
    if (this.#refused(parts) === null) return;
    const refused = this.#refused(parts.map((part) => {
      const keys = notGrownOld(lostOf(part, parts), { plan: this.#plan, task: part.host.task!, sink });
      return { ...part, keys };
    }));
    if (refused === null) return;
    const some = this.#quotesRows ? ` (${refused.keys.slice(0, KEYS_TOLD).map(keyText).join("; ")}; ...)` : "";
    throw new RestoreError(
      host.id,
      `Start stopped before it deletes ${refused.keys.length} of ${refused.shown} rows ${refused.whose} in ` +
        `ClickHouse table "${sink}"${some}: the topology no longer gives them. Either its file was changed ` +
        "(a filter, a join, a key: compare it with the version that ran before; rows whose callback throws now are " +
        "in deno task dlq), or its source topics no longer hold them (made anew, emptied: compare their records with " +
        "the tables they come from). If it is meant, start once with --allow-deletes",
    );
  }

  /** What is too much to delete: of the first part, or of all; null if nothing is. */
  #refused(parts: readonly Part[]): { keys: readonly Key[]; shown: number; whose: string } | null {
    const [own] = parts;
    if (own.keys.length === 0) return null;
    if (this.#refuses(own.keys, own.shown)) return { ...own, whose: `that task "${own.host.id}" shows` };
    const keys = parts.flatMap((part) => part.keys);
    const shown = parts.reduce((sum, part) => sum + part.shown, 0);
    return this.#refuses(keys, shown) ? { keys, shown, whose: "that the tasks of this instance show" } : null;
  }

  #refuses(keys: readonly Key[], shown: number): boolean {
    const { deletesMaxRows, deletesMaxShare } = this.#options;
    return keys.length > deletesMaxRows && keys.length > shown * deletesMaxShare;
  }
}

/** What the start of one task would delete of a sink. */
type Part = Doomed & { readonly host: TaskHost };

/** Keys of which no task has anything left once this one has deleted what it would delete. */
function lostOf(own: Part, all: readonly Part[]): readonly Key[] {
  if (own.hasShare === null || !own.host.relaid.has(own.sink)) return own.keys;
  return own.keys.filter((key) => !all.some(({ hasShare }) => hasShare!(key)));
}
