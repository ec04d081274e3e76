import { aggregateOf, FOLDED_TO, foldedRow, isFoldedRow } from "../../plan/folded_row.ts";
import { memberTopic } from "../../plan/member_topic.ts";
import type { AggregatePlan, GlobalTable, LookupPlan, Member, Step, TaskTable } from "../../plan/physical.ts";
import { type KeyColumns, keyValueOf } from "../../processor/key_value.ts";
import { inputsOf } from "../../processor/program.ts";
import { WINDOW_START } from "../../processor/stateful/result_of.ts";
import { type TracedStep, traceProgram } from "../../processor/traced_program.ts";
import { type Key, keyOfColumns, keyText } from "../../record/key.ts";
import type { KeyColumn } from "../../record/key_column.ts";
import { type Row, UNKNOWN, type Value } from "../../record/row.ts";
import { taskId } from "../../record/task_id.ts";
import type { KeyedElements } from "../../state/keyed_elements.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";
import type { Instance } from "../lifecycle/instance.ts";
import type { TaskHost } from "../lifecycle/task_host.ts";
import { changedRowOf } from "../outputs/changed_row_of.ts";
import { SinkLines } from "../outputs/sink_lines.ts";
import { heldKeyColumns } from "../task/key_columns.ts";
import type { Task } from "../task/task.ts";
import type {
  GroupTrace,
  MemberTrace,
  OperatorKind,
  RowTrace,
  SinkTrace,
  Standing,
  StepTrace,
} from "./part_answers.ts";

/** Which tasks of a table this instance has. */
export function standingHere({ hosts, topics }: Instance, table: TaskTable): Standing {
  const partitions = Array.from({ length: topics.partitions[table.index] }, (_, partition) => partition);
  const here = partitions.flatMap((partition) => hosts.get(taskId(table.name, partition)) ?? []);
  const [running, restoring] = [here.filter(isWhole), here.filter((host) => !isWhole(host))];
  return {
    running: running.map(({ partition }) => partition),
    restoring: restoring.map(({ partition }) => partition),
  };
}

function isWhole({ task }: TaskHost): boolean {
  return task !== null && task.loaded && task.membersKnown;
}

/** Ids of the table's tasks on this instance. */
export function tasksHere({ hosts, topics }: Instance, table: TaskTable): { readonly host: TaskHost; task: Task }[] {
  const partitions = Array.from({ length: topics.partitions[table.index] }, (_, partition) => partition);
  return partitions.flatMap((partition) => {
    const host = hosts.get(taskId(table.name, partition));
    return host === undefined || host.task === null ? [] : [{ host, task: host.task }];
  });
}

/** Key columns of a task's rows. */
export function keyColumnsOfTask({ context }: Instance, task: Task): KeyColumns {
  return heldKeyColumns(task, { table: task.table, context });
}

/** Key columns of a table; none while no row of this instance tells of what the keys of groups are made. */
export function knownKeyColumns(instance: Instance, table: TaskTable): readonly KeyColumn[] {
  if (table.keyColumns !== null) return table.keyColumns;
  for (const { task } of tasksHere(instance, table)) {
    const columns = keyColumnsOfTask(instance, task);
    const known = typeof columns === "function" ? columns() : columns;
    if (known.length > 0) return known;
  }
  return [];
}

/** What this instance knows of a key of a table; null if it has nothing of it. The task with a row comes first. */
export function traceRow(instance: Instance, { table, key }: { readonly table: TaskTable; readonly key: Key }) {
  let found: RowTrace | null = null;
  for (const { host, task } of tasksHere(instance, table)) {
    const entry = task.entries.keys.find(key);
    if (entry === NO_SLOT || (found !== null && !task.entries.hasRow(entry))) continue;
    found = traceEntry(instance, { host, task, entry });
  }
  return found;
}

/** One entry of one task. */
interface TracedEntry {
  readonly host: TaskHost;
  readonly task: Task;
  readonly entry: Slot;
}

function traceEntry(instance: Instance, { host, task, entry }: TracedEntry): RowTrace {
  const { entries, stores, expiry, table } = task;
  const keyColumns = keyColumnsOfTask(instance, task);
  const steps = traceProgram({
    steps: table.steps,
    lookups: table.lookups,
    entries,
    keyColumns,
    peek: (lookup, key) => stores[lookup].peek(key),
    ...expiry === null ? {} : { ages: { keeps: (dueUs: number) => expiry.isBefore(dueUs) } },
  }, entry);
  const key = entries.keys.keyOf(entry);
  return {
    task: task.id,
    partition: task.partition,
    settled: task.loaded && task.pendingEntries.isSettled(entry),
    complete: task.complete,
    key: keyRow(keyColumns, key),
    keyText: keyText(key),
    members: table.members.map((member, index): MemberTrace => ({
      name: member.name,
      topic: memberTopic(member),
      position: host.positions[index] ?? null,
      ...memberRow(instance, { member, task, row: entries.members[index].read(entry) }),
      stale: task.source.stale[index]?.has(key) ?? false,
    })),
    steps: withoutChangelog(table, stepTraces(steps)),
    sinks: sinkTraces(instance, { task, entry, steps, keyColumns }),
    groups: groupTraces(task, entry),
  };
}

/** A member's row, without what only its changelog needs. */
function memberRow(
  { topics: { plan }, streams }: Instance,
  { member, task, row }: { readonly member: Member; readonly task: Task; readonly row: Row | null },
): Pick<MemberTrace, "row" | "folded"> {
  if (member.kind !== "folded" || row === null) return { row, folded: null };
  const aggregate = aggregateOf(member.node);
  const stage = plan.stages.find(({ node }) => node === aggregate || node === member.node)!;
  const { partition } = task;
  const elements = streams.get(taskId(stage.name, partition))?.stage?.elements ?? null;
  const window = aggregate.window === null ? null : elements === null ? "not here" : windowOf(elements, row);
  const folded = { topic: stage.repartition, partition, to: Number(row[FOLDED_TO]), window } as const;
  return { row: isFoldedRow(row) ? foldedRow(row) : null, folded };
}

/** Of a window that is closed nothing is kept but its result. */
function windowOf(elements: KeyedElements, row: Row): "open" | "closed" {
  const [first] = elements.keys();
  const columns = first === undefined ? undefined : elements.columnsOf(first);
  if (columns === undefined) return "closed";
  const group = keyOfColumns(Object.fromEntries(Object.keys(columns).map((name) => [name, row[name]])));
  for (const { start } of elements.of(group)) if (start === row[WINDOW_START]) return "open";
  return "closed";
}

/** What is known of a key of a global table, which every instance has. */
export function traceGlobalRow(
  { context, globals }: Instance,
  { table, key }: { readonly table: GlobalTable; readonly key: Key },
): RowTrace | null {
  const shared = context.globals.rowsOf(table.index);
  const entry = shared?.keys.find(key) ?? NO_SLOT;
  if (shared === undefined || entry === NO_SLOT) return null;
  const peek = (lookup: number, right: Key) => globalValue(context.globals, { lookup: table.lookups[lookup], right });
  const steps = traceProgram({
    steps: table.steps,
    lookups: table.lookups,
    entries: { keys: shared.keys, members: [shared.rows] },
    keyColumns: table.keyColumns,
    peek,
  }, entry);
  const [stale] = globals.stale.filter((one) => one.table === table.name);
  const row = shared.rows.read(entry);
  return {
    task: `global ${table.name}`,
    partition: 0,
    settled: globals.readingOf(table.index)?.whole ?? false,
    complete: true,
    key: keyRow(table.keyColumns, key),
    keyText: keyText(key),
    members: [{
      name: table.name,
      topic: table.source.topic,
      position: null,
      row,
      stale: stale?.has(key) ?? false,
      folded: null,
    }],
    steps: stepTraces(steps),
    sinks: [],
    groups: [],
  };
}

function globalValue(
  globals: Instance["context"]["globals"],
  { lookup, right }: { readonly lookup: LookupPlan; readonly right: Key },
): Value {
  return globals.find(lookup, right);
}

/** A key by the names of its columns; under `key` while nobody knows these. */
export function keyRow(columns: KeyColumns, key: Key): Row {
  const known = typeof columns === "function" ? columns() : columns;
  if (known.length === 0) return { key: keyText(key) };
  const value = keyValueOf(known)(key);
  return known.length === 1 ? { [known[0].name]: value } : value as Row;
}

function stepTraces(steps: readonly TracedStep[]): StepTrace[] {
  return steps.map(({ step, value, outcome, lookedUp, error }) => ({
    operator: step.name,
    op: kindOf(step),
    inputs: inputsOf(step),
    outcome,
    row: value === UNKNOWN ? null : value,
    ...{ unknown: value === UNKNOWN, hidden: false },
    error: error === null ? null : messageOf(error.cause),
    lookup: step.kind === "lookup" && lookedUp !== null
      ? { lookup: step.lookup, key: keyText(lookedUp.key), row: lookedUp.value === UNKNOWN ? null : lookedUp.value }
      : null,
  }));
}

/** Results of streams as if they were read, though a changelog has more in them, and some that are none any more. */
function withoutChangelog({ members }: TaskTable, steps: StepTrace[]): StepTrace[] {
  const folded = members.flatMap(({ kind, name }) => kind === "folded" ? [name] : []);
  return steps.map((step) => {
    if (!folded.includes(step.operator) || (step.op !== "table" && step.op !== "filter" && step.op !== "mapValues")) {
      return step;
    }
    const { row } = step;
    if (step.op !== "table") return { ...step, hidden: true, outcome: row === null ? "not reached" : "passed" };
    return row !== null && isFoldedRow(row)
      ? { ...step, row: foldedRow(row) }
      : { ...step, row: null, outcome: "no row" };
  });
}

function kindOf(step: Step): OperatorKind {
  switch (step.kind) {
    case "member":
      return "table";
    case "filter":
      return "filter";
    case "map":
      return "mapValues";
    case "expire":
      return "expireAfter";
    case "lookup":
      return step.inner ? "join" : "leftJoin";
    case "pair":
      return step.mode === "inner" ? "join" : step.mode === "left" ? "leftJoin" : "outerJoin";
    case "union":
      return "union";
  }
}

function sinkTraces(
  { writers }: Instance,
  { task, entry, steps, keyColumns }: Pick<TracedEntry, "task" | "entry"> & {
    readonly steps: readonly TracedStep[];
    readonly keyColumns: KeyColumns;
  },
): SinkTrace[] {
  const key = task.entries.keys.keyOf(entry);
  return task.sinks.map((sink, index) => {
    const { value } = steps[task.table.sinks[index].step];
    const lines = new SinkLines(sink.plan);
    const state = {
      expected: sink.expected(entry),
      held: value === null && [...sink.held()].includes(entry),
      refused: sink.refuses(entry),
      pendingRows: writers.get(sink.plan.name)?.pendingRows ?? 0,
    };
    if (value === null || value === UNKNOWN) return { digest: null, textDigest: null, error: null, ...state };
    const { table, entries } = task;
    const dressed = changedRowOf(sink.plan, { table, entries, keyColumns });
    try {
      const row = dressed === null ? value : dressed(entry, value);
      return { digest: lines.write(key, row), textDigest: lines.textDigest(row), error: null, ...state };
    } catch (error) {
      return { digest: null, textDigest: null, error: messageOf(error), ...state };
    }
  });
}

function groupTraces({ groups, table }: Task, entry: Slot): GroupTrace[] {
  return groups.flatMap((output, index) =>
    output.placed(entry).map(({ group, values }) => ({
      group: index,
      columns: output.groups.columns(group),
      adds: addsOf(table.groups[index].aggregate, values),
    }))
  );
}

/** What a row adds to each total, by column: 1 to a count. Of a row under another key: the row. */
export function addsOf({ columns }: AggregatePlan, values: readonly unknown[]): Row {
  if (columns[0]?.spec.kind === "row") return values[0] as Row;
  let at = 0;
  return Object.fromEntries(columns.map(({ name, spec }) => [name, spec.value === null ? 1 : values[at++]]));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
