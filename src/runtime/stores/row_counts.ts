import type { LogicalNode } from "../../dsl/logical.ts";
import type { StreamNode } from "../../dsl/stream_nodes.ts";
import type { EventCounts } from "../../processor/event_counts.ts";
import { FAILED, LEFT_OUT, NULL_KEY, OUT, type OutcomeCounts, WAITING } from "../../processor/outcomes.ts";

/**
 * What became of the rows or events that came to an operator. Each that came in went out, or is counted by one of the
 * others: in = out + filtered + errors + waiting, and, of an inner join and of groups, + withoutPartner + nullKeys.
 */
export interface RowCounts {
  /** That came: of a join the left side's; of an outer join and of a union those of either side, by key. */
  readonly in: number;
  readonly out: number;
  /** Left out by a filter, or expired. */
  readonly filtered?: number;
  /** With a partner. */
  readonly joined?: number;
  /** Without one: a left or outer join lets them go on, an inner one does not. */
  readonly withoutPartner?: number;
  /** Of a join, rows whose foreign key is null; else rows that are in no group. */
  readonly nullKeys?: number;
  /** Whose partner is not known yet, of operators that ask for it; of streams, events that wait for their time. */
  readonly waiting?: number;
  /** That a callback threw for, or that cannot be written: they are dead letters. */
  readonly errors?: number;
  /** Events that came too late, or for other reasons changed nothing. */
  readonly dropped?: number;
}

/** Nothing has come. */
export const NO_ROWS: RowCounts = { in: 0, out: 0 };

/** The counts of an operator of tables by the outcomes at its step. */
export function rowCounts(node: LogicalNode, outcomes: OutcomeCounts): RowCounts {
  const [out, leftOut, errors, nullKeys, waiting] = [OUT, LEFT_OUT, FAILED, NULL_KEY, WAITING].map((outcome) =>
    outcomes[outcome]
  );
  const sum = out + leftOut + errors + nullKeys + waiting;
  switch (node.op) {
    case "source":
    case "folded":
      return { in: sum, out };
    case "mapValues":
    case "union":
      return { in: sum, out, errors, waiting };
    case "filter":
    case "filterNot":
    case "expireAfter":
      return { in: sum, out, filtered: leftOut, errors };
    case "foreignKeyJoin":
    case "keyJoin": {
      const alone = node.kind === "inner" ? 0 : leftOut + nullKeys;
      const found = { joined: out, withoutPartner: leftOut, nullKeys, waiting, errors };
      return { in: sum, out: out + alone, ...found };
    }
    case "aggregate":
    case "selectKey":
    case "flatMapValues":
      return { in: sum, out, nullKeys, waiting, errors };
    case "sink":
      return { in: sum, out, waiting, errors };
  }
}

/** The counts of an operator of streams. */
export function eventCounts(node: StreamNode, counts: EventCounts): RowCounts {
  const { in: taken, out, filtered, joined, withoutPartner, nullKeys, errors, dropped } = counts;
  switch (node.op) {
    case "events":
    case "merge":
    case "updates":
      return { in: taken, out };
    case "filter":
    case "branch":
      return { in: taken, out, filtered, errors };
    case "mapValues":
    case "flatMapValues":
    case "map":
    case "flatMap":
    case "selectKey":
    case "peek":
    case "append":
    case "output":
      return { in: taken, out, errors };
    case "globalJoin":
      return { in: taken, out, joined, withoutPartner, nullKeys, errors };
    case "streamJoin":
    case "tableJoin":
      return { in: taken, out, joined, withoutPartner, nullKeys, dropped, errors };
    case "streamAggregate":
    case "suppress":
    case "process":
    case "repartition":
    case "tableChanges":
      return { in: taken, out, nullKeys, dropped, errors };
  }
}

/** Two parts of the same operator's rows together. */
export function addCounts(one: RowCounts, other: RowCounts): RowCounts {
  const sum: Record<string, number> = { ...one };
  for (const [name, value] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + value;
  return sum as unknown as RowCounts;
}
