import type { Decoder } from "../../formats/decoder.ts";
import type { LookupPlan, TaskTable } from "../../plan/physical.ts";
import type { LogRecord } from "../../ports/log.ts";
import { readOrNull } from "../../record/errors.ts";
import { type Key, keyOfColumns, keyText, parseKeyText } from "../../record/key.ts";
import { HIDDEN, MASKED, maskedKey } from "../../record/mask.ts";
import type { Row } from "../../record/row.ts";
import { isFolded } from "../globals/folded_decoder.ts";
import type { Instance } from "../lifecycle/instance.ts";
import type { AskedParts } from "./asked_parts.ts";
import type { Contribution, ExplainedLookup, ExplainedStep, Explanation, SourceRow } from "./explanation.ts";
import { newestRecord } from "./newest_record.ts";
import { type FoldedTrace, hasRow, type RowAnswer, type RowTrace, type StepTrace } from "./part_answers.ts";
import { sinkKeyRow } from "./read_key.ts";
import { pathTo } from "./stop.ts";
import { keyRow, knownKeyColumns } from "./trace_row.ts";
import { rowVerdict } from "./verdict.ts";
import { keyWord, letterWord, stepWord } from "./words.ts";

/** What an explanation is made with. */
export interface Explaining {
  readonly instance: Instance;
  readonly asked: AskedParts;
  /** Null: a difference between the state and ClickHouse is looked at once. */
  readonly pause: (() => Promise<void>) | null;
}

/** The first of the keys of which anybody has anything. */
export async function firstFound(
  explaining: Explaining,
  { keys, about, global }: {
    readonly keys: readonly Key[];
    readonly about: Pick<TaskTable, "index" | "name">;
    readonly global: boolean;
  },
): Promise<{ readonly key: Key; readonly answer: RowAnswer }> {
  let first: { readonly key: Key; readonly answer: RowAnswer } | null = null;
  for (const key of keys) {
    const answer = await explaining.asked.row({ kind: "row", table: about.index, global, key: keyText(key) });
    if (answer.trace !== null || answer.letters.length > 0) return { key, answer };
    first ??= { key, answer };
  }
  if (first !== null) return first;
  throw new TypeError(`Cannot look for a key of "${about.name}": current value is none of its type`);
}

/** The rows of these members, and where their newest records lie. */
export async function sourceRows(
  { instance }: Explaining,
  { table, trace, members }: {
    readonly table: TaskTable;
    readonly trace: RowTrace;
    readonly members: readonly number[];
  },
): Promise<SourceRow[]> {
  const { keyText: text, partition } = trace;
  const key = parseKeyText(text);
  const decoders = instance.context.decoders(table);
  return await Promise.all(members.map(async (index) => {
    const { name, topic, position, row, stale } = trace.members[index];
    const decoder = decoders[index];
    const source = { table: name, topic, row, stale, offset: null, timestampMs: null };
    if (topic === null || decoder === null) return { ...source, partition: null };
    const found = await newestRecord(instance.ports, {
      ...{ topic, partition, before: position ?? 0 },
      isWanted: (record) => keyIn(decoder, record) === key,
    });
    return { ...source, partition, ...found };
  }));
}

/** The key that a record is about; null if that cannot be read. Keys of results are in their records' values, too. */
function keyIn(decoder: Decoder, record: LogRecord): Key | null {
  if (!isFolded(decoder)) return decoder.keyOf(record.key);
  const decoded = readOrNull(() => decoder.decode(record));
  return decoded === null || decoded.kind === "skip" ? null : decoded.key;
}

/** The operators that these registers are made of, as far as the row reached them, with what they looked up. */
export async function explainedSteps(
  explaining: Explaining,
  { lookups, steps, registers }: {
    readonly lookups: readonly LookupPlan[];
    readonly steps: readonly StepTrace[];
    readonly registers: readonly number[];
  },
): Promise<ExplainedStep[]> {
  const path = [...new Set(registers.flatMap((register) => pathTo(steps, register)))].sort((a, b) => a - b);
  const reached = path.filter((index) => steps[index].outcome !== "not reached" && !steps[index].hidden);
  return await Promise.all(reached.map(async (index) => {
    const step = steps[index];
    const { operator, op, outcome, row } = step;
    const lookup = step.lookup === null ? null : await explainedLookup(explaining, {
      plan: lookups[step.lookup.lookup],
      step,
    });
    const sentence = stepWord(step, lookup);
    return { index, operator, op, outcome, sentence, row, ...lookup === null ? {} : { lookup } };
  }));
}

async function explainedLookup(
  explaining: Explaining,
  { plan, step }: { readonly plan: LookupPlan; readonly step: StepTrace },
): Promise<ExplainedLookup> {
  const { plan: { tables, globals } } = explaining.instance.topics;
  const right = plan.global ? globals[plan.table] : tables[plan.table];
  const { key: text, row, hidden = false } = step.lookup!;
  const outcome = step.outcome === "waiting" ? "waiting" : row === null ? "no partner" : "matched";
  const columns = plan.keyColumns ?? knownKeyColumns(explaining.instance, tables[plan.table]);
  const found = { table: right.name, outcome, row } as const;
  const named = (key: Row) => hidden ? maskedKey(key, HIDDEN) : key;
  // Another instance has not told what was looked up.
  if (text === MASKED) return { ...found, key: named(keyRow(columns, MASKED)), why: null };
  if (outcome === "matched") return { ...found, key: named(keyRow(columns, parseKeyText(text))), why: null };
  const answer = await explaining.asked.row({ kind: "row", table: plan.table, global: plan.global, key: text });
  const key = named(answer.trace?.key ?? keyRow(columns, parseKeyText(text)));
  return { ...found, key, why: whyAbsent(explaining.instance, { plan, answer, key }) };
}

/** Why there is no right row under a key; null if there is one by now. */
function whyAbsent(
  { topics: { plan: { tables, globals }, partitions } }: Instance,
  { plan, answer, key }: { readonly plan: LookupPlan; readonly answer: RowAnswer; readonly key: Row },
): ExplainedLookup["why"] {
  const table = plan.global
    ? { name: globals[plan.table].name, members: [{ kind: "source", name: globals[plan.table].name }] }
    : tables[plan.table];
  const about = { table: table as TaskTable, partitions: plan.global ? 1 : partitions[plan.table] };
  const verdict = rowVerdict(about, { answer, register: plan.step });
  const name = `${table.name} ${keyWord(key)}`;
  if (verdict !== null) {
    const { outcome, operator, words } = verdict;
    return { outcome, operator, sentence: `${name} ${words.replace(/^is not shown: /, "is not there: ")}` };
  }
  const untold = answer.letters.find(({ operator, stage }) => stage === "callback" && operator === plan.name);
  if (untold !== undefined) {
    const sentence = `${name} is there, and cannot be told to other tasks: ${letterWord(untold)}`;
    return { outcome: "dead letter", operator: plan.name, sentence };
  }
  return null;
}

/** The groups that a row is in, and what it adds. */
export function contributions(table: TaskTable, trace: RowTrace): Contribution[] {
  return trace.groups.map(({ group: index, columns, adds }) => {
    const { name, sink } = table.groups[index];
    // What is masked is no value of its column; both have the same names.
    const isMasked = Object.values(columns).includes(MASKED);
    const group = sink === null || isMasked ? columns : sinkKeyRow(sink, keyOfColumns(columns));
    return { table: sink?.name ?? name, aggregate: name, group, adds };
  });
}

function foldedNote(name: string, { topic, partition, to, window }: FoldedTrace): string {
  const state = window === null
    ? ""
    : window === "not here"
    ? "; whether its window is open is known where its stage runs"
    : `; its window is ${window}`;
  return `A result of "${name}": the events of its group in "${topic}" partition ${partition} up to offset ${to} are ` +
    `in it${state}`;
}

/** The record whose correction has deleted the row, if that is why there is none. */
export function deletedBy(
  { outcome }: Pick<Explanation, "outcome">,
  { deletions: [deletion] }: RowAnswer,
): Pick<Explanation, "deletedBy"> {
  if (outcome !== "unknown" || deletion === undefined) return {};
  const { topic, partition, offset } = deletion;
  return { deletedBy: { topic, partition, offset } };
}

/** What of a row's standing must be known beside its outcome. */
export function standingNotes(answer: RowAnswer, table: Pick<TaskTable, "members">): string[] {
  const { trace, unreadable } = answer;
  const stale = trace?.members.filter((member) => member.stale).map(({ name }) => name) ?? [];
  return [
    ...stale.map((name) =>
      `The last change of this key in "${name}" could not be read, and is a dead letter: what is told is as before it`
    ),
    ...trace?.members.flatMap(({ name, folded }) => folded === null ? [] : [foldedNote(name, folded)]) ?? [],
    ...trace !== null && !trace.settled
      ? ["The row is not evaluated with its newest values yet: what is told may change in a moment"]
      : [],
    ...unreadable > 0 && (trace === null || !hasRow(trace))
      ? [
        `${unreadable} record(s) of ${
          table.members.map(({ name }) => `"${name}"`).join(", ")
        } could not be read, not ` +
        "even their keys: this one may be among them. See deno task dlq",
      ]
      : [],
  ];
}
