import type { DeadLetter } from "../../ports/dead_letters.ts";
import { microsText } from "../../record/calendar.ts";
import { Decimal } from "../../record/decimal.ts";
import type { Row } from "../../record/row.ts";
import type { Standing, StepTrace } from "./part_answers.ts";

/** A value for people: texts as they are. */
function valueWord(value: unknown): string {
  if (typeof value === "string") return value === "" ? '""' : value;
  if (value === null || value === undefined) return "null";
  if (value instanceof Decimal || typeof value !== "object") return String(value);
  return JSON.stringify(value, (_name, part) => typeof part === "bigint" ? String(part) : part);
}

/**
 * Microseconds since the epoch as `2026-01-31 10:00:00`, with a fraction if there is one; the number itself where no
 * calendar has them.
 */
export function timeText(micros: number): string {
  return microsText(micros)?.replace("T", " ").replace(/\.?0*Z$/, "") ?? `${micros} us`;
}

/** Where partitions are of which it is not known what they have: `partition 1 of "orders" is being restored`. */
export function undecidedWord(
  { restoring }: Pick<Standing, "restoring">,
  { undecided, table }: { readonly undecided: readonly number[]; readonly table: string },
): string {
  const said = (partitions: readonly number[], standing: string) =>
    partitions.length === 0 ? [] : [`partition ${partitions.join(", ")} of "${table}" is ${standing}`];
  return [
    ...said(undecided.filter((one) => restoring.includes(one)), "being restored"),
    ...said(undecided.filter((one) => !restoring.includes(one)), "on no instance that has answered"),
  ].join(", and ");
}

/** A key for people: `42`, `(7, EUR)`. */
export function keyWord(key: Row): string {
  const values = Object.values(key).map(valueWord);
  return values.length === 1 ? values[0] : `(${values.join(", ")})`;
}

/** What a letter says, without the operator and the key that are told beside it. */
export function letterWord({ operator, subject, error }: DeadLetter): string {
  const said = `Cannot evaluate "${operator}" for key ${subject?.replace(/ in total$/, "")}: `;
  return error.startsWith(said) ? error.slice(said.length) : error;
}

/** An operator for people: `filter "orders.filter"`. */
export function operatorWord({ op, operator }: Pick<StepTrace, "op" | "operator">): string {
  return op === "table" ? `table "${operator}"` : `${op} "${operator}"`;
}

/** What an operator made of the row, in a few words. `lookup`: what was looked up. */
export function stepWord(
  { op, outcome, error, row }: StepTrace,
  lookup: { readonly table: string; readonly key: Row } | null,
): string {
  const right = lookup === null ? "" : `${lookup.table} ${keyWord(lookup.key)}`;
  switch (outcome) {
    case "found":
      return "has the row";
    case "no row":
      return "has no row of this key";
    case "passed":
      return op === "filter" ? "lets it pass" : op === "expireAfter" ? "is young enough" : "has the row of one side";
    case "filtered":
      return "leaves it out";
    case "mapped":
      return "maps it";
    case "expired":
      return "is too old";
    case "matched":
      return right === "" ? "both sides have a row" : `with ${right}`;
    case "no partner":
      return `${right === "" ? "the other side has no row" : `there is no ${right}`}${
        row === null ? "" : ": goes on with null"
      }`;
    case "null key":
      return `the key to look up is null${row === null ? "" : ": goes on with null"}`;
    case "waiting":
      return `${right} has been asked for and is not known yet`;
    case "dead letter":
      return error ?? "failed";
    case "not reached":
      return "has no row to work on";
  }
}
