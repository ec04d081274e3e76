import { type FailingSeed, shrinkSeed } from "./shrink_seed.ts";
import type { ScenarioOptions } from "./scenario.ts";

/** A violation may hold a whole stack, or the state of all tasks. */
const VIOLATION_LENGTH_MAX = 1_500;

/** A shrunk seed for a person: what happened, one thing per line, what went wrong, and the command that repeats it. */
export function storyOf({ seed, options, drawn, kept, schedule, violation }: FailingSeed, flags = ""): string {
  const changes = kept.filter(({ kind }) => kind === "change").length;
  const heat = options.heat === undefined || options.heat === 1 ? "" : ` --heat ${options.heat}`;
  const order = schedule === 0 ? "" : ` --schedule ${schedule}`;
  const width = Math.max(0, ...kept.map(({ id }) => id.length));
  return [
    `seed ${seed} fails when only this happens (${kept.length} of ${drawn.length}; changes: ${changes}):`,
    ...kept.map(({ id, detail }) => `  ${id.padEnd(width)}  ${detail}`.trimEnd()),
    violation.slice(0, VIOLATION_LENGTH_MAX),
    `again: deno task sim${flags}${heat} --seed ${seed}${order} --keep ${
      kept.map(({ id }) => id).join(",") || "nothing"
    }`,
  ].join("\n");
}

/** Shrinks a seed that failed and tells it. */
export async function tell(seed: number, options: ScenarioOptions = {}, flags = ""): Promise<string> {
  return storyOf(await shrinkSeed(seed, options), flags);
}
