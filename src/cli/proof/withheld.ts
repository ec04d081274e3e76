import type { Topology } from "../../dsl/topology.ts";
import { masksOf } from "../../plan/masks.ts";

/** Why records of topics are handed to nobody, whoever asks; null: they are. `shows`: whether rows are shown. */
export function withheldFrom(topology: Topology, { shows }: { readonly shows: boolean }): string | null {
  const why = !shows
    ? "WEIR_CONSOLE_ROWS hides them"
    : masksOf(topology) !== null
    ? "they hold what the topology masks"
    : null;
  if (why === null) return null;
  return `it is a topic, or made of one, of which no instance hands records to deno task prove: ${why}`;
}
