import { verify } from "../proof.ts";
import { changeStore } from "../store.ts";
import type { Scenario } from "./scenario.ts";

const START_MS_MAX = 5 * 60_000;

/** Everything ends and starts again on its volumes. */
export const downUp: Scenario = {
  title: "down, and up on the same volumes",
  async run(stage) {
    const { steps, profile } = stage;
    const withinMs = START_MS_MAX;
    await changeStore(stage);
    await steps.step("down", async (signal) => void await stage.compose({ profile }, ["down"], { signal }), {
      withinMs,
    });
    await steps.step("up", (signal) => stage.up({ profile }, [], signal), { withinMs });
    await verify(stage, "after down and up");
    await changeStore(stage);
    await verify(stage, "after changes");
  },
};
