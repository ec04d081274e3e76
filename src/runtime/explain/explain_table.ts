import type { GlobalTable, TaskTable } from "../../plan/physical.ts";
import { keyText } from "../../record/key.ts";
import type { KeyColumn } from "../../record/key_column.ts";
import { maskedKey, SHOWN } from "../../record/mask.ts";
import { rowMasksOf } from "../stores/row_masks.ts";
import { contributorsOf, type FoundContributors, NO_CONTRIBUTORS } from "./contributors.ts";
import type { ExplainedOutput, Explanation, Page } from "./explanation.ts";
import {
  contributions,
  deletedBy,
  explainedSteps,
  type Explaining,
  firstFound,
  sourceRows,
  standingNotes,
} from "./explain_row.ts";
import { heldNotes, heldResults, heldVerdict } from "./held_back.ts";
import { EMPTY } from "./nothing.ts";
import { hasRow, type RowAnswer, type RowTrace } from "./part_answers.ts";
import { type AskedKey, tableKeys } from "./read_key.ts";
import type { Target } from "./targets.ts";
import { keyRow, knownKeyColumns } from "./trace_row.ts";
import { rowVerdict, sinkVerdict, type Verdict } from "./verdict.ts";
import { keyWord } from "./words.ts";

/** What became of a row of a table, in all that is made of it. @throws TypeError for what is no key of the table */
export async function explainTable(
  explaining: Explaining,
  { target, key: asked, page }: {
    readonly target: Extract<Target, { readonly kind: "table" | "global table" }>;
    readonly key: AskedKey;
    readonly page: Page;
  },
): Promise<Explanation> {
  const { instance } = explaining;
  const global = target.kind === "global table";
  const about = global ? wholeTable(target.table) : target.table;
  const columns = keyColumnsKnown(explaining, target);
  const { key, answer } = await firstFound(explaining, { keys: tableKeys(columns, asked), about, global });
  const { trace } = answer;
  const partitions = global ? 1 : instance.topics.partitions[about.index];
  const outputs = global ? [] : outputsOf({ table: about, partitions }, answer);
  const members = about.members.flatMap(({ name }, index) => name === target.name || global ? [index] : []);
  const contributors: FoundContributors = global
    ? NO_CONTRIBUTORS
    : await contributorsOf(explaining, { table: about, key: keyText(key), page, members, answer });
  const present = trace !== null && hasRow(trace);
  const held = global ? [] : await heldResults(explaining, { table: about, key, members });
  const verdict: Verdict = present
    ? { outcome: "present", operator: null, at: null, words: "is there" }
    : heldVerdict(rowVerdict({ table: about, partitions }, { answer, register: 0 })!, held);
  const mask = rowMasksOf(instance)?.table(target.table)?.key ?? SHOWN;
  const shownKey = trace?.key ?? maskedKey(keyRow(columns, key), mask);
  const registers = about.steps.map((_, index) => index);
  const made = trace === null ? EMPTY : {
    sources: global ? globalSources(trace) : await sourceRows(explaining, { table: about, trace, members }),
    steps: await explainedSteps(explaining, { lookups: about.lookups, steps: trace.steps, registers }),
    totals: global ? [] : contributions(about, trace),
  };
  return {
    ...{ topology: instance.topology.name, table: target.name, kind: target.kind, key: shownKey },
    outcome: verdict.outcome,
    sentence: `${target.name} ${keyWord(shownKey)} ${verdict.words.replace("is not shown", "is not there")}`,
    operator: verdict.operator,
    task: trace?.task ?? null,
    source: made.sources.find(({ row }) => row !== null) ?? made.sources[0] ?? null,
    ...made,
    ...{ shown: null, shownKnown: false, shares: [], outputs },
    deadLetters: [...answer.letters, ...contributors.letters],
    ...contributors.found === null ? {} : { contributors: contributors.found },
    ...deletedBy(verdict, answer),
    notes: [...standingNotes(answer, about), ...heldNotes(verdict, held), ...contributors.notes],
    unanswered: explaining.asked.unanswered,
  };
}

/** A global table as one of tasks: it has no outputs, and one part. */
function wholeTable({ index, name, source, keyColumns, steps, lookups }: GlobalTable): TaskTable {
  const members = [{ kind: "source", name, source }] as const;
  return { ...{ index, name, members, keyColumns, steps, lookups }, sinks: [], groups: [], serves: [] };
}

/** @throws TypeError while nobody knows of what the keys of groups are made */
function keyColumnsKnown({ instance }: Explaining, { name, table }: {
  readonly name: string;
  readonly table: TaskTable | GlobalTable;
}): readonly KeyColumn[] {
  const known = table.keyColumns ?? knownKeyColumns(instance, table as TaskTable);
  if (known.length > 0) return known;
  throw new TypeError(
    `Cannot look for a key of "${name}": this instance has no row of it that tells its columns. Ask for a key of a ` +
      "table that is made of it, or ask another instance",
  );
}

function globalSources({ members }: RowTrace): Explanation["sources"] {
  return members.map(({ name, topic, row, stale }) => ({
    ...{ table: name, topic, row, stale },
    ...{ partition: null, offset: null, timestampMs: null },
  }));
}

function outputsOf(
  about: { readonly table: TaskTable; readonly partitions: number },
  answer: RowAnswer,
): ExplainedOutput[] {
  const { trace } = answer;
  const { table } = about;
  if (trace === null || !hasRow(trace)) return [];
  const told = (output: string, { outcome, operator, words }: Verdict): ExplainedOutput => (
    { output, outcome, operator, sentence: words }
  );
  const passed = (words: string): Verdict => ({ outcome: "present", operator: null, at: null, words });
  return [
    ...table.sinks.map(({ name, step, table: { output } }, index) => {
      const verdict = rowVerdict(about, { answer, register: step }) ??
        sinkVerdict(name, { sink: trace.sinks[index], trace });
      const isTold = output?.changes === true && verdict.outcome === "shown";
      return told(name, isTold ? passed("is told to the stream of its changes") : verdict);
    }),
    ...table.groups.map(({ name, step, sink }, index) => {
      const stopped = rowVerdict(about, { answer, register: step });
      const places = trace.groups.filter(({ group }) => group === index).length;
      return told(sink?.name ?? name, stopped ?? passed(places === 0 ? "is in no group" : "adds to a total"));
    }),
    ...table.serves.map(({ name, step }) =>
      told(name, rowVerdict(about, { answer, register: step }) ?? passed("is told to the rows that join it"))
    ),
  ];
}
