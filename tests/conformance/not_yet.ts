import type { Case } from "./recorded.ts";

/** Why a case is not run. */
export function needsOf({ topology }: Case): string {
  return `an interpreter of these words: ${JSON.stringify(topology)}`;
}
