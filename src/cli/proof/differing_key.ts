import { canonicalLine } from "../verify/compare.ts";
import type { DifferingColumn, DifferingKey } from "./proof_report.ts";
import type { Difference, Suspect } from "./suspects.ts";

const VALUE_LENGTH_MAX = 200;

/** A fault as it is told. `names`: of all columns, in the order of the rows. */
export function differingKey(
  { expected, actual, sinceMs }: Suspect,
  { names, ...named }: Pick<DifferingKey, "key" | "explain"> & { readonly names: readonly string[] },
): DifferingKey {
  return {
    ...named,
    kind: expected === null ? "extra" : actual === null ? "missing" : "different",
    columns: differingColumns(names, { expected, actual }),
    since: new Date(sinceMs).toISOString(),
  };
}

/** Columns in which a row is shown otherwise than it should be; none of one that is missing or should not be there. */
function differingColumns(
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
  return shortened(typeof value === "string" ? value : canonicalLine([value as string]).slice(1, -1));
}

/** A value's text, of which not more is told than tells it apart in most cases. */
export function shortened(text: string): string {
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX)}...`;
}
