import { canonicalLine } from "../verify/compare.ts";
import type { DifferingColumn } from "./proof_report.ts";
import type { Difference } from "./suspects.ts";

const VALUE_LENGTH_MAX = 200;

/** Columns in which a row is shown otherwise than it should be; none of one that is missing or should not be there. */
export function differingColumns(
  names: readonly string[],
  { expected, actual }: Pick<Difference, "expected" | "actual">,
): readonly DifferingColumn[] {
  if (expected === null || actual === null) return [];
  const wanted = JSON.parse(expected) as unknown[];
  // Of rows that are there twice the first one that is wrong.
  const rows = actual.split("\n");
  const shown = JSON.parse(rows.find((row) => row !== expected) ?? rows[0]) as unknown[];
  return names.map((name, place) => ({
    name,
    expected: shownText(wanted[place]),
    actual: shownText(shown[place]),
  })).filter(({ expected, actual }) => expected !== actual);
}

function shownText(value: unknown): string {
  const text = typeof value === "string" ? value : canonicalLine([value as string]).slice(1, -1);
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX)}...`;
}
