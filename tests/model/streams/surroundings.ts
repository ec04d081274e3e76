import type { Choices } from "../../simulation/choices.ts";

/** What the servers of a world know of it. */
export interface Surroundings<Rule extends string> {
  readonly choices: Choices;
  /** In ticks. */
  readonly now: number;
  /** Whether faults strike. */
  readonly faults: boolean;
  keeps(rule: Rule): boolean;
  count(name: string): void;
}
