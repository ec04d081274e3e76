import { keyText } from "../../record/key.ts";
import { contributorsIn } from "./contributors.ts";
import type { Contributors, Explanation, Page, ShownShare } from "./explanation.ts";
import type { Explaining } from "./explain_row.ts";
import { lookedAgain } from "./looked_again.ts";
import { EMPTY } from "./nothing.ts";
import { type GroupAnswer, undecidedOf } from "./part_answers.ts";
import { type AskedKey, sinkKeyRow, sinkKeys } from "./read_key.ts";
import { type Kept, keptIn, shownShares, sinkMasks } from "./shown_state.ts";
import type { Target } from "./targets.ts";
import type { Verdict } from "./verdict.ts";
import { keyWord, letterWord, undecidedWord } from "./words.ts";

/** Which rows make up a total that ClickHouse adds up, and whether it shows it. @throws TypeError for what is no key */
export async function explainTotal(
  explaining: Explaining,
  { target, key: asked, page }: {
    readonly target: Extract<Target, { readonly kind: "total" }>;
    readonly key: AskedKey;
    readonly page: Page;
  },
): Promise<Explanation> {
  const { instance } = explaining;
  const { table, sink, index } = target;
  const [key] = sinkKeys(sink, asked);
  const question = { kind: "group", table: table.index, group: index, key: keyText(key), ...page } as const;
  const [answer, kept] = await lookedAgain(
    () => Promise.all([explaining.asked.group(question), keptIn(instance, { sink, key })]),
    { pause: explaining.pause, differs: (looked) => differs(looked, instance.topics.partitions[table.index]) },
  );
  const contributors = contributorsIn(answer, { home: table, group: index });
  const undecided = undecidedOf(answer, instance.topics.partitions[table.index]);
  const whole = undecided.length === 0;
  const shares = kept.kept === null ? [] : shownShares(kept.kept, { shares: answer.shares, whole });
  const verdict = totalVerdict({ answer, contributors, kept, undecided, table: table.name });
  const masks = sinkMasks(instance, sink);
  const shownKey = masks.key(sinkKeyRow(sink, key));
  const shown = kept.kept?.shown ?? null;
  return {
    ...{ topology: instance.topology.name, table: sink.name, kind: "total", key: shownKey },
    outcome: verdict.outcome,
    sentence: `${sink.name} ${keyWord(shownKey)} ${verdict.words}`,
    operator: verdict.operator,
    ...{ task: null, source: null },
    ...EMPTY,
    shown: shown === null ? null : masks.state({
      ...{ task: null, version: null, row: shown },
      digestsEqual: equalityOf(shares),
      changedByHand: kept.kept!.rows.some(({ digest }) => digest === -1),
    }),
    ...{ shownKnown: kept.kept !== null, shares, outputs: [] },
    deadLetters: answer.letters,
    contributors,
    notes: [
      ...kept.problem === null ? [] : [kept.problem],
      ...undecided.length > 0 && verdict.outcome !== "undecided"
        ? [`Rows of partition ${undecided.join(", ")} of "${table.name}" are not among those told`]
        : [],
      ...shareNotes(shares, verdict),
    ],
    unanswered: explaining.asked.unanswered,
  };
}

/** ClickHouse shows the total with another share than its task holds, which may be on its way. */
function differs([answer, { kept }]: readonly [GroupAnswer, Kept], partitions: number): boolean {
  if (kept === null || kept.shown === null || kept.rows.some(({ digest }) => digest === -1)) return false;
  const whole = undecidedOf(answer, partitions).length === 0;
  return equalityOf(shownShares(kept, { shares: answer.shares, whole })) === false;
}

/** False as soon as one share differs; null while none of those told differs, and not all are told. */
function equalityOf(shares: readonly ShownShare[]): boolean | null {
  if (shares.some(({ digestsEqual }) => digestsEqual === false)) return false;
  return shares.every(({ digestsEqual }) => digestsEqual === true) ? true : null;
}

function totalVerdict({ answer, contributors, kept, undecided, table }: {
  readonly answer: GroupAnswer;
  readonly contributors: Contributors;
  readonly kept: Kept;
  readonly undecided: readonly number[];
  readonly table: string;
}): Verdict {
  const nowhere = { operator: null, at: null };
  if (contributors.total === 0) {
    if (undecided.length > 0) {
      const words = `may be there or not: ${undecidedWord(answer, { undecided, table })}`;
      return { outcome: "undecided", ...nowhere, words };
    }
    if (kept.kept !== null && kept.kept.shown !== null) {
      return {
        outcome: "unknown",
        ...nowhere,
        words: `is still shown, and goes: no row is in this group of "${table}"`,
      };
    }
    return { outcome: "unknown", ...nowhere, words: `is not shown: no row is in this group of "${table}"` };
  }
  const rows = contributors.total === 1 ? "1 row" : `${contributors.total} rows`;
  if (kept.kept === null || kept.kept.shown !== null) {
    return { outcome: "shown", ...nowhere, words: `is shown: the total of ${rows}` };
  }
  const letter = answer.letters.find(({ operator }) => operator.startsWith("sink "));
  if (letter !== undefined) {
    const words = `is set aside, with ${rows}: ${letterWord(letter)}`;
    return { outcome: "set aside", operator: letter.operator, at: null, words };
  }
  return { outcome: "waiting", ...nowhere, words: `waits: ${rows} are added up, and ClickHouse shows no total yet` };
}

function shareNotes(shares: readonly ShownShare[], { outcome }: Verdict): string[] {
  const differing = shares.filter(({ digestsEqual }) => digestsEqual === false).map(({ task }) => task);
  if (outcome !== "shown" || differing.length === 0) return [];
  return [
    `The share of ${
      differing.join(", ")
    } in ClickHouse is another one than its task has written last: either it is on ` +
    "its way, or it is repaired by the next comparison",
  ];
}
