import type { Stage } from "../stage.ts";

/** A chapter of the proof. Starts what it needs and ends it; finds the stack up and the store as others left it. */
export interface Scenario {
  readonly title: string;
  run(stage: Stage, options: ScenarioOptions): Promise<void>;
}

export interface ScenarioOptions {
  /** How often Weir is killed. */
  readonly kills: number;
}
