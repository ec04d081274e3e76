import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { retry, STOPPED } from "../../ports/retry.ts";
import type { Warehouse } from "../../ports/warehouse.ts";
import { inboxTopic } from "../../plan/inbox_topic.ts";
import { outputsOf, sinksOf } from "../../plan/outputs_of.ts";
import type { PhysicalPlan } from "../../plan/physical.ts";
import { ConfigError } from "../../record/errors.ts";
import { parseTaskId, taskId, taskIds } from "../../record/task_id.ts";
import { encodeHello } from "../conversation/inbox_record.ts";
import { firstEpochOf, generationOf } from "../../record/epoch.ts";

/** Generations that are looked for behind a known one: one for each time that a topology was taken over. */
const LATER_GENERATIONS = 8;
/** A task that is ended by another's HELLO says its own again after a second. */
const ANSWER_MS = 10_000;
const RETRY_MS = 1_000;

/** What {@link takeOver} needs. */
export interface TakeOverOptions {
  readonly topology: string;
  readonly plan: PhysicalPlan;
  /** By table index. */
  readonly partitions: readonly number[];
  /** Names of topologies whose tables may be taken over. */
  readonly from: readonly string[];
  readonly log: Log;
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly onWaiting: (problem: string | null) => void;
  readonly stopped: () => boolean;
}

/** Tables that were another topology's. */
export interface TakenOver {
  readonly from: string;
  /** In which this topology runs from now on: greater than all epochs of the other one. */
  readonly generation: number;
  /** The other topology's inboxes, which nothing needs any more. */
  readonly inboxes: readonly string[];
}

/** Inboxes of one generation of a topology. */
interface Inboxes {
  readonly generation: number;
  readonly names: readonly string[];
}

/**
 * Finds out whether the rows that ClickHouse shows in this topology's tables are those of another topology in `from`,
 * by their epochs, which are offsets in inboxes; null when they are its own, or there are none. The other one must not
 * run: a HELLO in its inboxes would be answered.
 * @throws ConfigError when no topology in `from` can have written the rows, or one that has still runs
 */
export async function takeOver(options: TakeOverOptions): Promise<TakenOver | null> {
  const epochs = await patiently(() => epochsShown(options), options);
  const shown = Math.max(0, ...[...epochs.values()].map(generationOf));
  if (shown === 0) return null;
  const behind = (topology: string) => () => inboxesBehind(epochs, { ...options, topology, shown });
  const own = await patiently(behind(options.topology), options);
  // Of the same generation both may fit, by chance: starts that were refused have lengthened the own inboxes, too.
  if (own !== null && own.generation > shown) return null;
  for (const from of options.from) {
    const inboxes = await patiently(behind(from), options);
    if (inboxes === null) continue;
    await refuseIfRunning(from, inboxes, options);
    return { from, generation: inboxes.generation + 1, inboxes: inboxes.names };
  }
  if (own !== null) return null;
  const names = options.from.map((name) => `"${name}"`).join(", ");
  throw new ConfigError([
    `Cannot take over the tables of topology "${options.topology}" from ${names}: the log has no inboxes of that ` +
    "name that go as far as the rows in ClickHouse. Name the topology that wrote them, or, if the inboxes were " +
    `deleted or the log replaced, start with WEIR_GENERATION=${shown + 1}`,
  ]);
}

/** Inbox names of the next generations, which a topology has that took tables over, by generation. */
export function laterInboxes(
  { topology, tables, generation }: { topology: string; tables: readonly string[]; generation: number },
): Map<number, string[]> {
  const later = Array.from({ length: LATER_GENERATIONS }, (_, index) => generation + 1 + index);
  return new Map(later.map((next) => [next, tables.map((table) => inboxTopic({ topology, table, generation: next }))]));
}

/** The greatest epoch of every task that has rows in the tables, whether or not the topology has that task. */
async function epochsShown({ plan, partitions, warehouse }: TakeOverOptions): Promise<Map<string, number>> {
  const epochs = new Map<string, number>();
  const present = await warehouse.present(sinksOf(plan).map(({ table }) => table));
  for (const table of plan.tables) {
    const own = taskIds(table.name, partitions[table.index]);
    for (const { sink } of outputsOf(table)) {
      if (present.get(sink.table.name)!.id === null) continue;
      const strangers = new Set<string>();
      for await (const rows of warehouse.orphans(sink.table, own)) for (const { task } of rows) strangers.add(task);
      for (const [task, epoch] of await warehouse.greatestEpochs(sink.table, [...own, ...strangers])) {
        epochs.set(task, Math.max(epoch, epochs.get(task) ?? 0));
      }
    }
  }
  return epochs;
}

/** The newest inboxes of a topology, if they have given out all of these epochs; else null. */
async function inboxesBehind(
  epochs: ReadonlyMap<string, number>,
  { topology, shown, plan, log }: TakeOverOptions & { readonly shown: number },
): Promise<Inboxes | null> {
  const tables = new Set([
    ...plan.tables.map(({ name }) => name),
    ...[...epochs.keys()].map((id) => parseTaskId(id).table),
  ]);
  const candidates = laterInboxes({ topology, tables: [...tables], generation: shown - 1 });
  const found = await log.topics([...candidates.values()].flat());
  for (const [generation, names] of [...candidates].reverse()) {
    const there = names.filter((name) => found.has(name));
    if (there.length === 0) continue;
    if (generation > shown) return { generation, names: there };
    for (const [id, epoch] of epochs) {
      if (generationOf(epoch) < shown) continue;
      const { table, partition } = parseTaskId(id);
      const inbox = inboxTopic({ topology, table, generation });
      if (!found.has(inbox)) return null;
      const end = (await log.offsets(inbox)).end[partition] ?? 0;
      if (epoch > firstEpochOf(shown) + end) return null;
    }
    return { generation, names: there };
  }
  return null;
}

/** Says HELLO to every task of a topology: who runs is ended by it, and begins again with a HELLO of its own. */
async function refuseIfRunning(from: string, { names, generation }: Inboxes, options: TakeOverOptions): Promise<void> {
  const { log, clock, topology } = options;
  const said = new Map<string, readonly number[]>();
  for (const name of names) {
    const table = name.slice(`weir.${from}.`.length, -`.inbox.g${generation}`.length);
    said.set(
      name,
      await patiently(async () => {
        const { end } = await log.offsets(name);
        return await log.append(end.map((_, partition) => ({
          topic: name,
          partition,
          records: [{ key: null, value: encodeHello(taskId(table, partition)) }],
        })));
      }, options),
    );
  }
  options.onWaiting(`Topology "${topology}" takes over from "${from}": waiting whether that still runs`);
  await clock.sleep(ANSWER_MS);
  for (const [name, offsets] of said) {
    const { end } = await patiently(() => log.offsets(name), options);
    if (end.every((next, partition) => next === offsets[partition] + 1)) continue;
    throw new ConfigError([
      `Cannot take over the tables of topology "${topology}" from "${from}": it still runs somewhere, as its inbox ` +
      `"${name}" shows. End every instance that runs it, then start again`,
    ]);
  }
  options.onWaiting(null);
}

async function patiently<T>(action: () => Promise<T>, { clock, onWaiting, stopped }: TakeOverOptions): Promise<T> {
  const result = await retry(action, {
    clock,
    firstMs: RETRY_MS,
    lastMs: RETRY_MS,
    onState: (error) => onWaiting(error?.message ?? null),
    stopped,
  });
  if (result === STOPPED) throw new ConfigError(["Stopped while taking tables over"]);
  return result;
}
