import type { Stage } from "../stage.ts";

/** One thing that a stack must stand. It begins and ends with a stack that is well, in the profile that it has. */
export interface Scenario {
  readonly title: string;
  run(stage: Stage): Promise<void>;
}
