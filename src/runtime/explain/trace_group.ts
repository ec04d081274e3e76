import type { GroupPlan, TaskTable } from "../../plan/physical.ts";
import type { Key } from "../../record/key.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";
import type { FoldOutput } from "../outputs/fold_output.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { compareKeys } from "../stores/read_store.ts";
import type { Task } from "../task/task.ts";
import type { GroupQuestion, MemberOfGroup, ShareTrace } from "./part_answers.ts";
import { valuesIn } from "./page_end.ts";
import { addsOf, keyColumnsOfTask, keyRow, tasksHere } from "./trace_row.ts";

/** Entries that are looked at before everything else has its turn. */
const STEP_ENTRIES = 50_000;

/** What this instance has of a group. */
export interface GroupHere {
  readonly shares: readonly ShareTrace[];
  readonly rows: readonly MemberOfGroup[];
  readonly more: boolean;
}

/**
 * The rows of one group that this instance has, found by a look at the group of every entry: a step for each 50,000,
 * between which rows may come and go. Nobody keeps lists of them.
 */
export function* traceGroup(
  instance: Instance,
  { table, key, question }: { readonly table: TaskTable; readonly key: Key; readonly question: GroupQuestion },
): Generator<void, GroupHere> {
  const plan = table.groups[question.group];
  const shares: ShareTrace[] = [];
  const first = new FirstMembers(question);
  for (const { task } of tasksHere(instance, table)) {
    const output = task.groups[question.group];
    const group = output.groups.keys.find(key);
    const rows = group === NO_SLOT ? 0 : output.groups.rows(group);
    const expected = task.shareSinks[question.group]?.expected(key) ?? null;
    if (rows > 0 || expected !== null) shares.push({ task: task.id, rows, expected });
    if (rows === 0) continue;
    const columns = keyColumnsOfTask(instance, task);
    for (const member of membersOf(task, { output, group, plan })) {
      if (member === null) yield;
      else first.add({ partition: task.partition, key: keyRow(columns, member.key), adds: member.adds });
    }
  }
  return { shares, ...first.take() };
}

type Member = Pick<MemberOfGroup, "adds"> & { readonly key: Key };

/** Null: a step is over. */
function* membersOf(
  { entries }: Task,
  { output, group, plan }: { readonly output: FoldOutput; readonly group: Slot; readonly plan: GroupPlan },
): Generator<Member | null> {
  let looks = 0;
  for (const entry of entries.keys.used()) {
    if (++looks % STEP_ENTRIES === 0) yield null;
    if (!output.isIn(entry, group)) continue;
    const place = output.placed(entry).find((one) => one.group === group)!;
    yield { key: entries.keys.keyOf(entry), adds: addsOf(plan.aggregate, place.values) };
  }
}

/** The first rows behind a key, in the order of their keys. */
class FirstMembers {
  readonly #limit: number;
  readonly #after: readonly unknown[] | null;
  #rows: MemberOfGroup[] = [];

  constructor({ limit, after }: Pick<GroupQuestion, "limit" | "after">) {
    this.#limit = limit;
    this.#after = after === null ? null : valuesIn(after);
  }

  add(row: MemberOfGroup): void {
    if (this.#after !== null && compareKeys(Object.values(row.key), this.#after) <= 0) return;
    this.#rows.push(row);
    if (this.#rows.length > 2 * this.#limit + 2) this.#cut();
  }

  #cut(): void {
    this.#rows = this.#rows.sort((a, b) => compareKeys(Object.values(a.key), Object.values(b.key)))
      .slice(0, this.#limit + 1);
  }

  take(): Pick<GroupHere, "rows" | "more"> {
    this.#cut();
    return { rows: this.#rows.slice(0, this.#limit), more: this.#rows.length > this.#limit };
  }
}
