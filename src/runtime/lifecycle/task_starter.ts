import type { ShownRow, TableSpec, Warehouse } from "../../ports/warehouse.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log, Reader } from "../../ports/log.ts";
import { retry } from "../../ports/retry.ts";
import { ConfigError } from "../../record/errors.ts";
import { keyText } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import { type OutputPlan, outputsOf } from "../../plan/outputs_of.ts";
import type { TaskTable } from "../../plan/physical.ts";
import type { GlobalReader } from "../globals/global_reader.ts";
import type { LoadOrder } from "./load_order.ts";
import { encodeHello } from "../conversation/messages.ts";
import { firstEpochOf, homeOf } from "../conversation/ownership.ts";
import { shownKeyOf } from "../outputs/key_line.ts";
import { Task } from "../task/task.ts";
import { taskId } from "../../record/task_id.ts";
import type { TaskContext } from "../task/task_context.ts";
import type { TaskHost } from "./task_host.ts";

const RETRY = { firstMs: 100, lastMs: 5_000 };

/** What starting tasks needs. */
export interface StarterOptions {
  readonly context: TaskContext;
  readonly log: Log;
  readonly reader: Reader;
  readonly warehouse: Warehouse;
  readonly globals: GlobalReader;
  readonly loads: LoadOrder;
  readonly clock: Clock;
  readonly onState: (problem: string | null) => void;
  /** What the sinks show of this task is known. */
  readonly onBaseRead: (host: TaskHost) => void;
}

/**
 * Starts tasks together: HELLO into their own inboxes, whose offsets become their epochs; ends of their topics, asked
 * for after that; then what the sinks show of them, read back table by table, as their topics are read meanwhile.
 *
 * @throws ConfigError when ClickHouse knows a greater epoch than the inbox can give
 */
export async function startTasks(hosts: readonly TaskHost[], options: StarterOptions): Promise<void> {
  const { context, log, reader, globals, loads, clock } = options;
  const starts = hosts.map((host) => host.start);
  const still = () => hosts.filter((host, index) => host.start === starts[index]);
  const ask = <T>(action: () => Promise<T>) => patiently(action, options);
  const offsets = await ask(() =>
    log.append(hosts.map((host) => ({
      topic: host.inboxTopic,
      partition: host.partition,
      records: [{ key: null, value: encodeHello(host.id) }],
    })))
  );
  const globalTargets = await ask(() => globals.ends());
  const ends = new Map<string, { start: readonly number[]; end: readonly number[] }>();
  for (const topic of new Set(hosts.flatMap((host) => host.topics))) {
    ends.set(
      topic,
      await ask(() => log.offsets(topic)),
    );
  }
  const epochs = offsets.map((offset) => firstEpochOf(context.options.generation) + offset + 1);
  await checkEpochs(hosts, epochs, options);
  for (const host of still()) {
    const index = hosts.indexOf(host);
    const { table, partition } = host;
    host.positions = host.topics.map((topic) => ends.get(topic)!.start[partition]);
    host.targets = host.topics.map((topic) => ends.get(topic)!.end[partition]);
    host.ends = [...host.targets];
    host.globalTargets = globalTargets;
    host.inboxPosition = offsets[index] + 1;
    host.startedMs = clock.nowMs();
    host.task = new Task({ context, table, partition, epoch: epochs[index] });
    if (host.topics.length === 0) host.listen(reader);
    host.task.endBatch();
  }
  loads.add(still());
  loads.advance(reader, clock.nowMs());
  for (const table of new Set(hosts.map((host) => host.table))) {
    const ofTable = () => still().filter((host) => host.table === table);
    await readBase(table, ofTable, options);
    for (const host of ofTable()) {
      host.baseRead = true;
      options.onBaseRead(host);
    }
  }
}

async function checkEpochs(
  hosts: readonly TaskHost[],
  epochs: readonly number[],
  options: StarterOptions,
): Promise<void> {
  const { warehouse, context } = options;
  for (const table of new Set(hosts.map((host) => host.table))) {
    const ids = hosts.filter((host) => host.table === table).map((host) => host.id);
    for (const { sink } of outputsOf(table)) {
      const greatest = await patiently(() => warehouse.greatestEpochs(sink.table, ids), options);
      const late = hosts.filter((host, index) => host.table === table && (greatest.get(host.id) ?? 0) >= epochs[index]);
      if (late.length > 0) {
        throw generationError({ task: late[0].id, table: sink.table, generation: context.options.generation });
      }
    }
  }
}

function generationError(
  { task, table, generation }: { task: string; table: TableSpec; generation: number },
): ConfigError {
  return new ConfigError([
    `Cannot start task "${task}": ClickHouse table "${table.name}_rows" holds rows of a later epoch than its inbox ` +
    `can give, so new rows would lose. The inbox topic was probably deleted or the log replaced. ` +
    `Start with WEIR_GENERATION=${generation + 1}`,
  ]);
}

async function readBase(table: TaskTable, hosts: () => readonly TaskHost[], options: StarterOptions): Promise<void> {
  const { warehouse, context } = options;
  const ids = hosts().map((host) => host.id);
  const all = Array.from({ length: context.partitions[table.index] }, (_, partition) => taskId(table.name, partition));
  if (ids.length === 0) return;
  for (const output of outputsOf(table)) {
    const { sink } = output;
    const rows = await patiently(() => collect(warehouse.shown(sink.table, ids)), options);
    for (const host of hosts()) {
      const own = rows.get(host.id);
      if (own !== undefined) host.task!.base(output, own);
    }
    const orphans = await patiently(() => collect(warehouse.orphans(sink.table, all)), options);
    if (orphans.size > 0) await adopt({ table, output, orphans, hosts: hosts() }, options);
  }
}

/** By task. Read whole before it is used, so that a broken read can be repeated. */
async function collect(chunks: AsyncIterable<readonly ShownRow[]>): Promise<Map<string, ShownRow[]>> {
  const rows = new Map<string, ShownRow[]>();
  for await (const chunk of chunks) {
    for (const row of chunk) {
      const list = rows.get(row.task);
      if (list === undefined) rows.set(row.task, [row]);
      else list.push(row);
    }
  }
  return rows;
}

interface Adoption {
  readonly table: TaskTable;
  readonly output: OutputPlan;
  readonly orphans: ReadonlyMap<string, readonly ShownRow[]>;
  readonly hosts: readonly TaskHost[];
}

/** Rows of tasks that no longer exist: each is taken over, or deleted, by the task that now owns its key. */
async function adopt(adoption: Adoption, options: StarterOptions): Promise<void> {
  const { table, output, orphans, hosts } = adoption;
  const { sink } = output;
  const { context, warehouse } = options;
  const { generation } = context.options;
  const tasks = [...orphans.keys()];
  const greatest = await patiently(() => warehouse.greatestEpochs(sink.table, tasks), options);
  for (const task of tasks) {
    if ((greatest.get(task) ?? 0) >= firstEpochOf(generation)) {
      throw generationError({ task, table: sink.table, generation });
    }
  }
  const partitions = context.partitions[table.index];
  for (const host of hosts) {
    const own = [...orphans.values()].flat().filter((row) => {
      const key = shownKeyOf(sink, row.key);
      const home = output.kind === "shares" ? partitionOf(keyText(key), partitions) : homeOf(context, table, key);
      return home === host.partition;
    });
    if (own.length > 0) host.task!.adopt(output, own);
  }
}

function patiently<T>(action: () => Promise<T>, { clock, onState }: StarterOptions): Promise<T> {
  return retry(action, { clock, ...RETRY, onState: (error) => onState(error?.message ?? null) });
}
