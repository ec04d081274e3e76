import { type OutputPlan, outputsOf } from "../../plan/outputs_of.ts";
import type { RowSum, ShownRow } from "../../ports/warehouse.ts";
import type { Key } from "../../record/key.ts";
import type { Lent } from "../../state/loans.ts";
import { endsStep, type Loading, NO_SLOT, type Slot } from "../../state/slots.ts";
import { shownKeyOf } from "../outputs/key_line.ts";
import { sumOf } from "../outputs/digest_sum.ts";
import { lentShares } from "../outputs/remembered_shares.ts";
import { FOREIGN_DIGEST } from "../outputs/shown_digests.ts";
import { windowStartOf } from "./retention.ts";
import type { Task } from "./task.ts";

/** Rows that ClickHouse shows in one output of a task. */
export interface ShownBase {
  readonly output: OutputPlan;
  readonly rows: readonly ShownRow[];
}

/** What ClickHouse shows of this task from an earlier epoch. */
export function takeShown(task: Task, { output: { kind, index, sink }, rows }: ShownBase): void {
  for (const row of rows) {
    const key = shownKeyOf(sink, row.key);
    if (kind === "shares") task.shareSinks[index]!.base(key, row.digest);
    else if (task.sinks[index].owns(key)) {
      const entry = shownEntryOf(task, { sink, key });
      if (entry !== null) task.sinks[index].base(entry, row.digest);
    }
  }
}

/** An answer broke off and is read again: what the task was told of this output is taken back. In steps. */
export function* forgetBase(task: Task, { kind, index }: OutputPlan): Loading {
  if (kind === "shares") task.shareSinks[index]!.forgetBase();
  else yield* task.sinks[index].forgetBase();
}

/** The entry of a row that is shown; null for one that nobody keeps, which stays as it is. */
export function shownEntryOf(
  task: Task,
  { sink, key }: { readonly sink: OutputPlan["sink"]; readonly key: Key },
): Slot | null {
  const { retention } = task;
  if (retention === null) return task.entryOf(key);
  const startUs = windowStartOf(sink, key);
  if (retention.isForgotten(key, startUs)) return null;
  const entry = task.entryOf(key);
  retention.noteShown(entry, startUs);
  return entry;
}

/** Rows of tasks that no longer exist whose keys are this task's now: written again in its own name, or deleted. */
export function adoptShown(task: Task, { output, rows }: ShownBase): void {
  if (output.kind === "shares") task.shareSinks[output.index]!.adopt(rows);
  else takeShown(task, { output, rows: rows.map((row) => ({ ...row, digest: FOREIGN_DIGEST })) });
}

/** What ClickHouse shows of keys that were written after a snapshot was made, of one output of a task. */
export interface NewerBase {
  readonly output: OutputPlan;
  readonly keys: readonly Key[];
  /** By key; null for nothing. */
  readonly digests: readonly (number | null)[];
}

/** The digest of what one output shows of a key, as the task's snapshot says; null for nothing. */
export function rememberedDigest(
  task: Task,
  { output: { kind, index }, key }: { readonly output: OutputPlan; readonly key: Key },
): number | null {
  if (kind === "shares") return task.shareSinks[index]!.remembered.get(key);
  const entry = task.entries.keys.find(key);
  return entry === NO_SLOT ? null : task.sinks[index].digests.remembered(entry);
}

/** What ClickHouse shows of these keys is this, whatever the task's snapshot says. */
export function takeNewer(task: Task, { output: { kind, index }, keys, digests }: NewerBase): void {
  for (let at = 0; at < keys.length; at++) {
    const digest = digests[at];
    if (kind === "shares") {
      const sink = task.shareSinks[index]!;
      sink.remembered.forget(keys[at]);
      if (digest !== null) sink.base(keys[at], digest);
      continue;
    }
    const sink = task.sinks[index];
    const entry = digest === null ? task.entries.keys.find(keys[at]) : task.entryOf(keys[at]);
    if (digest !== null) sink.base(entry, digest);
    else if (entry !== NO_SLOT) sink.digests.gone(entry);
  }
}

/** Of everything else, ClickHouse shows what the task's snapshot says. In steps. */
export function* confirmRemembered(task: Task, { kind, index }: OutputPlan): Loading {
  if (kind === "rows") return yield* task.sinks[index].confirm();
  const sink = task.shareSinks[index]!;
  let shares = 0;
  for (const [key, digest] of sink.remembered.take()) {
    sink.base(key, digest);
    if (endsStep(shares++)) yield;
  }
}

/** All that ClickHouse shows of the task was told; what a snapshot remembers beside it is not shown. In steps. */
export function* baseKnown({ sinks, shareSinks }: Pick<Task, "sinks" | "shareSinks">): Loading {
  for (const sink of sinks) yield* sink.digests.baseKnown();
  for (const sink of shareSinks) sink?.remembered.clear();
}

/** Digests of what each output shows of a task at one moment, by output of its table. */
export type ShownLent = readonly (readonly Lent<Float64Array>[])[];

/** Of this moment. There may be millions: they are added up later, and must be given back ({@link giveBackShown}). */
export function shownLent(task: Task): ShownLent {
  return outputsOf(task.table).map(({ kind, index }) =>
    kind === "rows" ? task.sinks[index].digests.lent() : lentShares(task.shareSinks[index]!.shares)
  );
}

/** They are read no more. */
export function giveBackShown(shown: ShownLent): void {
  for (const output of shown) for (const { release } of output) release();
}

/** What each output shows in sum; null where that is not known. In steps. */
export function* shownSums(shown: ShownLent): Generator<void, (RowSum | null)[]> {
  const sums: (RowSum | null)[] = [];
  for (const output of shown) sums.push(yield* sumOf(output.map(({ chunk }) => chunk)));
  return sums;
}
