import type { Topology } from "../dsl/topology.ts";
import type { Membership } from "../ports/log.ts";
import { BusyTables } from "./busy_tables.ts";
import { Assignments } from "./lifecycle/assignments.ts";
import { decodedPorts } from "./lifecycle/await_schemas.ts";
import { beginCounters } from "./lifecycle/begin_counters.ts";
import { Doubts } from "./lifecycle/doubts.ts";
import { DeadLetterQueue } from "./delivery/dead_letter_queue.ts";
import { GlobalLetters } from "./lifecycle/global_letters.ts";
import { HELD_ROWS, tendHeldRows } from "./lifecycle/held_rows.ts";
import { groupTasks } from "./lifecycle/group_tasks.ts";
import { Housekeeping } from "./lifecycle/housekeeping.ts";
import { closeReaders, type Instance, startReport } from "./lifecycle/instance.ts";
import type { RunOptions } from "./options.ts";
import type { Ports } from "./ports.ts";
import { type OpenTables, openTables } from "./delivery/open_tables.ts";
import { MISSING_TOPICS, Problems } from "./problems.ts";
import { MessageProducer } from "./delivery/message_producer.ts";
import { prepareInstance } from "./lifecycle/prepare_instance.ts";
import { Pump } from "./lifecycle/pump.ts";
import { dividing, takeBack } from "./lifecycle/refusals.ts";
import type { RunEvent, StartReport } from "./run_event.ts";
import type { SinkWriter } from "./delivery/sink_writer.ts";
import { createSinkWriters } from "./delivery/sink_writers.ts";
import type { Revision } from "./lifecycle/plan_print.ts";
import type { TaskHost } from "./lifecycle/task_host.ts";
import { taskShare } from "./lifecycle/task_share.ts";
import { NOT_PREPARED, type RunnerStatus, statusOf } from "./lifecycle/status.ts";
import { prepareTopics, type Topics } from "./lifecycle/topics.ts";
import { AppendTables } from "./streams/append_tables.ts";
import type { StreamHost } from "./streams/stream_host.ts";
import { checkJoins } from "./stores/join_problems.ts";
import type { StoreSpec } from "./stores/store.ts";
import { Replays } from "./replays/replays.ts";
import { storesOf } from "./stores/stores_of.ts";
import { StreamTasks } from "./streams/stream_tasks.ts";
import { findUnfinished, knownUnfinished, NOTHING_KNOWN, type Unfinished } from "./lifecycle/unfinished.ts";

export type { Instance } from "./lifecycle/instance.ts";
export type { Ports } from "./ports.ts";
export type { Revision } from "./lifecycle/plan_print.ts";
export type { RunEvent, StartReport } from "./run_event.ts";
export type { RunnerStatus } from "./lifecycle/status.ts";
export type { Unfinished, UnfinishedTask } from "./lifecycle/unfinished.ts";

const CLOSE_MS = 1_000;

/**
 * Runs one topology on this instance: joins its group, keeps its tasks, moves records from the log through the tasks
 * into ClickHouse. Begin with {@link Runner.start}; {@link Runner.failed} resolves when it cannot go on.
 */
export class Runner {
  readonly topology: Topology;
  readonly problems: Problems;
  readonly deadLetters: DeadLetterQueue;
  /** Resolves with the reason when this run is over before it was told to stop; {@link stop} is still to be called. */
  readonly failed: Promise<Error>;
  readonly #ports: Ports;
  #options: RunOptions;
  readonly #busyTables: BusyTables;
  readonly #onEvent: (event: RunEvent) => void;
  readonly #revision: Revision;
  readonly #globalLetters: GlobalLetters;
  readonly #producer: MessageProducer;
  readonly #tables: OpenTables;
  readonly #hosts = new Map<string, TaskHost>();
  readonly #doubts: Doubts;
  readonly #streamHosts = new Map<string, StreamHost>();
  readonly #appendTables: AppendTables;
  readonly #joined = Promise.withResolvers<Membership>();
  #streams: StreamTasks | null = null;
  #fail!: (error: Error) => void;
  #instance: Instance | null = null;
  #assignments: Assignments | null = null;
  #pump: Pump | null = null;
  #membership: Membership | null = null;
  #housekeeping: Housekeeping | null = null;
  #stopping = false;
  #loop: Promise<void> = Promise.resolve();
  #reported = false;
  #replays: Replays | null = null;

  constructor(
    topology: Topology,
    ports: Ports,
    settings: { options: RunOptions; onEvent?: (event: RunEvent) => void; revision?: Revision },
  ) {
    this.#tables = openTables(ports, {
      onMade: (table) => this.#housekeeping?.tables.made(table),
      onAppendMade: (table) => this.#appendTables.made(table),
    });
    this.#ports = { ...decodedPorts(ports, topology), warehouse: this.#tables.warehouse };
    [this.topology, this.#busyTables] = [topology, ports.busyTables ?? new BusyTables(ports.clock)];
    [this.#options, this.#revision] = [settings.options, settings.revision ?? { weir: "", topologies: "" }];
    this.#onEvent = settings.onEvent ?? (() => {});
    this.#doubts = new Doubts({ topology, metrics: ports.metrics, onEvent: this.#onEvent });
    this.failed = new Promise((resolve) => this.#fail = resolve);
    this.problems = new Problems((name, problem) => this.#onEvent({ kind: "problem", name, problem }));
    this.#appendTables = new AppendTables({ ports: this.#ports, problems: this.problems, onEvent: this.#onEvent });
    this.deadLetters = new DeadLetterQueue(topology, ports, (event) => this.#onEvent(event));
    this.#globalLetters = new GlobalLetters(this.deadLetters, ports.clock.nowMs());
    this.#producer = new MessageProducer({
      log: ports.log,
      clock: ports.clock,
      onLost: (tasks, error) => [...tasks].forEach((task) => this.#assignments?.restart(task, error.message)),
      divide: dividing(this.#hosts, this.deadLetters),
      onAppended: (records) => ports.metrics.count("weir_internal_records_total", { topology: topology.name }, records),
      onState: (problem) => this.problems.set("log", problem),
    });
  }

  /**
   * Prepares topics and tables, then runs until {@link stop}. Resolves when the group was joined.
   * @throws ConfigError | TopologyError
   */
  async start(): Promise<void> {
    const stopped = () => this.#stopping;
    const topics = await prepareTopics({
      ...{ ...this.#ports, topology: this.topology, options: this.#options },
      onWaiting: (problem) => this.problems.set(MISSING_TOPICS, problem),
      onTakenOver: ({ from, inboxes }) => this.#onEvent({ kind: "taken over", from, inboxes }),
      stopped,
    });
    beginCounters(topics.plan, this.#ports.metrics);
    this.#options = { ...this.#options, generation: topics.generation };
    const writers = await createSinkWriters({
      plan: topics.plan,
      ports: this.#ports,
      options: this.#options,
      topology: this.topology,
      ...{ problems: this.problems, deadLetters: this.deadLetters, busyTables: this.#busyTables },
      share: (sink) => taskShare(this.#hosts.values(), { topics, sink }),
      onRefused: (sink, row) => takeBack(this.#hosts, { sink, row }),
      onFailed: this.#fail,
      stopped,
    });
    await this.#appendTables.ensure(topics.plan, stopped);
    // Stopped meanwhile: nobody would end what begins from here on.
    if (this.#stopping) return writers.forEach((writer) => writer.close());
    const instance = this.#instance = this.#prepare(topics, writers);
    const assignments = this.#assignments = new Assignments(instance);
    const pump = this.#pump = new Pump(instance, assignments, () => this.#report());
    this.#streams = new StreamTasks({
      instance,
      hosts: this.#streamHosts,
      letters: this.deadLetters,
      busyTables: this.#busyTables,
      appendTables: this.#appendTables,
      membership: this.#joined.promise,
      onRunning: () => this.#report(),
    });
    instance.context.globals.listen((table, step, key) => pump.globalChanged(table, step, key));
    await instance.corrections.start();
    await instance.globals.start();
    this.#loop = pump.run().catch((error) => this.#fail(error));
    this.#housekeeping = new Housekeeping(instance, {
      assignments,
      letters: this.deadLetters,
      globals: this.#globalLetters,
      ...{ ready: () => this.ready, checkJoins },
    });
    const membership = this.#membership = await this.#ports.log.join({
      group: `weir.${this.topology.name}`,
      tasks: groupTasks(topics),
      standbys: this.#options.standbys,
      address: this.#options.applicationServer ?? undefined,
      onAssigned: (tasks, standbys) => {
        assignments.assigned(tasks, standbys);
        this.#streams!.assigned(tasks);
      },
      onFailed: this.#fail,
    });
    // Stopped meanwhile: a member that runs nothing would keep tasks from those who can.
    if (this.#stopping) return await membership.leave();
    this.#joined.resolve(membership);
    this.#housekeeping.start(membership);
  }

  #prepare(topics: Topics, writers: ReadonlyMap<string, SinkWriter>): Instance {
    return prepareInstance({
      ...{ topology: this.topology, ports: this.#ports, options: this.#options, topics, writers },
      producer: this.#producer,
      topicTables: this.#tables.topics,
      ...{ problems: this.problems, deadLetters: this.deadLetters, globalLetters: this.#globalLetters },
      revision: this.#revision,
      hosts: this.#hosts,
      streams: this.#streamHosts,
      onDoubt: (table, doubt) => this.#doubts.tell(table, doubt),
      onGlobalProgress: () => this.#pump?.globalsMoved(),
      onExchanged: (host, reason) => this.#assignments?.restart(host.id, reason),
      wake: () => this.#pump?.wake(),
      onEvent: this.#onEvent,
      fail: this.#fail,
    });
  }

  #report(): void {
    if (this.#reported || !this.ready) return;
    this.#reported = true;
    tendHeldRows(this.#instance!);
    this.#onEvent({ kind: "started", sinks: this.startReport() });
  }

  /** Topics and plan; null before they are prepared. */
  get topics(): Topics | null {
    return this.#instance?.topics ?? null;
  }

  /** Whether the group has told which tasks this instance has, and every one of them runs; there may be none. */
  get ready(): boolean {
    return this.#membership !== null && this.#assignments!.decided &&
      [...this.#hosts.values(), ...this.#streamHosts.values()].every(({ state }) => state === "running");
  }

  /** Whether rows are shown although they are not computed, because something failed; {@link problems} say why. */
  get degraded(): boolean {
    return this.problems.list().some(({ name }) => name === HELD_ROWS);
  }

  /** How the topology stands here. */
  status(): RunnerStatus {
    return this.#instance === null ? NOT_PREPARED : statusOf(this.#instance);
  }

  /** What is not done yet of everything that is in the log now: whether this instance is at rest. */
  unfinished(): Promise<Unfinished> {
    const instance = this.#instance;
    return instance === null ? Promise.resolve(NOTHING_KNOWN) : findUnfinished(instance, () => this.ready);
  }

  /** As {@link unfinished}, without asking the log: what was just appended may not count. */
  knownUnfinished(): Unfinished {
    return this.#instance === null ? NOTHING_KNOWN : knownUnfinished(this.#instance, () => this.ready);
  }

  /** The stores of the topology, to read what this instance has of them; none before it is prepared. */
  stores(): readonly StoreSpec[] {
    return this.#instance === null ? [] : storesOf(this.#instance);
  }

  /** What the topology has here, for whoever looks at it and changes nothing; null before it is prepared. */
  get instance(): Instance | null {
    return this.#instance;
  }

  /** Replays dead letters of the topology; null before it is prepared. */
  get replays(): Replays | null {
    return this.#instance === null ? null : this.#replays ??= new Replays(this.#instance);
  }

  /** Where other instances can be asked for what they have of the stores, as far as they have said so. */
  others(): readonly string[] {
    return this.#membership?.addresses() ?? [];
  }

  /** Makes dead letters of the groups that views leave out now, without waiting for the time to ask. */
  async findSetAside(): Promise<void> {
    await this.#housekeeping?.setAside.check();
  }

  /** What the start did, by sink, over this instance's tasks. */
  startReport(): StartReport[] {
    return startReport(this.#hosts.values(), this.#instance?.writers ?? new Map());
  }

  /** Drains: all under way is acknowledged and committed, the group left; in `deadlineMs`, but for large snapshots. */
  async stop(deadlineMs = 4_000): Promise<void> {
    this.#stopping = true;
    this.problems.end();
    this.#pump?.stop();
    const standbys = this.#assignments?.stop();
    const { clock } = this.#ports;
    const over = clock.sleep(deadlineMs).then(() => clock.sleep(this.#instance?.snapshots.graceMs ?? 0));
    await Promise.race([this.#drain(), over]);
    for (const host of this.#hosts.values()) if (host.task !== null) host.task.closed = true;
    for (const writer of this.#instance?.writers.values() ?? []) writer.close();
    this.#producer.close();
    // Left again, as the time may have been over before the drain came to it.
    const closed = Promise.all([
      this.#streams?.close(),
      this.#instance === null ? null : closeReaders(this.#instance),
      this.#membership?.leave(),
      standbys,
    ]);
    await Promise.race([closed, clock.sleep(CLOSE_MS)]);
  }

  async #drain(): Promise<void> {
    const streams = this.#streams?.drain();
    await this.#loop;
    await Promise.all([...this.#instance?.writers.values() ?? []].map((writer) => writer.barrier()));
    await streams;
    await this.#producer.idle();
    // A comparison that is under way may take longer than there is time.
    await Promise.all([this.#housekeeping?.stop(), this.#instance?.snapshots.write("all")]);
    await this.#membership?.leave();
    await this.deadLetters.close();
  }
}
