import type { Member, TaskTable } from "../../plan/physical.ts";
import type { HeldBack } from "../../processor/stateful/sought_event.ts";
import { type Key, keyText } from "../../record/key.ts";
import type { Explaining } from "./explain_row.ts";
import type { Verdict } from "./verdict.ts";
import { timeText } from "./words.ts";

/** What an operator of streams holds back of a row. */
export interface HeldResult extends HeldBack {
  readonly operator: string;
}

/** What of a key's row is not told yet by the streams whose results the table has. */
export async function heldResults(
  { asked, instance }: Explaining,
  { table, key, members }: {
    readonly table: Pick<TaskTable, "members">;
    readonly key: Key;
    /** Which of the table's members count, by index. */
    readonly members: readonly number[];
  },
): Promise<HeldResult[]> {
  const { stages } = instance.topics.plan;
  const found: HeldResult[] = [];
  for (const member of members.map((index) => table.members[index]).filter(holdsBack)) {
    const stage = stages.find(({ node }) => node === member.node)!;
    const held = await asked.held({ kind: "held", stage: stage.index, key: keyText(key) });
    if (held !== null) found.push({ ...held, operator: member.name });
  }
  return found;
}

function holdsBack(member: Member): member is Extract<Member, { readonly kind: "folded" }> {
  if (member.kind !== "folded") return false;
  return member.node.op === "suppress" || (member.node.op === "streamAggregate" && member.node.emit === "close");
}

/** A row that is not there since it is held back waits. */
export function heldVerdict(verdict: Verdict, held: readonly HeldResult[]): Verdict {
  const first = held.find(({ isGone }) => !isGone);
  if (verdict.outcome !== "unknown" || first === undefined) return verdict;
  return { outcome: "waiting", operator: first.operator, at: null, words: `waits: ${untilWords(first)}` };
}

/** What is held back, and is not what the verdict says. */
export function heldNotes({ outcome, operator }: Verdict, held: readonly HeldResult[]): string[] {
  return held.filter((one) => outcome !== "waiting" || one.operator !== operator).map((one) =>
    `${one.isGone ? "That it is gone" : "A newer row"} waits: ${untilWords(one)}`
  );
}

function untilWords({ operator, untilUs, streamTimeUs }: HeldResult): string {
  const now = streamTimeUs === null ? "" : ` (now ${timeText(streamTimeUs)})`;
  return `"${operator}" tells it when stream time is ${timeText(untilUs)}${now}`;
}
