import { assertEquals } from "@std/assert";
import { runDocumented } from "../documented.ts";
import { verify } from "../proof.ts";
import { changeStore, storeCounts } from "../store.ts";
import type { Scenario } from "./scenario.ts";

const BACKUP_MS_MAX = 6 * 60_000;
const PAGE = { heading: "Backup and restore", copy: 2, back: 3 } as const;

/** Volumes are copied as docs/operations.md says, everything is lost, and comes back as it was. */
export const backup: Scenario = {
  title: "backup of the volumes, loss of everything, restore",
  async run(stage) {
    const { steps, profile } = stage;
    const withinMs = BACKUP_MS_MAX;
    const { heading, copy, back } = PAGE;
    const saved = await storeCounts(stage);
    await steps.step("volumes are copied while everything rests", async (signal) => {
      await runDocumented(stage, { heading, block: copy, signal });
      await stage.well(signal);
    }, { withinMs });
    await changeStore(stage);
    await verify(stage, "after the backup");
    await steps.step("everything is lost", async (signal) => {
      await stage.compose({ profile }, ["down", "--volumes"], { signal });
      const left = (await stage.volumes()).join(", ");
      if (left !== "") throw new Error(`volumes are left: ${left}`);
    }, { withinMs });
    await steps.step("the copies are restored", async (signal) => {
      await runDocumented(stage, { heading, block: back, signal });
      await stage.well(signal);
    }, { withinMs });
    await steps.step("the store is as it was", async () => assertEquals(await storeCounts(stage), saved));
    await verify(stage, "after the restore");
    await changeStore(stage);
    await verify(stage, "after changes");
  },
};
