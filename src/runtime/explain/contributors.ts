import type { TaskTable } from "../../plan/physical.ts";
import type { DeadLetter } from "../../ports/dead_letters.ts";
import { MASKED } from "../../record/mask.ts";
import { parseKeyText } from "../../record/key.ts";
import { encodeWire } from "../../record/wire.ts";
import type { Contributors, Page } from "./explanation.ts";
import type { Explaining } from "./explain_row.ts";
import type { GroupAnswer, RowAnswer } from "./part_answers.ts";
import { homesOf } from "./targets.ts";
import { eventsOfTotal } from "./total_events.ts";

/** A page of the rows of a group. */
type GroupRows = Contributors & { readonly total: number };

/** The rows that make up a key of a table of totals, and what is known beside. */
export interface FoundContributors {
  /** Of the first of its aggregates that has any; null where there are none, and of a table of sources. */
  readonly found: Contributors | null;
  /** By member, where there are any. */
  readonly byMember: ReadonlyMap<number, GroupRows>;
  readonly letters: readonly DeadLetter[];
  readonly notes: readonly string[];
}

/** Looks for them in the tasks whose rows are added up, and for the events of a stream's totals in its topics. */
export async function contributorsOf(
  explaining: Explaining,
  { table, key, page, members, answer: about }: {
    readonly table: TaskTable;
    readonly key: string;
    readonly page: Page;
    /** What is known of the key. */
    readonly answer: RowAnswer;
    /** Which of the table's members count, by index. */
    readonly members: readonly number[];
  },
): Promise<FoundContributors> {
  for (const [index, member] of table.members.entries()) {
    if (member.kind !== "folded" || !members.includes(index)) continue;
    const asked = { table, member, key: parseKeyText(key), answer: about, page };
    const { found, notes } = await eventsOfTotal(explaining, asked);
    const others = table.members.filter((other, at) => other !== member && members.includes(at));
    const more = others.map(({ name }) => `Of "${name}" ask by that name which events made it`);
    return { ...NO_CONTRIBUTORS, found, notes: [...notes, ...more] };
  }
  const letters: DeadLetter[] = [];
  const byMember = new Map<number, GroupRows>();
  for (const { aggregate, home, group, member } of homesOf(explaining.instance.topics.plan, table)) {
    if (!members.includes(member)) continue;
    const answer = await explaining.asked.group({ kind: "group", table: home.index, group, key, ...page });
    letters.push(...answer.letters.filter(({ operator }) => operator === aggregate.name));
    const told = contributorsIn(answer, { home, group });
    if (told.total > 0) byMember.set(member, told);
  }
  const [found = null, ...others] = byMember.values();
  return {
    ...{ found, byMember, letters },
    notes: others.map(({ aggregate, total }) =>
      `${total} row(s) make up its total of "${aggregate}", too: ask for that table to see them`
    ),
  };
}

/** Of a table that is made of nothing else. */
export const NO_CONTRIBUTORS: FoundContributors = { found: null, byMember: new Map(), letters: [], notes: [] };

/** A page of the rows of a group. */
export function contributorsIn(
  { rows, shares, more }: GroupAnswer,
  { home, group }: { readonly home: TaskTable; readonly group: number },
): GroupRows {
  const last = rows.at(-1);
  return {
    aggregate: home.groups[group].name,
    total: shares.reduce((sum, share) => sum + share.rows, 0),
    rows: rows.map(({ partition, key, adds }) => ({ table: home.name, partition, key, adds })),
    // A key that is not shown cannot be said again to go on behind it.
    next: more && last !== undefined && !Object.values(last.key).includes(MASKED)
      ? encodeWire(Object.values(last.key))
      : null,
  };
}
