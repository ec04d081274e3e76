import type { Case } from "./recorded.ts";

/** What Weir does not have yet, by the words of the topologies that need it: the first that match tell. */
const NEEDS: readonly { readonly words: RegExp; readonly needs: string }[] = [
  { words: /^table\(.*suppress\(/, needs: "suppress" },
];

/** Why a case is not run. */
export function needsOf({ topology }: Case): string {
  const op = String(topology.op);
  return NEEDS.find(({ words }) => words.test(op))?.needs ??
    `an interpreter of these words: ${JSON.stringify(topology)}`;
}
