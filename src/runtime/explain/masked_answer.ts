import { masksAny } from "../../plan/masks.ts";
import type { GlobalTable, LookupPlan, TaskTable } from "../../plan/physical.ts";
import type { DeadLetter } from "../../ports/dead_letters.ts";
import { Decimal } from "../../record/decimal.ts";
import { keyParts, keyValueText, parseKeyText } from "../../record/key.ts";
import { hidesAnything, MASKED, maskedKey, maskedRow } from "../../record/mask.ts";
import type { Row } from "../../record/row.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { type RowMasks, rowMasksOf } from "../stores/row_masks.ts";
import type { StageLook } from "../lifecycle/stage_view.ts";
import type { GroupAnswer, PartAnswer, RowAnswer, RowTrace, StepTrace } from "./part_answers.ts";

/** What an instance has of a row, without what is masked: whatever is said of it is made of this. */
export function maskedRowAnswer(
  instance: Instance,
  { table, answer }: { readonly table: TaskTable | GlobalTable; readonly answer: RowAnswer },
): RowAnswer {
  const masks = rowMasksOf(instance);
  if (masks === null) return answer;
  const { trace, letters } = answer;
  return {
    ...answer,
    letters: letters.map(withoutSubject),
    trace: trace === null ? null : maskedTrace(trace, { instance, table, masks }),
  };
}

/** The same of a group. */
export function maskedGroupAnswer(
  instance: Instance,
  { table, group, answer }: { readonly table: TaskTable; readonly group: number; readonly answer: GroupAnswer },
): GroupAnswer {
  const masks = rowMasksOf(instance);
  if (masks === null) return answer;
  const [{ key }, { row }] = [masks.table(table), masks.named(table.groups[group].name)];
  return {
    ...answer,
    letters: answer.letters.map(withoutSubject),
    rows: answer.rows.map((one) => ({ ...one, key: maskedKey(one.key, key), adds: maskedRow(one.adds, row) })),
  };
}

/** As other instances are told: keys that are not shown are known to whoever asks by them, and to nobody else. */
export function withoutHiddenKeys(answer: PartAnswer): PartAnswer {
  if (answer.kind !== "row" || answer.trace === null) return answer;
  const { trace } = answer;
  const steps = trace.steps.map((step) =>
    step.lookup?.hidden ? { ...step, lookup: { ...step.lookup, key: MASKED } } : step
  );
  return { ...answer, trace: { ...trace, keyText: MASKED, steps } };
}

interface Tracing {
  readonly instance: Instance;
  readonly table: TaskTable | GlobalTable;
  readonly masks: RowMasks;
}

function maskedTrace(trace: RowTrace, { instance, table, masks }: Tracing): RowTrace {
  const { key } = masks.table(table);
  const groups = "groups" in table ? table.groups : [];
  const sinks = "sinks" in table ? table.sinks : [];
  return {
    ...trace,
    key: maskedKey(trace.key, key),
    members: trace.members.map((member) => ({ ...member, row: maskedRow(member.row, masks.named(member.name).row) })),
    steps: trace.steps.map((step, index) => maskedStep(step, { instance, table, masks, trace, index })),
    sinks: trace.sinks.map((sink, index) =>
      sink.error === null || !masksAny(masks.sink(sinks[index].name)) ? sink : { ...sink, error: MASKED }
    ),
    groups: trace.groups.map((one) => {
      const mask = masks.named(groups[one.group].name);
      return { ...one, columns: maskedKey(one.columns, mask.key), adds: maskedRow(one.adds, mask.row) };
    }),
  };
}

function maskedStep(
  step: StepTrace,
  { instance, table, masks, trace, index }: Tracing & { readonly trace: RowTrace; readonly index: number },
): StepTrace {
  const { row, error, lookup, inputs } = step;
  const isMasked = [index, ...inputs].some((register) => masksAny(masks.register(table, register)));
  const shown = { ...step, row: maskedRow(row, masks.register(table, index).row) };
  return {
    ...shown,
    error: error !== null && isMasked ? MASKED : error,
    lookup: lookup === null ? null : maskedLookup(lookup, {
      right: rightOf(instance, table.lookups[lookup.lookup]),
      masks,
      left: { key: trace.key, row: inputs.map((input) => trace.steps[input].row)[0] ?? null },
      hides: inputs.map((input) => masks.register(table, input))[0] ?? masks.table(table),
    }),
  };
}

function rightOf({ topics: { plan } }: Instance, { global, table, step }: LookupPlan) {
  return { table: global ? plan.globals[table] : plan.tables[table], step };
}

function maskedLookup(
  lookup: NonNullable<StepTrace["lookup"]>,
  { right, masks, left, hides }: {
    readonly right: ReturnType<typeof rightOf>;
    readonly masks: RowMasks;
    readonly left: { readonly key: Row; readonly row: Row | null };
    readonly hides: ReturnType<RowMasks["register"]>;
  },
): NonNullable<StepTrace["lookup"]> {
  const row = maskedRow(lookup.row, masks.register(right.table, right.step).row);
  if (hidesAnything(masks.table(right.table).key)) return { ...lookup, row, hidden: true };
  if (!masksAny(hides)) return { ...lookup, row };
  // What a callback has looked up is told if it stands in the row where people see it, or nothing is told by it.
  const shown = new Set([...textsIn(maskedKey(left.key, hides.key)), ...textsIn(maskedRow(left.row, hides.row))]);
  const hidden = keyParts(parseKeyText(lookup.key)).some((part) => !shown.has(part));
  return { ...lookup, row, hidden };
}

/** The values of a row, and of rows in it, as keys have them; what can be no key is left out. */
function textsIn(value: unknown): string[] {
  const isValue = ["string", "bigint", "boolean"].includes(typeof value) || Number.isFinite(value) ||
    value === null || value instanceof Decimal;
  if (isValue) return [keyValueText(value)];
  return typeof value === "object" && !Array.isArray(value) ? Object.values(value!).flatMap(textsIn) : [];
}

/** Of something masked the subject is not told. */
export function withoutSubject(letter: DeadLetter): DeadLetter {
  return { ...letter, subject: letter.subject === null ? null : MASKED };
}

/** What is known of an event in a stage, without the row that it is joined with. */
export function withoutTableRow(look: StageLook | null): StageLook | null {
  if (look?.looked?.kind !== "tableJoin") return look;
  return { ...look, looked: { ...look.looked, row: null } };
}
