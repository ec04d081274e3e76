import type { Case } from "./recorded.ts";

/** What Weir does not have yet, by the words of the topologies that need it: the first that match tell. */
const NEEDS: readonly { readonly words: RegExp; readonly needs: string }[] = [
  { words: /^stream-stream /, needs: "streams, and joins of streams within a window" },
  { words: /^stream-table /, needs: "streams, and their joins with tables" },
  { words: /^stream-globalTable /, needs: "streams, and their joins with global tables" },
  { words: / windowedBy\(/, needs: "streams, windows and their results on update and on close" },
  { words: /^table\(.*suppress\(/, needs: "suppress" },
  { words: /^cogroup\(/, needs: "streams, and cogroup" },
  { words: /^stream\(.*groupBy/, needs: "streams, and their aggregates" },
  { words: /^one stream /, needs: "streams" },
];

/** Why a case is not run. */
export function needsOf({ topology }: Case): string {
  const op = String(topology.op);
  return NEEDS.find(({ words }) => words.test(op))?.needs ??
    `an interpreter of these words: ${JSON.stringify(topology)}`;
}
