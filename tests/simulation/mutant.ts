import type { ScenarioOptions } from "./scenario.ts";

/** One rule of the algorithm taken away. The simulation must notice, or it is not good enough. */
export interface Mutant {
  readonly name: string;
  /** The rule that is broken. */
  readonly rule: string;
  readonly options?: ScenarioOptions;
  /** Changes the runtime's classes; returns what puts them right again. */
  readonly apply?: () => () => void;
  /** Seeds to try at most: rare bugs need more. */
  readonly seedsMax?: number;
}
