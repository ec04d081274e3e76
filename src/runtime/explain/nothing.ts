import type { Explanation } from "./explanation.ts";

/** What is told of a key that no task has. */
export const EMPTY: Pick<Explanation, "sources" | "steps" | "totals"> = { sources: [], steps: [], totals: [] };
