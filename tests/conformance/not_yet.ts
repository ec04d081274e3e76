import type { Case } from "./recorded.ts";

/** What Weir does not have yet, by the words of the topologies that need it: the first that match tell. */
const NEEDS: readonly { readonly words: RegExp; readonly needs: string }[] = [
  { words: /^stream-table /, needs: "joins of streams with tables" },
  { words: / windowedBy\(/, needs: "windows, and their results on update and on close" },
  { words: /^table\(.*suppress\(/, needs: "suppress" },
  { words: /^cogroup\(/, needs: "cogroup" },
  { words: /^stream\(.*groupBy/, needs: "aggregates of streams" },
];

/** Why a case is not run. */
export function needsOf({ topology }: Case): string {
  const op = String(topology.op);
  return NEEDS.find(({ words }) => words.test(op))?.needs ??
    `an interpreter of these words: ${JSON.stringify(topology)}`;
}
