import type { KeptRow } from "../../ports/kept_key.ts";
import { isOfRows } from "../../plan/grouped.ts";
import type { TaskTable } from "../../plan/physical.ts";
import { keyText } from "../../record/key.ts";
import { contributorsOf, type FoundContributors } from "./contributors.ts";
import type { Explanation, Outcome, Page } from "./explanation.ts";
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
import { lookedAgain } from "./looked_again.ts";
import { EMPTY } from "./nothing.ts";
import type { RowAnswer } from "./part_answers.ts";
import { type AskedKey, sinkKeyRow, sinkKeys } from "./read_key.ts";
import { type Kept, keptIn, shownState, sinkMasks } from "./shown_state.ts";
import { membersIn } from "./stop.ts";
import type { Target } from "./targets.ts";
import { rowVerdict, sinkVerdict, type Verdict } from "./verdict.ts";
import { keyWord } from "./words.ts";

/** Why a sink shows the row of a key, or does not. @throws TypeError for what is no key of the sink */
export async function explainSink(
  explaining: Explaining,
  { target, key: asked, page }: {
    readonly target: Extract<Target, { readonly kind: "rows" }>;
    readonly key: AskedKey;
    readonly page: Page;
  },
): Promise<Explanation> {
  const { instance } = explaining;
  const { table, sink, index } = target;
  const keys = sinkKeys(sink, asked);
  const { key, answer, kept } = await lookedAgain(async () => {
    const found = await firstFound(explaining, { keys, about: table, global: false });
    return { ...found, kept: await keptIn(instance, { sink, key: found.key }), index };
  }, { pause: explaining.pause, differs });
  const { trace } = answer;
  const register = table.sinks[index].step;
  const about = { table, partitions: instance.topics.partitions[table.index] };
  const computed = rowVerdict(about, { answer, register }) ??
    sinkVerdict(sink.name, { sink: trace!.sinks[index], trace: trace! });
  const members = membersIn(table.steps, [register]);
  const made = trace === null ? EMPTY : {
    sources: await sourceRows(explaining, { table, trace, members }),
    steps: await explainedSteps(explaining, { lookups: table.lookups, steps: trace.steps, registers: [register] }),
    totals: contributions(table, trace),
  };
  const contributors = await contributorsOf(explaining, { table, key: keyText(key), page, members, answer });
  const compared = { kept, answer, index };
  const held = await heldResults(explaining, { table, key, members });
  const unique = heldVerdict(uniqueOr(computed, { table, contributors }), held);
  const verdict = stillShown(inClickHouse(unique, compared), compared);
  const masks = sinkMasks(instance, sink);
  const shownKey = masks.key(sinkKeyRow(sink, key));
  const state = trace?.sinks[index];
  const why = made.steps.find((step) => step.index === verdict.at)?.lookup?.why?.sentence;
  return {
    ...{ topology: instance.topology.name, table: target.name, kind: "rows", key: shownKey },
    outcome: verdict.outcome,
    sentence: `${target.name} ${keyWord(shownKey)} ${verdict.words}${why === undefined ? "" : `: ${why}`}`,
    operator: verdict.operator,
    task: trace?.task ?? null,
    source: made.sources.find(({ row }) => row !== null) ?? made.sources[0] ?? null,
    ...made,
    shown: kept.kept === null ? null : masks.state(
      shownState(kept.kept, UNTOLD.has(verdict.outcome) ? undefined : state?.expected ?? null),
    ),
    ...{ shownKnown: kept.kept !== null, shares: [], outputs: [] },
    deadLetters: [...answer.letters, ...contributors.letters],
    ...contributors.found === null ? {} : { contributors: contributors.found },
    ...deletedBy(verdict, answer),
    notes: [
      ...standingNotes(answer, table),
      ...kept.problem === null ? [] : [kept.problem],
      ...heldNotes(verdict, held),
      ...notesOnShown(verdict, { kept, answer, index }),
      ...contributors.notes,
    ],
    unanswered: explaining.asked.unanswered,
  };
}

/** Outcomes with which nobody has told what should be shown: there is nothing to compare what is shown with. */
const UNTOLD: ReadonlySet<Outcome> = new Set<Outcome>(["beyond retention", "undecided"]);

/** ClickHouse shows another row than the task holds, which may be on its way. */
function differs({ kept: { kept }, answer, index }: Compared): boolean {
  if (kept === null || answer.horizonUs !== null) return false;
  const state = shownState(kept, answer.trace?.sinks[index].expected ?? null);
  return state !== null && !state.digestsEqual && !state.changedByHand;
}

/** A key that has no row, though rows are in its group: several claim it, or their total is no value. */
function uniqueOr(
  verdict: Verdict,
  { table, contributors: { byMember } }: { readonly table: TaskTable; readonly contributors: FoundContributors },
): Verdict {
  if (verdict.outcome !== "unknown") return verdict;
  const step = verdict.at === null ? null : table.steps[verdict.at];
  const [found] = step?.kind === "member" ? [byMember.get(step.member)] : [...byMember.values()];
  if (found === undefined) return verdict;
  const { total, aggregate } = found;
  const claimed = `${total} rows of "${aggregate}" claim the key, so none of them has it`;
  const ofRows = table.members.some((member) =>
    member.kind === "merge" && member.name === aggregate && isOfRows(member.aggregate)
  );
  return {
    ...verdict,
    outcome: ofRows ? "not unique" : "dead letter",
    operator: aggregate,
    words: `is not shown: ${ofRows ? claimed : `the total of "${aggregate}", of ${total} rows, is no value`}`,
  };
}

/** What is computed, and what is really shown. */
interface Compared {
  readonly kept: Kept;
  readonly answer: RowAnswer;
  readonly index: number;
}

function inClickHouse(verdict: Verdict, { kept, answer, index }: Compared): Verdict {
  if (verdict.outcome === "beyond retention" && kept.kept !== null) {
    return {
      ...verdict,
      words: `${verdict.words}, and ${kept.kept.shown === null ? "it has none" : "it shows this one"}`,
    };
  }
  if (verdict.outcome !== "shown" || kept.kept === null || kept.kept.shown !== null) return verdict;
  const waiting = answer.trace!.sinks[index].pendingRows;
  if (waiting > 0) {
    return { ...verdict, outcome: "waiting", words: `waits: ClickHouse has not acknowledged ${waiting} rows yet` };
  }
  return {
    ...verdict,
    outcome: "missing",
    words: "is missing: its task has written it, and ClickHouse does not show it. Somebody has removed it, which the " +
      "next comparison finds and repairs",
  };
}

function notesOnShown({ outcome }: Verdict, { kept: { kept }, answer, index }: Compared): string[] {
  const sink = answer.trace?.sinks[index];
  if (kept === null || kept.shown === null) return [];
  const [row] = kept.rows;
  if (outcome === "undecided") return [];
  if (outcome === "beyond retention") {
    return row.digest === -1 ? ["Its values were changed by hand: nobody knows any more what they should be"] : [];
  }
  if (outcome === "shown") {
    if (row.digest === -1) {
      return ["ClickHouse shows values that were changed by hand: the next comparison finds and repairs them"];
    }
    return row.digest === sink?.expected ? [] : [
      "ClickHouse shows another row than its task has written last: either it is on its way, or it is repaired by " +
      "the next comparison",
    ];
  }
  if (row !== undefined && isForeign(row)) return [FOREIGN];
  return [
    sink?.held
      ? "ClickHouse still shows the row of before: a start has left it, since something failed. It goes when that is " +
        "mended"
      : "ClickHouse shows a row of this key, which is deleted as soon as its task knows for certain that it is gone",
  ];
}

/** Whether somebody else has added a row, without the columns by which Weir knows its own. */
function isForeign({ task }: KeptRow): boolean {
  return task === "";
}

const FOREIGN = "ClickHouse shows a row of this key that Weir has not written: it says of no task, and Weir deletes " +
  "only its own. Those of a table go with DELETE FROM <table>_rows WHERE _task = ''";

/** How the words of a verdict begin of what is not computed. */
const NOT_SHOWN = "is not shown: ";

/** The row of a key that is not computed may be shown for a moment, or as long as a start leaves it. */
function stillShown(verdict: Verdict, { kept: { kept }, answer, index }: Compared): Verdict {
  if (kept === null || kept.shown === null || !verdict.words.startsWith(NOT_SHOWN)) return verdict;
  const [row] = kept.rows;
  const still = answer.trace?.sinks[index].held
    ? "is still shown as it was before: "
    : row !== undefined && isForeign(row)
    ? "is shown, and not Weir's: "
    : "is still shown, and goes: ";
  return { ...verdict, words: still + verdict.words.slice(NOT_SHOWN.length) };
}
