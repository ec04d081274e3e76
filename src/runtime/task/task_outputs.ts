import type { SinkPlan, TaskTable } from "../../plan/physical.ts";
import type { KeyColumns } from "../../processor/key_value.ts";
import { type Key, parseKeyText } from "../../record/key.ts";
import { UNKNOWN, type Value } from "../../record/row.ts";
import { FAILED, NULL_KEY, OUT, type Outcomes, WAITING } from "../../processor/outcomes.ts";
import { contentBytesMax } from "../../record/sendable.ts";
import { type Chore, type Chores, LOOKS_PER_STEP } from "../../state/chores.ts";
import type { Entries } from "../../state/entries.ts";
import type { Refusals } from "../../state/refusals.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";
import type { Channel } from "../conversation/channel.ts";
import { encodeValue } from "../conversation/messages.ts";
import { type FoldOutput, foldOutput } from "../outputs/fold_output.ts";
import { Merge } from "../conversation/merge.ts";
import { ShareSender } from "../conversation/share_sender.ts";
import { ShareSink } from "../outputs/share_sink.ts";
import { Server } from "../conversation/server.ts";
import { FOREIGN_DIGEST } from "../outputs/shown_digests.ts";
import type { SinkCounts } from "../outputs/sink_counts.ts";
import { changedRowOf } from "../outputs/changed_row_of.ts";
import { SinkOutput } from "../outputs/sink_output.ts";
import type { OutgoingRow } from "../delivery/waiting_rows.ts";
import { ownership } from "../conversation/ownership.ts";
import { firstEpochOf } from "../../record/epoch.ts";
import { parseTaskId } from "../../record/task_id.ts";
import type { Failures } from "./failures.ts";
import type { TaskContext } from "./task_context.ts";

/** Where the registers of a task's program go, in the order of its plan. */
export interface TaskOutputs {
  readonly servers: readonly Server[];
  readonly sinks: readonly SinkOutput[];
  readonly groups: readonly FoldOutput[];
  /** For each group: its sink, if its shares go straight to ClickHouse. */
  readonly shareSinks: readonly (ShareSink | null)[];
  /** For each group: the sender of its shares, if they go to merge tasks. */
  readonly senders: readonly (ShareSender | null)[];
}

/** What the outputs need of their task. */
export interface OutputsOptions {
  readonly context: TaskContext;
  readonly table: TaskTable;
  readonly id: string;
  readonly epoch: number;
  readonly channel: Channel;
  readonly chores: Chores;
  readonly entries: Entries;
  readonly keyColumns: KeyColumns;
  readonly refusals: Refusals;
  readonly hold: (entry: Slot) => void;
  readonly failures: Failures;
  readonly complete: () => boolean;
  /** Timestamp of the source records behind what is put now; 0 if unknown. */
  readonly sourceMs: () => number;
}

/** Makes the outputs of one task. */
export function createOutputs(options: OutputsOptions): TaskOutputs {
  const { context, table, id, epoch, channel, chores, entries, failures, refusals } = options;
  const { partitions, keyBytes, options: { generation } } = context;
  const hooks = (plan: SinkPlan) => ({
    plan,
    task: id,
    epoch,
    firstEpoch: firstEpochOf(generation),
    owns: ownership({ table, partition: parseTaskId(id).partition }, { partitions, keyBytes, generation }),
    nextSeq: () => ++channel.seq,
    put: (row: OutgoingRow) => context.put(plan, row, options.sourceMs()),
    hold: options.hold,
    complete: options.complete,
  });
  const bytesMax = contentBytesMax(context.options.messageBytesMax);
  const groups = table.groups.map((plan) =>
    foldOutput({ plan, entries: entries.keys, keyColumns: options.keyColumns, bytesMax, onError: failures.take })
  );
  return {
    groups,
    servers: table.serves.map((plan) =>
      new Server(
        {
          plan,
          entries: entries.keys,
          bytesMax,
          chores,
          onError: failures.take,
        },
        (home, key, wire) => {
          channel.sendEncoded({ table: plan.home, partition: home }, encodeValue(key, wire));
        },
      )
    ),
    sinks: table.sinks.map((plan) =>
      new SinkOutput({
        entries,
        ...hooks(plan),
        dressed: changedRowOf(plan, options),
        suspecting: failures.suspecting,
        onError: failures.take,
        onReplaced: (key) => refusals.rowReplaced(`sink ${plan.name}`, key),
      })
    ),
    shareSinks: table.groups.map((plan, index) =>
      plan.sink === null ? null : new ShareSink({
        output: groups[index].changed,
        ...hooks(plan.sink),
        suspect: failures.suspectGroups,
        allowDeletes: context.options.allowDeletes,
        refusals,
      })
    ),
    senders: table.groups.map((plan, index) => {
      if (plan.merge === null) return null;
      const { table: target } = plan.merge;
      const partitions = context.partitions[target];
      return new ShareSender({ output: groups[index].changed, channel, chores, table: target, partitions });
    }),
  };
}

/** A task, as far as the outputs of one entry concern it. */
interface EvaluatedTask extends TaskOutputs {
  readonly failures: Pick<Failures, "taken">;
  readonly outcomes: Outcomes;
  readonly tapped: ((entry: Slot) => void) | null;
}

/**
 * Brings every output up to date whose register is known, and notes what became of the entry's row. `registers`: what
 * the entry's program gave.
 * @returns whether all of them are known
 */
export function applyOutputs(
  table: TaskTable,
  task: EvaluatedTask,
  evaluated: { readonly entry: Slot; readonly registers: readonly Value[] },
): boolean {
  const { entry, registers } = evaluated;
  const { sinks, groups, servers, failures, outcomes } = task;
  let known = true;
  let place = table.steps.length;
  for (let index = 0; index < table.groups.length; index++, place++) {
    const value = registers[table.groups[index].step];
    if (value === UNKNOWN) {
      known = false;
      outcomes.put(place, WAITING);
      continue;
    }
    const { taken } = failures;
    groups[index].fold(entry, value);
    if (value === null) continue;
    outcomes.put(place, failures.taken > taken ? FAILED : groups[index].holds(entry) ? OUT : NULL_KEY);
  }
  for (let index = 0; index < table.sinks.length; index++, place++) {
    const value = registers[table.sinks[index].step];
    if (value === UNKNOWN) {
      known = false;
      outcomes.put(place, WAITING);
      continue;
    }
    const { taken } = failures;
    sinks[index].show(entry, value);
    if (value === null) continue;
    const failed = failures.taken > taken || (outcomes.failsLater && isRefused(sinks[index], entry));
    outcomes.put(place, failed ? FAILED : OUT);
  }
  for (let index = 0; index < table.serves.length; index++) {
    const value = registers[table.serves[index].step];
    if (value === UNKNOWN) known = false;
    else servers[index].tell(entry, value);
  }
  outcomes.note(entry);
  if (task.tapped !== null) task.tapped(entry);
  return known;
}

/** Whether the entry's row, which is there, is not shown: what a start leaves instead, nobody knows. */
function isRefused(output: SinkOutput, entry: Slot): boolean {
  const digest = output.expected(entry);
  return digest === null || digest === FOREIGN_DIGEST;
}

/** What the end of a start would delete of one sink. */
export interface Doomed {
  readonly sink: string;
  readonly keys: readonly Key[];
  /** Rows that the sink showed of this task when it started. */
  readonly shown: number;
  /** Whether the task has a share of this group; null for a sink of rows, each of which has one owner. */
  readonly hasShare: ((key: Key) => boolean) | null;
}

/** What the end of the start would delete, by sink. */
export function doomedOf({ sinks, shareSinks }: TaskOutputs): Doomed[] {
  return [...sinks, ...shareSinks].flatMap((output) =>
    output === null ? [] : [{
      sink: output.plan.name,
      keys: output.doomed(),
      shown: output.counts.base,
      hasShare: "hasShare" in output ? (key: Key) => output.hasShare(key) : null,
    }]
  );
}

/**
 * Sends the shares that changed. An aggregate's shares wait for its own rows only: it may be joined back to the very
 * rows that it adds up, which wait for it.
 */
export function sendShares({ senders, groups }: TaskOutputs): void {
  senders.forEach((sender, index) => {
    if (sender === null) return;
    if (sender.completed) sender.flush();
    else if (groups[index].known) sender.complete();
  });
}

/** Rows that ClickHouse shows although they are not computed, because something failed, by sink. */
export function heldOf({ sinks, shareSinks }: TaskOutputs): { readonly sink: string; readonly rows: number }[] {
  return [...sinks, ...shareSinks].flatMap((output) =>
    output === null ? [] : [{ sink: output.plan.name, rows: output.heldRows }]
  );
}

/** A task as {@link refuseRow} sees it. */
type RefusedTask = Pick<TaskOutputs, "sinks" | "shareSinks"> & {
  readonly table: { readonly steps: readonly unknown[]; readonly groups: readonly unknown[] };
  readonly outcomes: Outcomes;
  readonly closed: boolean;
  readonly epoch: number;
  readonly entries: Entries;
};

/**
 * ClickHouse refused a row that this task or an earlier incarnation of it wrote: rows of an earlier one, which may be
 * on another instance, are no business of this one. Of a tombstone there is nothing to take back.
 */
export function refuseRow(
  task: RefusedTask,
  { sink, row }: { readonly sink: SinkPlan; readonly row: OutgoingRow },
): void {
  if (task.closed || row.epoch !== task.epoch || !("line" in row)) return;
  task.shareSinks.find((output) => output?.plan.name === sink.name)?.refuse(row);
  const entry = task.entries.keys.find(parseKeyText(row.key));
  if (entry === NO_SLOT) return;
  const index = task.sinks.findIndex(({ plan }) => plan.name === sink.name);
  if (index < 0) return;
  const output = task.sinks[index];
  output.refuse(entry, row);
  const { steps, groups } = task.table;
  if (isRefused(output, entry)) task.outcomes.failedLater(entry, steps.length + groups.length + index);
}

/** What was written and deleted so far, by sink. */
export function countsOf(
  { sinks, shareSinks }: TaskOutputs,
): { readonly sink: string; readonly counts: SinkCounts }[] {
  return [...sinks, ...shareSinks].flatMap((output) =>
    output === null ? [] : [{ sink: output.plan.name, counts: { ...output.counts, held: output.heldRows } }]
  );
}

/** For each member of a table: what adds up its shares, if it is a table of totals. */
export function createMerges(
  context: TaskContext,
  { table, epoch, chores, refusals }: {
    readonly table: TaskTable;
    readonly epoch: number;
    readonly chores: Chores;
    readonly refusals: Refusals;
  },
): (Merge | null)[] {
  return table.members.map((member) => {
    if (member.kind !== "merge") return null;
    const homes = context.partitions[member.home];
    return new Merge({ aggregate: member.aggregate, homes, epoch, chores, refusals });
  });
}

/** Tells homes that asked before the task had loaded what is absent; rows that are there tell of themselves. */
export function* tellAbsent(server: Server, { keys }: Entries): Chore {
  let looks = 0;
  for (const key of server.keys()) {
    const absent = !keys.has(key);
    if (absent) server.tellAbsent(key);
    if (absent || ++looks % LOOKS_PER_STEP === 0) yield;
  }
}
