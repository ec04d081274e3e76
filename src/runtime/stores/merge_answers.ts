import type { Row } from "../../record/row.ts";
import { compareKeys, type StoreAnswer } from "./read_store.ts";
import type { PartStanding, StoreState } from "./store.ts";

/** The answer of one instance. */
export interface InstanceAnswer {
  /** Where it is, for people. Of an answer that is merged itself, its parts tell. */
  readonly instance: string;
  readonly answer: StoreAnswer;
}

/** A part of a store, and which instance has told of it. */
export interface AnsweredPart extends PartStanding {
  readonly instance: string;
}

/** What several instances say together. */
export interface MergedAnswer extends StoreAnswer {
  readonly parts: readonly AnsweredPart[];
  /** Partitions of which none of them has anything. */
  readonly missing: readonly number[];
}

/**
 * What an answer means for who has asked for a key. `none`: nothing is held under it. `beyond retention`: nothing is
 * held any more of windows of that time, and ClickHouse has them.
 */
export type Verdict = "found" | "none" | "beyond retention" | "undecided";

const RANKS: Readonly<Record<StoreState, number>> = { running: 0, standby: 1, restoring: 2 };

/**
 * One answer of several about one query; at least one. Of a partition that several instances have, as while it moves or
 * has a standby, the one counts that runs it, else the one that is further.
 */
export function mergeAnswers(answers: readonly InstanceAnswer[], limit: number): MergedAnswer {
  const [{ answer: { store, kind, partitions } }] = answers;
  const chosen = new Map<number | null, { readonly part: AnsweredPart; readonly answer: StoreAnswer }>();
  for (const { instance, answer } of answers) {
    for (const standing of answer.parts) {
      const known = chosen.get(standing.partition);
      if (known !== undefined && compareParts(known.part, standing) <= 0) continue;
      chosen.set(standing.partition, { part: { instance, ...standing }, answer });
    }
  }
  const rows = answers.flatMap(({ answer }) =>
    answer.rows.filter(({ partition }) => chosen.get(partition)?.answer === answer)
  ).sort((a, b) => compareRowKeys(a.key, b.key));
  const end = endOf(answers);
  const beyond = answers.find(({ answer }) => answer.beyondUs !== undefined)?.answer.beyondUs;
  const complete = end === null ? rows : rows.filter(({ key }) => compareRowKeys(key, end) <= 0);
  return {
    ...{ store, kind, partitions },
    columns: answers.find(({ answer: { columns } }) => columns !== null)?.answer.columns ?? null,
    rows: complete.slice(0, limit),
    ...answers.some(({ answer: { cut } }) => cut !== undefined)
      ? { next: null, cut: complete.length > limit || answers.some(({ answer: { cut } }) => cut) }
      : { next: complete.length > limit ? complete[limit - 1].key : end },
    parts: [...chosen.values()].map(({ part }) => part).sort((a, b) => (a.partition ?? 0) - (b.partition ?? 0)),
    ...beyond === undefined ? {} : { beyondUs: beyond },
    missing: Array.from({ length: partitions }, (_, partition) => partition).filter((one) => !chosen.has(one)),
  };
}

/** Whether it is certain that nothing else is held. */
export function verdictOf({ rows, next, cut, parts, missing, partitions, beyondUs }: MergedAnswer): Verdict {
  if (rows.length > 0) return "found";
  // Whoever says so has the partition of the key.
  if (beyondUs !== undefined) return "beyond retention";
  if (next !== null || cut) return "undecided";
  const whole = parts.length > 0 && parts.every(({ state }) => state === "running");
  return whole && (partitions === 0 || missing.length === 0) ? "none" : "undecided";
}

function compareParts(a: PartStanding, b: PartStanding): number {
  return RANKS[a.state] - RANKS[b.state] || (a.lag ?? Infinity) - (b.lag ?? Infinity) || 0;
}

function compareRowKeys(a: Row, b: Row): number {
  return compareKeys(Object.values(a), Object.values(b));
}

/**
 * The first of the keys behind which answers have more: whatever is behind it may be incomplete. Null: nothing is. It
 * may be that of a row that does not count, of a standby whose owner has it no more.
 */
function endOf(answers: readonly InstanceAnswer[]): Row | null {
  const ends = answers.map(({ answer: { next } }) => next).filter((next) => next !== null);
  return ends.sort(compareRowKeys)[0] ?? null;
}
