import { assertEquals } from "@std/assert";
import { runDocumented } from "../documented.ts";
import { verify } from "../proof.ts";
import { changeStore, storeCounts } from "../store.ts";
import type { Scenario } from "./scenario.ts";

const PROCEDURE_MS_MAX = 6 * 60_000;
const BACKUP = { heading: "Backup and restore", dump: 0, restore: 1 } as const;

/** PostgreSQL goes back to a dump, and everything behind it starts over, as docs/operations.md says. */
export const startingOver: Scenario = {
  title: "PostgreSQL from a dump, and starting over",
  async run(stage) {
    const { steps, profile } = stage;
    const withinMs = PROCEDURE_MS_MAX;
    const { heading, dump, restore } = BACKUP;
    const saved = await storeCounts(stage);
    await steps.step("PostgreSQL is dumped", (signal) => runDocumented(stage, { heading, block: dump, signal }));
    await changeStore(stage);
    await verify(stage, "after changes that the dump lacks");
    await steps.step("the dump is restored", (signal) => runDocumented(stage, { heading, block: restore, signal }), {
      withinMs,
    });
    await steps.step("the store is as it was", async () => assertEquals(await storeCounts(stage), saved));
    await steps.step("topics, slot and connector start over", async (signal) => {
      await runDocumented(stage, { heading: "Starting over from PostgreSQL", block: 0, signal });
      return await stage.up({ profile }, [], signal);
    }, { withinMs });
    await verify(stage, "after starting over");
    await changeStore(stage);
    await verify(stage, "after changes");
  },
};
