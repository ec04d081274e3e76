import { canonicalLine, type ExpectedRows } from "../verify/compare.ts";
import type { ShownRows } from "./shown_sink.ts";
import type { Difference } from "./suspects.ts";

/** Keys of which other rows are shown than expected. `key`: places of its columns. */
export function differencesOf(
  key: readonly number[],
  { expected: { byKey, moving }, shown }: {
    readonly expected: Pick<ExpectedRows, "byKey" | "moving">;
    readonly shown: ShownRows;
  },
): Omit<Difference, "version" | "excuse">[] {
  const found: Omit<Difference, "version" | "excuse">[] = [];
  for (const [text, row] of byKey) {
    const expected = canonicalLine(row);
    const actual = shown.get(text)?.map(canonicalLine).join("\n") ?? null;
    if (expected !== actual) found.push({ key: key.map((place) => row[place]), text, expected, actual });
  }
  for (const [text, rows] of shown) {
    if (byKey.has(text) || moving.has(text)) continue;
    const [row] = rows;
    const actual = rows.map(canonicalLine).join("\n");
    found.push({ key: key.map((place) => row[place]), text, expected: null, actual });
  }
  return found;
}
