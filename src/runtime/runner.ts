import type { Topology } from "../dsl/topology.ts";
import type { Clock, Random } from "../ports/clock.ts";
import type { DeadLetters } from "../ports/dead_letters.ts";
import type { Log, Membership, Reader } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Warehouse } from "../ports/warehouse.ts";
import { LimitError, RestoreError } from "../record/errors.ts";
import { keyText } from "../record/key.ts";
import { createTaskContext } from "./context.ts";
import { DeadLetterQueue } from "./dead_letter_queue.ts";
import { GlobalReader } from "./global_reader.ts";
import { Housekeeping } from "./housekeeping.ts";
import type { RunOptions } from "./options.ts";
import { Problems } from "./problems.ts";
import { Producer } from "./producer.ts";
import type { SinkWriter } from "./sink_writer.ts";
import { createSinkWriters } from "./sink_writers.ts";
import { startTasks } from "./task_starter.ts";
import { TaskHost } from "./task_host.ts";
import { taskId } from "./task_context.ts";
import type { TaskContext } from "./task_context.ts";
import { prepareTopics, type Topics } from "./topics.ts";

const RESTART_FIRST_MS = 1_000;
const RESTART_LAST_MS = 30_000;
const OVERLOAD_WAIT_MS = 5;

/** Everything outside that a topology needs to run. */
export interface Ports {
  readonly log: Log;
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly deadLetters: DeadLetters;
}

/** What happened to a running topology, for logs and screens. */
export type RunEvent =
  | { readonly kind: "assigned"; readonly tasks: readonly string[] }
  | { readonly kind: "started"; readonly sinks: readonly StartReport[] }
  | { readonly kind: "restart"; readonly task: string; readonly reason: string }
  | { readonly kind: "repaired"; readonly task: string; readonly rows: number }
  | { readonly kind: "problem"; readonly name: string; readonly problem: string | null };

/** What a start did to one sink: rows found right, written and deleted. */
export interface StartReport {
  readonly sink: string;
  readonly kept: number;
  readonly written: number;
  readonly deleted: number;
}

/**
 * Runs one topology on this instance: joins its group, keeps its tasks, moves records from the log through the tasks into ClickHouse.
 * Begin with {@link Runner.start}; {@link Runner.failed} resolves when it cannot go on.
 */
export class Runner {
  readonly topology: Topology;
  readonly hosts: Map<string, TaskHost> = new Map();
  readonly problems: Problems;
  /** Resolves with the reason when the topology cannot go on by itself. */
  readonly failed: Promise<Error>;
  topics: Topics | null = null;
  globals: GlobalReader | null = null;
  writers: ReadonlyMap<string, SinkWriter> = new Map();
  producer: Producer;
  readonly deadLetters: DeadLetterQueue;
  readonly #ports: Ports;
  readonly #options: RunOptions;
  readonly #onEvent: (event: RunEvent) => void;
  #context: TaskContext | null = null;
  #reader: Reader | null = null;
  #membership: Membership | null = null;
  #housekeeping: Housekeeping | null = null;
  #fail!: (error: Error) => void;
  #stopping = false;
  #loop: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
  #busy = new Set<TaskHost>();
  #reported = false;

  constructor(
    topology: Topology,
    ports: Ports,
    settings: { options: RunOptions; onEvent?: (event: RunEvent) => void },
  ) {
    this.topology = topology;
    this.#ports = ports;
    this.#options = settings.options;
    this.#onEvent = settings.onEvent ?? (() => {});
    this.failed = new Promise((resolve) => this.#fail = resolve);
    this.problems = new Problems((name, problem) => this.#onEvent({ kind: "problem", name, problem }));
    this.deadLetters = new DeadLetterQueue(topology.name, ports);
    this.producer = new Producer({
      log: ports.log,
      clock: ports.clock,
      onLost: (tasks, error) => [...tasks].forEach((task) => this.restart(task, error.message)),
      onState: (problem) => this.problems.set("log", problem),
    });
  }

  /**
   * Prepares topics and tables, then runs until {@link stop}. Resolves when the group was joined.
   * @throws ConfigError | TopologyError
   */
  async start(): Promise<void> {
    const { log, clock } = this.#ports;
    const options = this.#options;
    this.topics = await prepareTopics({
      topology: this.topology,
      log,
      clock,
      options,
      onWaiting: (problem) => this.problems.set("topics", problem),
      stopped: () => this.#stopping,
    });
    const { plan } = this.topics;
    this.writers = await createSinkWriters({
      plan,
      ports: this.#ports,
      options,
      topology: this.topology.name,
      problems: this.problems,
      deadLetters: this.deadLetters,
      stopped: () => this.#stopping,
    });
    this.#context = createTaskContext({
      topics: this.topics,
      topology: this.topology.name,
      options,
      ports: this.#ports,
      deadLetters: this.deadLetters,
      writers: this.writers,
      producer: this.producer,
    });
    this.globals = new GlobalReader({
      tables: plan.globals,
      globals: this.#context.globals,
      log,
      clock,
      onUndecodable: this.#context.onUndecodable,
      onProgress: () => this.#globalsMoved(),
      onState: (problem) => this.problems.set("log", problem),
      onLost: (topic) =>
        this.#fail(
          new RestoreError("globals", `Topic "${topic}" no longer has the position that was read. Start again`),
        ),
      onFatal: this.#fail,
    });
    this.#context.globals.listen((table, step, key, value) => this.#globalChanged({ table, step }, key, value));
    await this.globals.start();
    this.#reader = log.reader();
    this.#loop = this.#run().catch((error) => this.#fail(error));
    this.#housekeeping = new Housekeeping(this, this.#ports, { options, onEvent: this.#onEvent, fail: this.#fail });
    const tasks = plan.tables.flatMap((table) =>
      Array.from({ length: this.topics!.partitions[table.index] }, (_, partition) => ({
        id: taskId(table.name, partition),
        partitions: [
          ...table.members.flatMap((m) => m.kind === "source" ? [{ topic: m.source.topic, partition }] : []),
          { topic: this.topics!.inboxes[table.index], partition },
        ],
      }))
    );
    this.#membership = await log.join({
      group: `weir.${this.topology.name}`,
      tasks,
      onAssigned: (ids) => this.#assigned(ids),
      onFailed: this.#fail,
    });
    this.#housekeeping.start(this.#membership);
  }

  /** Whether every assigned task runs. */
  get ready(): boolean {
    return this.#membership !== null && this.hosts.size > 0 &&
      [...this.hosts.values()].every((host) => host.state === "running");
  }

  /** Whether everything known to be there has been read and evaluated. What was just appended may not be known yet. */
  get idle(): boolean {
    if (this.#busy.size > 0 || (this.globals?.lag ?? 0) > 0) return false;
    return [...this.hosts.values()].every((host) => host.lag === 0 && host.inboxPosition >= host.inboxEnd);
  }

  get globalRows(): number {
    return this.#context?.globals.size ?? 0;
  }

  /** Drains: rows and messages under way are acknowledged, positions committed, the group left. At most `deadlineMs`. */
  async stop(deadlineMs = 4_000): Promise<void> {
    this.#stopping = true;
    this.#wake();
    const { clock } = this.#ports;
    const drained = (async () => {
      await this.#loop;
      await Promise.all([...this.writers.values()].map((writer) => writer.barrier()));
      await this.producer.idle();
      await this.#housekeeping?.stop();
      await this.#membership?.leave();
      await this.deadLetters.flush();
    })();
    await Promise.race([drained, clock.sleep(deadlineMs)]);
    for (const host of this.hosts.values()) if (host.task !== null) host.task.closed = true;
    for (const writer of this.writers.values()) writer.close();
    this.producer.close();
    await Promise.race([Promise.all([this.globals?.stop(), this.#reader?.close()]), clock.sleep(1_000)]);
  }

  #assigned(ids: readonly string[]): void {
    if (this.#stopping) return;
    const wanted = new Set(ids);
    for (const [id, host] of this.hosts) {
      if (wanted.has(id)) continue;
      host.drop(this.#reader!);
      this.hosts.delete(id);
      this.#busy.delete(host);
    }
    const fresh: TaskHost[] = [];
    for (const table of this.topics!.plan.tables) {
      for (let partition = 0; partition < this.topics!.partitions[table.index]; partition++) {
        const id = taskId(table.name, partition);
        if (!wanted.has(id) || this.hosts.has(id)) continue;
        const host = new TaskHost(table, partition, this.topics!.inboxes[table.index]);
        this.hosts.set(id, host);
        fresh.push(host);
      }
    }
    this.#onEvent({ kind: "assigned", tasks: ids });
    if (fresh.length > 0) this.#startTasks(fresh);
  }

  #startTasks(hosts: readonly TaskHost[]): void {
    startTasks(hosts, {
      context: this.#context!,
      log: this.#ports.log,
      reader: this.#reader!,
      warehouse: this.#ports.warehouse,
      globals: this.globals!,
      clock: this.#ports.clock,
      onState: (problem) => this.problems.set("start", problem),
    }).then(() => {
      for (const host of hosts) this.#busy.add(host);
      this.#wake();
    }, (error) => this.#fail(error));
  }

  /** Throws a task's state away and starts it again after a pause that grows with every restart. */
  restart(id: string, reason: string): void {
    const host = this.hosts.get(id);
    if (host === undefined || this.#stopping || host.task === null) return;
    host.drop(this.#reader!);
    this.#busy.delete(host);
    this.#onEvent({ kind: "restart", task: id, reason });
    this.#ports.metrics.count("weir_task_restarts_total", {
      topology: this.topology.name,
      reason: reason.split(" ")[0],
    }, 1);
    const { start } = host;
    const pauseMs = Math.min(RESTART_FIRST_MS * 2 ** host.restarts++, RESTART_LAST_MS) *
      (0.5 + this.#ports.random.next() / 2);
    this.#ports.clock.sleep(pauseMs).then(() => {
      if (host.start === start && this.hosts.get(id) === host && !this.#stopping) this.#startTasks([host]);
    });
  }

  /** Throws all tasks away and starts them again, for a source topic that is not the one they were built from. */
  restartAll(reason: string): void {
    for (const id of this.hosts.keys()) this.restart(id, reason);
  }

  /** Tasks that wait for the global tables look again; the others have been told what changed. */
  #globalsMoved(): void {
    for (const host of this.hosts.values()) if (host.task !== null && !host.task.loaded) this.#busy.add(host);
    this.#wake();
  }

  #globalChanged(
    register: { table: number; step: number },
    key: Parameters<TaskContext["globals"]["get"]>[2],
    value: unknown,
  ): void {
    for (const host of this.hosts.values()) {
      const { task } = host;
      if (task === null) continue;
      host.table.lookups.forEach((lookup, index) => {
        if (!lookup.global || lookup.table !== register.table || lookup.step !== register.step) return;
        const right = task.stores[index].entries.get(key);
        if (right === undefined) return;
        right.value = value as typeof right.value;
        task.rightChanged(right);
        this.#busy.add(host);
      });
    }
  }

  async #run(): Promise<void> {
    const { clock } = this.#ports;
    const reader = this.#reader!;
    let polled: Awaited<ReturnType<Reader["poll"]>> | null = null;
    let polling: Promise<void> | null = null;
    while (!this.#stopping) {
      const woken = new Promise<void>((resolve) => this.#wake = resolve);
      polling ??= reader.poll(this.#options.pollWaitMs).then((fetched) => {
        polled = fetched;
        this.problems.set("log", null);
      }, async (error) => {
        this.problems.set("log", (error as Error).message);
        polled = [];
        await clock.sleep(RESTART_FIRST_MS);
      });
      if (this.#busy.size > 0) await clock.breathe();
      else await Promise.race([polling, woken]);
      while (this.#overloaded() && !this.#stopping) await clock.sleep(OVERLOAD_WAIT_MS);
      if (polled !== null) {
        const fetched: Awaited<ReturnType<Reader["poll"]>> = polled;
        polled = null;
        polling = null;
        for (const part of fetched) {
          if (this.#stopping) break;
          this.#take(part);
          if (part.records.length > 500) await clock.breathe();
        }
      }
      for (const host of [...this.#busy]) this.#work(host);
    }
  }

  #take(fetched: Awaited<ReturnType<Reader["poll"]>>[number]): void {
    for (const host of this.hosts.values()) {
      if (host.partition !== fetched.partition || host.task === null) continue;
      if (host.inboxTopic !== fetched.topic && !host.topics.includes(fetched.topic)) continue;
      const trouble = host.take(fetched);
      if (trouble === null) this.#busy.add(host);
      else this.restart(host.id, trouble);
    }
  }

  #work(host: TaskHost): void {
    const { task } = host;
    this.#busy.delete(host);
    if (task === null || task.closed) return;
    task.beginBatch();
    this.#advance(host);
    if (task.work(this.#options.sliceRows)) this.#busy.add(host);
    if (task.ready) this.#finish(host);
    task.endBatch();
    if (!task.loaded && task.membersReady && this.#mayLoad(host)) this.#busy.add(host);
  }

  #mayLoad(host: TaskHost): boolean {
    return host.baseRead && host.caughtUp && this.globals!.reached(host.globalTargets);
  }

  #advance(host: TaskHost): void {
    const task = host.task!;
    if (task.loaded || !task.membersReady || !this.#mayLoad(host)) return;
    task.load();
    host.listen(this.#reader!);
  }

  #finish(host: TaskHost): void {
    const task = host.task!;
    const { keys, rows } = task.doomed();
    const { allowDeletes, deletesMaxRows, deletesMaxShare } = this.#options;
    if (!allowDeletes && keys.length > deletesMaxRows && keys.length > rows * deletesMaxShare) {
      const some = keys.slice(0, 5).map(keyText).join("; ");
      return this.#fail(
        new RestoreError(
          host.id,
          `Start stopped before it deletes ${keys.length} of ${rows} rows that task "${host.id}" shows in ClickHouse (${some}; ...), because its ` +
            `sources no longer contain them. If that is right, start once with --allow-deletes; if not, check the source topics first`,
        ),
      );
    }
    task.finish();
    host.restarts = 0;
    host.completedMs = this.#ports.clock.nowMs();
    host.nextRepairMs = host.completedMs + this.#options.repairAfterMs;
    if (!this.#reported && this.ready) {
      this.#reported = true;
      this.#onEvent({ kind: "started", sinks: this.startReport() });
    }
  }

  /** What the start did, by sink, over this instance's tasks. */
  startReport(): StartReport[] {
    const reports = new Map<string, { kept: number; written: number; deleted: number }>();
    for (const { task } of this.hosts.values()) {
      if (task === null) continue;
      const outputs = [
        ...task.sinks.map((sink, index) => ({ name: task.table.sinks[index].name, counts: sink.counts })),
        ...task.partialSinks.flatMap((sink) => sink === null ? [] : [{ name: sink.plan.name, counts: sink.counts }]),
      ];
      for (const { name, counts } of outputs) {
        const report = reports.get(name) ?? { kept: 0, written: 0, deleted: 0 };
        report.kept += counts.base - counts.rewritten - counts.deleted;
        report.written += counts.written;
        report.deleted += counts.deleted;
        reports.set(name, report);
      }
    }
    return [...reports].map(([sink, report]) => ({ sink, ...report }));
  }

  #overloaded(): boolean {
    let stored = this.globalRows;
    for (const host of this.hosts.values()) stored += host.task?.storedRows ?? 0;
    if (stored > this.#options.storeEntriesMax) {
      const message =
        `Cannot hold ${stored} rows: the limit is ${this.#options.storeEntriesMax}. Pick fewer columns and raise WEIR_STORE_ENTRIES_MAX, ` +
        `or share the topology between more instances`;
      throw new LimitError("storeEntriesMax", message);
    }
    if (this.producer.queuedBytes > this.#options.producerBytesMax) return true;
    for (const writer of this.writers.values()) if (writer.pendingRows > this.#options.sinkRowsMax) return true;
    return false;
  }
}
