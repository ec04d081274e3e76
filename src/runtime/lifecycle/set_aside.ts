import type { SetAsideGroup } from "../../ports/warehouse.ts";
import { keyColumnsOf, outputsOf } from "../../plan/outputs_of.ts";
import type { SinkPlan } from "../../plan/physical.ts";
import { ProcessorError } from "../../record/errors.ts";
import { parseKeyText } from "../../record/key.ts";
import { subjectOf } from "../../record/subject_of.ts";
import type { Task } from "../task/task.ts";
import type { TaskHost } from "./task_host.ts";
import type { Instance } from "./instance.ts";

/** Groups of one sink that are told one by one; of more only the number is told. */
const GROUPS_MAX = 1_000;
/** Shortest time between two questions about one sink. */
const PAUSE_MS = 60_000;
/** A question is asked again after this many times the time that the last one took. */
const PAUSE_FACTOR = 20;

/** What is known of one sink. */
interface Known {
  /** The groups told since they do not fit, as they were told, by subject. */
  told: Map<string, string>;
  /** Who writes the letters. */
  readonly task: Task;
  /** ClickHouse has answered at least once. */
  answered: boolean;
  nextMs: number;
  asking: Promise<void> | null;
}

/**
 * Finds the groups that a view leaves out because a total does not fit its column, and makes each a dead letter, once
 * until it fits again. ClickHouse is asked, as it adds the shares up and no single task knows a total: by the instance
 * that has the first task of the table, at first when that task runs, then a minute later at the earliest.
 */
export class SetAside {
  readonly #instance: Instance;
  readonly #known = new Map<string, Known>();

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** Asks about the sinks that are due, beside whatever else happens. */
  tick(nowMs: number): void {
    for (const sink of this.#sinks()) {
      const known = this.#knownOf(sink);
      if (known.asking === null && nowMs >= known.nextMs) this.#ask(sink, known);
    }
  }

  /** Asks about all sinks now. Resolves when what was found is told. */
  async check(): Promise<void> {
    await Promise.all(
      this.#sinks().map(async (sink) => {
        const known = this.#knownOf(sink);
        // What is being asked may have been asked before the last insert.
        await known.asking;
        await (known.asking ?? this.#ask(sink, known));
      }),
    );
  }

  /** Sinks of shares whose first task runs here. What is known of others is forgotten. */
  #sinks(): SinkPlan[] {
    const sinks = [...this.#instance.hosts.values()].flatMap((host) => {
      if (host.partition !== 0 || host.state !== "running") return [];
      return outputsOf(host.table).flatMap(({ kind, sink }) => kind === "shares" ? [sink] : []);
    });
    for (const [name, { task }] of [...this.#known]) {
      // What another life of the task has told is told again in the new one's name.
      if (sinks.some((sink) => sink.name === name) && this.#taskOf(name) === task) continue;
      this.#known.delete(name);
      this.#gauge(name, 0);
    }
    return sinks;
  }

  /** The first task of the table that writes this sink. */
  #taskOf(sink: string): Task | null {
    const host = [...this.#instance.hosts.values()].find((candidate) =>
      candidate.partition === 0 && outputsOf(candidate.table).some((output) => output.sink.name === sink)
    );
    return host?.task ?? null;
  }

  /** Whether it is known which groups of the task's sinks are set aside; true of a task that is not asked about. */
  answered({ table, partition }: TaskHost): boolean {
    if (partition !== 0) return true;
    return outputsOf(table).every(({ kind, sink }) =>
      kind !== "shares" || this.#known.get(sink.name)?.answered === true
    );
  }

  #knownOf({ name }: SinkPlan): Known {
    let known = this.#known.get(name);
    if (known === undefined) {
      const task = this.#taskOf(name)!;
      this.#known.set(name, known = { told: new Map(), task, answered: false, nextMs: 0, asking: null });
    }
    return known;
  }

  #ask(sink: SinkPlan, known: Known): Promise<void> {
    known.asking = this.#tell(sink, known).finally(() => known.asking = null);
    return known.asking;
  }

  async #tell(sink: SinkPlan, known: Known): Promise<void> {
    const { clock, warehouse } = this.#instance.ports;
    const startedMs = clock.nowMs();
    try {
      const { count, groups } = await warehouse.setAside(sink.table, GROUPS_MAX);
      if (this.#known.get(sink.name) !== known) return;
      const { refusals } = known.task;
      const operator = `sink ${sink.name}`;
      const told = new Map<string, string>();
      for (const group of groups) {
        const text = JSON.stringify(group);
        const subject = subjectOfTotal(group);
        told.set(subject, text);
        // A task that could not write its share has said so itself.
        if (known.told.get(subject) === text || group.column === null) continue;
        refusals.other(letterOf(sink, group), { columns: keyColumnsOf(sink), subject });
      }
      // Of more groups than are told one by one nobody knows whether one that is not among them fits again.
      if (groups.length === count) {
        for (const subject of known.told.keys()) if (!told.has(subject)) refusals.otherMended(operator, subject);
      }
      known.told = told;
      known.answered = true;
      this.#gauge(sink.name, count);
    } catch {
      // ClickHouse does not answer; the writers say so, and the next question comes.
    }
    const nowMs = clock.nowMs();
    known.nextMs = nowMs + Math.max(PAUSE_MS, PAUSE_FACTOR * (nowMs - startedMs));
  }

  #gauge(sink: string, groups: number): void {
    const { ports: { metrics }, topology } = this.#instance;
    metrics.gauge("weir_groups_set_aside", { topology: topology.name, sink }, groups);
  }
}

/** A total is told apart from the task's own share of it. */
function subjectOfTotal({ key }: SetAsideGroup): string {
  return `${subjectOf(parseKeyText(key))} in total`;
}

function letterOf(sink: SinkPlan, { key, column, total }: SetAsideGroup): ProcessorError {
  const type = sink.table.view?.find(({ name }) => name === column)?.type;
  const cause = new RangeError(
    `Cannot show the total "${column}" as ${type}: current value is ${total}. The view leaves the group out. ` +
      "Declare a type that can hold it (a Decimal has at most 38 digits, an Int256 77), or correct the group's rows",
  );
  return new ProcessorError(`sink ${sink.name}`, key, { cause });
}
