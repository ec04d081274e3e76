import type { StreamAggregateNode } from "../../dsl/stream_nodes.ts";
import type { TotalProof } from "./explanation.ts";
import { orderedKind } from "./total_sum.ts";

/** How many events of a window are in no total. */
export function countNotes({ late, refused }: { readonly late: number; readonly refused: number }): string[] {
  const word = (count: number) => count === 1 ? "1 event" : `${count} events`;
  return [
    ...late > 0 ? [`${word(late)} of its window came too late, and no total has them`] : [],
    ...refused > 0 ? [`${word(refused)} could not be added: see the dead letters of its aggregate`] : [],
  ];
}

/** Why the events do not make up the total that they are compared with. */
export function proofNotes(
  { node, gaps, moves }: {
    readonly node: StreamAggregateNode;
    /** What may be missing of them, or beyond them. */
    readonly gaps: readonly string[];
    readonly moves: boolean;
  },
  { compared, unsure }: { readonly compared: TotalProof; readonly unsure: boolean },
): string[] {
  if (compared !== "differs") return [];
  const { name } = node;
  if (moves) return [`Events are on their way into "${name}", or who has them has not told: ask again to compare`];
  const ordered = orderedKind(node);
  const reasons = [
    ...gaps,
    ...unsure ? ["events may have come too late, which nobody keeps"] : [],
    ...ordered === null ? [] : [`${ordered} depends on the order in which events of several partitions came`],
  ];
  const why = reasons.length > 0
    ? reasons.join("; ")
    : "the stream was another one when they were read, or the aggregate began later";
  return [`These events do NOT make up the total that "${name}" has: ${why}`];
}
