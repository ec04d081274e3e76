import { docker } from "../engine.ts";
import { verify } from "../proof.ts";
import type { Stage } from "../stage.ts";
import { changeStore } from "../store.ts";
import type { Scenario } from "./scenario.ts";

const UPGRADE_MS_MAX = 240_000;

/** A new image of Weir, as docs/operations.md says, and nobody else is replaced. */
export const upgrade: Scenario = {
  title: "an upgrade of Weir alone",
  async run(stage) {
    await stage.steps.step(
      "Weir runs from a new image, and no other container is replaced",
      (signal) => upgraded(stage, signal),
      { withinMs: UPGRADE_MS_MAX },
    );
    await changeStore(stage);
    await verify(stage, "after the upgrade");
  },
};

async function upgraded(stage: Stage, signal: AbortSignal): Promise<string> {
  const shape = { profile: stage.profile };
  const { image, build } = (await stage.plan(shape)).services.weir;
  const before = await stage.containers();
  const file = `${build!.context}/${build!.dockerfile}`;
  const label = `online-store.version=${crypto.randomUUID()}`;
  await docker(["build", "--quiet", "--label", label, "--tag", image, "--file", file, build!.context], { signal });
  const figures = await stage.up(shape, ["--no-deps", "weir"], signal);
  const after = new Set((await stage.containers()).map(({ id }) => id));
  const replaced = before.filter(({ id }) => !after.has(id)).map(({ service }) => service);
  if (replaced.join() !== "weir") throw new Error(`replaced: ${replaced.join(", ") || "nothing"}`);
  return figures;
}
