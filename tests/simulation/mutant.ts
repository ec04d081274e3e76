import type { Profile } from "./profile.ts";
import type { ScenarioOptions } from "./scenario.ts";

/** One rule of the algorithm taken away. The simulation must notice, or it is not good enough. */
export interface Mutant {
  readonly name: string;
  /** The rule that is broken. */
  readonly rule: string;
  readonly options?: ScenarioOptions;
  /** Changes the runtime's classes; returns what puts them right again. */
  readonly apply?: () => () => void;
  /** Only seeds that have this can notice it: the others are passed over. */
  readonly needs?: keyof Profile;
  /** Seeds to try at most, of those that can notice it: rare bugs need more. */
  readonly seedsMax?: number;
}
