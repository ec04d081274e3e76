import type { ShownRow, TableSpec, Warehouse } from "../../ports/warehouse.ts";
import type { Clock } from "../../ports/clock.ts";
import type { AppendBatch, Log, PartitionOffsets } from "../../ports/log.ts";
import { retry, SERVICE_WAITS, STOPPED } from "../../ports/retry.ts";
import { ConfigError } from "../../record/errors.ts";
import { keyText } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import { type OutputPlan, outputsOf } from "../../plan/outputs_of.ts";
import type { TaskTable } from "../../plan/physical.ts";
import type { Entries } from "../../state/entries.ts";
import type { GlobalReader } from "../globals/global_reader.ts";
import { byTask, slicesOf } from "./by_task.ts";
import type { Seeker } from "./intake.ts";
import type { Restored } from "./snapshot_keeper.ts";
import type { Beginning } from "./warm_start.ts";
import type { LoadOrder } from "./load_order.ts";
import { encodeHello } from "../conversation/inbox_record.ts";
import { homeOf } from "../conversation/ownership.ts";
import { firstEpochOf } from "../../record/epoch.ts";
import { shownKeyOf } from "../outputs/key_line.ts";
import { Task } from "../task/task.ts";
import { taskIds } from "../../record/task_id.ts";
import type { TaskContext } from "../task/task_context.ts";
import { adoptShown, baseKnown, forgetBase, takeShown } from "../task/shown_base.ts";
import { readUp, readUpLast } from "./read_up.ts";
import { type Asked, askInSum } from "./shown_question.ts";
import type { Remembered } from "./snapshot_head.ts";
import type { TaskHost } from "./task_host.ts";

/** What starting tasks needs. */
export interface StarterOptions {
  readonly context: TaskContext;
  readonly log: Log;
  readonly reader: Seeker;
  readonly warehouse: Warehouse;
  /** From now on what is written to topics that these hosts write rows to is looked at for them. */
  readonly follow: (hosts: readonly TaskHost[]) => Promise<void>;
  readonly globals: GlobalReader;
  readonly loads: LoadOrder;
  readonly clock: Clock;
  readonly onState: (problem: string | null) => void;
  /** Resolves when the rows put into these sinks so far are acknowledged. */
  readonly acknowledged: (sinks: readonly string[]) => Promise<void>;
  /** Another instance has started this task meanwhile. */
  readonly onSuperseded: (host: TaskHost) => void;
  /** Begins a task with its snapshot, or with what a standby kept of it; null if there is nothing that fits. */
  readonly restore: (host: TaskHost, beginning: Beginning) => Promise<Restored | null>;
  /** Tasks were begun, and are read next. */
  readonly onBegun: (hosts: readonly TaskHost[]) => void;
  /** What the sinks show of this task is known. */
  readonly onBaseRead: (host: TaskHost) => void;
  /** Nothing is started any more. */
  readonly stopped: () => boolean;
}

/**
 * Starts tasks together: HELLO into their own inboxes, whose offsets become their epochs; ends of their topics, asked
 * for after that; then what the sinks show of them, read back table by table, as their topics are read meanwhile.
 *
 * Once nothing is started any more, nothing more is asked, and no HELLO is repeated for a task that is not to be
 * started any more: it would end the incarnation that another instance has begun. The promise stays open then, and
 * nobody needs it.
 *
 * @throws ConfigError when ClickHouse knows a greater epoch than the inbox can give
 */
export async function startTasks(hosts: readonly TaskHost[], options: StarterOptions): Promise<void> {
  const { context, log, reader, globals, loads, clock } = options;
  const starts = hosts.map((host) => host.start);
  const still = () => hosts.filter((host, index) => host.start === starts[index]);
  const stopped = () => options.stopped() || still().length === 0;
  const said = await patiently(async () => {
    const present = still();
    const offsets = await log.append(present.map(helloOf));
    return present.map((host, index) => ({ host, offset: offsets[index] }));
  }, { ...options, stopped });
  const ask = <T>(action: () => Promise<T>) => patiently(action, options);
  await ask(() => options.follow(still()));
  const globalTargets = await ask(() => globals.ends());
  const ends = new Map<string, PartitionOffsets>();
  for (const topic of new Set(hosts.flatMap((host) => host.topics))) {
    ends.set(
      topic,
      await ask(() => log.offsets(topic)),
    );
  }
  const kept = hosts.flatMap(({ standby }) => standby?.topics ?? []);
  const sources = kept.length === 0 ? new Map() : await ask(() => log.topics([...new Set(kept)]));
  const first = firstEpochOf(context.options.generation) + 1;
  const begun = said.map(({ host, offset }) => ({ host, offset, epoch: first + offset }));
  for (const host of await supersededOf(begun, options)) if (still().includes(host)) options.onSuperseded(host);
  const remembered = new Map<Task, Remembered>();
  for (const { host, offset, epoch } of begun) {
    // Each greets all of its partners.
    await clock.breathe();
    if (!still().includes(host)) continue;
    const { table, partition } = host;
    const begin = (entries?: Entries) => new Task({ context, table, partition, epoch, entries });
    const restored = await ask(() => options.restore(host, { offsets: ends, sources, begin }));
    if (!still().includes(host)) continue;
    const task = restored?.task ?? begin();
    if (restored?.remembered) remembered.set(task, restored.remembered);
    const starts = host.topics.map((topic) => ends.get(topic)!.start[partition]);
    host.begin(task, {
      starts,
      from: restored?.positions ?? starts,
      epochs: restored?.leaderEpochs ?? starts.map(() => null),
      coveredMs: restored?.freshMs ?? null,
      warm: restored?.warm ?? false,
      targets: host.topics.map((topic) => ends.get(topic)!.end[partition]),
      inbox: offset + 1,
    });
    host.globalTargets = globalTargets;
    if (host.topics.length === 0) host.listen(reader);
    task.endBatch();
  }
  options.onBegun(still());
  loads.add(still());
  loads.advance(reader, clock.nowMs());
  for (const table of readUpLast(hosts)) {
    const ofTable = () => still().filter((host) => host.table === table);
    await readUp(table, ofTable, { clock, stopped, offsets: (topic) => ask(() => log.offsets(topic)) });
    for (const { task } of ofTable()) if (task?.retention) task.retention.asked = true;
    await readBase({ table, hosts: ofTable, remembered }, options);
    for (const host of ofTable()) {
      if (!still().includes(host)) continue;
      for (const _ of baseKnown(host.task!)) await clock.breathe();
      if (!still().includes(host)) continue;
      host.baseRead = true;
      options.onBaseRead(host);
    }
  }
}

/**
 * The tasks of which ClickHouse knows a greater epoch than this start has: another instance has started them meanwhile.
 * Notes on the way which sinks show nothing of this generation ({@link TaskHost.relaid}).
 * @throws ConfigError when an epoch is greater than the inbox has given: it is another inbox than that of the rows
 */
async function supersededOf(
  begun: readonly { readonly host: TaskHost; readonly epoch: number }[],
  options: StarterOptions,
): Promise<Set<TaskHost>> {
  const { warehouse, log, context: { options: { generation } } } = options;
  const superseded = new Set<TaskHost>();
  for (const table of new Set(begun.map(({ host }) => host.table))) {
    const ofTable = begun.filter(({ host }) => host.table === table);
    const ids = ofTable.map(({ host }) => host.id);
    for (const { sink } of outputsOf(table)) {
      const greatest = await patiently(() => warehouse.greatestEpochs(sink.table, ids), options);
      for (const { host } of ofTable) {
        if ((greatest.get(host.id) ?? 0) < firstEpochOf(generation)) host.relaid.add(sink.name);
        else host.relaid.delete(sink.name);
      }
      const late = ofTable.filter(({ host, epoch }) => (greatest.get(host.id) ?? 0) >= epoch);
      if (late.length === 0) continue;
      // Asked for after the epochs: every HELLO behind one of those lies below it.
      const { end } = await patiently(() => log.offsets(late[0].host.inboxTopic), options);
      for (const { host, epoch } of late) {
        const known = greatest.get(host.id)!;
        if (known === epoch || known > firstEpochOf(generation) + end[host.partition]) {
          throw generationError({ task: host.id, table: sink.table, generation });
        }
        superseded.add(host);
      }
    }
  }
  return superseded;
}

function generationError(
  { task, table, generation }: { task: string; table: TableSpec; generation: number },
): ConfigError {
  const place = table.output === undefined ? `ClickHouse table "${table.name}_rows"` : `"${table.name}"`;
  return new ConfigError([
    `Cannot start task "${task}": ${place} holds rows of a later epoch than its inbox ` +
    `can give, so new rows would lose. If the topology had another name before, take its tables over: start once ` +
    `with --take-over <old name> (or WEIR_TAKE_OVER). If the inbox topic was deleted or the log replaced, start with ` +
    `WEIR_GENERATION=${generation + 1}`,
  ]);
}

interface BaseReading {
  readonly table: TaskTable;
  readonly hosts: () => readonly TaskHost[];
  /** What was shown, of tasks that begin with a snapshot. */
  readonly remembered: ReadonlyMap<Task, Remembered>;
}

async function readBase({ table, hosts, remembered }: BaseReading, options: StarterOptions): Promise<void> {
  if (hosts().length === 0) return;
  const { warehouse, clock } = options;
  // What an earlier incarnation has put here would be shown after it was asked for what is shown.
  await options.acknowledged(outputsOf(table).map(({ sink }) => sink.name));
  for (const [index, output] of outputsOf(table).entries()) {
    const asked = hosts().flatMap(({ task }): Asked[] => {
      const { epoch, seq, sums } = remembered.get(task!) ?? { epoch: 0, seq: 0, sums: [] };
      return sums[index] ? [{ task: task!, epoch, seq, sum: sums[index] }] : [];
    });
    const agreed = await patiently(
      () => askInSum(asked, output, { warehouse, breathe: () => clock.breathe() }),
      options,
    );
    const differing = () => hosts().filter((host) => !agreed.has(host.task!));
    let attempts = 0;
    await patiently(async () => {
      // A host may begin another one meanwhile, which is told by its own start.
      for (const task of attempts++ > 0 ? differing().map((host) => host.task!) : []) {
        for (const _ of forgetBase(task, output)) await clock.breathe();
      }
      await readOutput({ table, output, hosts: differing }, options);
    }, options);
    const strangers = await patiently(() => adoptStrangers({ table, output, hosts }, options), options);
    if (strangers.length > 0) await checkStrangers(output, strangers, options);
  }
}

interface OutputReading {
  readonly table: TaskTable;
  readonly output: OutputPlan;
  readonly hosts: () => readonly TaskHost[];
}

/** Gives the tasks what an output shows of them, chunk by chunk, as it comes. */
async function readOutput({ output, hosts }: OutputReading, { warehouse, clock }: StarterOptions): Promise<void> {
  if (hosts().length === 0) return;
  for await (const rows of warehouse.shown(output.sink.table, hosts().map((host) => host.id))) {
    for (const slice of slicesOf(rows)) {
      const own = byTask(slice);
      for (const host of hosts()) takeShown(host.task!, { output, rows: own.get(host.id) ?? [] });
      await clock.breathe();
    }
  }
}

/**
 * Rows of tasks that no longer exist are each taken over, or deleted, by the task that now owns its key. Resolves to
 * the names of those tasks. To be told of a row twice does no harm.
 */
async function adoptStrangers({ table, output, hosts }: OutputReading, options: StarterOptions): Promise<string[]> {
  const { warehouse, context, clock } = options;
  const { sink } = output;
  const partitions = context.partitions[table.index];
  const all = taskIds(table.name, partitions);
  const strangers = new Set<string>();
  for await (const rows of warehouse.orphans(sink.table, all)) {
    for (const slice of slicesOf(rows)) {
      const own = new Map<number, ShownRow[]>(hosts().map((host) => [host.partition, []]));
      for (const row of slice) {
        strangers.add(row.task);
        const key = shownKeyOf(sink, row.key);
        own.get(output.kind === "shares" ? partitionOf(keyText(key), partitions) : homeOf(context, table, key))
          ?.push(row);
      }
      for (const host of hosts()) adoptShown(host.task!, { output, rows: own.get(host.partition)! });
      await clock.breathe();
    }
  }
  return [...strangers];
}

/** @throws ConfigError when tasks that no longer exist wrote rows in this generation, so that their epochs may win */
async function checkStrangers(
  { sink }: OutputPlan,
  tasks: readonly string[],
  options: StarterOptions,
): Promise<void> {
  const { warehouse, context: { options: { generation } } } = options;
  const greatest = await patiently(() => warehouse.greatestEpochs(sink.table, tasks), options);
  for (const task of tasks) {
    if ((greatest.get(task) ?? 0) >= firstEpochOf(generation)) {
      throw strangerError({ task, table: sink.table, generation });
    }
  }
}

function strangerError(
  { task, table: { name }, generation }: { task: string; table: TableSpec; generation: number },
): ConfigError {
  return new ConfigError([
    `Cannot write to ClickHouse table "${name}_rows": it holds rows of this generation of task "${task}", which the ` +
    `topology no longer has, so new rows could lose. If a table or an aggregate has another name now, give its sink ` +
    `another name, too, or drop "${name}" and "${name}_rows", which are made again; or start with ` +
    `WEIR_GENERATION=${generation + 1} from now on. If the topology had another name before, take its tables over: ` +
    `start once with --take-over <old name> (or WEIR_TAKE_OVER)`,
  ]);
}

function helloOf({ id, inboxTopic, partition }: TaskHost): AppendBatch {
  return { topic: inboxTopic, partition, records: [{ key: null, value: encodeHello(id) }] };
}

async function patiently<T>(action: () => Promise<T>, { clock, onState, stopped }: StarterOptions): Promise<T> {
  const told = (error: Error | null) => onState(error?.message ?? null);
  const result = await retry(action, { clock, ...SERVICE_WAITS, onState: told, stopped });
  return result === STOPPED ? await new Promise<never>(() => {}) : result;
}
