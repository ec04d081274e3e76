import { until } from "../../../stack/e2e/steps.ts";
import { tryDocker } from "../engine.ts";
import { verify } from "../proof.ts";
import { changeStore } from "../store.ts";
import type { Scenario } from "./scenario.ts";

const RESTART_MS_MAX = 6 * 60_000;

/** The engine itself is restarted by a command of the caller's, and everything comes back without anybody's help. */
export function engineRestart(command: string): Scenario {
  return {
    title: "a restart of the engine",
    async run(stage) {
      await changeStore(stage);
      await stage.steps.step("everything is well again by itself", async (signal) => {
        const [shell, flag] = Deno.build.os === "windows" ? ["cmd", "/c"] : ["sh", "-c"];
        const { success } = await new Deno.Command(shell, { args: [flag, command], stdin: "null" }).output();
        if (!success) throw new Error(`Cannot restart the engine: "${command}" fails`);
        await until(async () => (await tryDocker(["version"])).status === 0, { signal, everyMs: 500 });
        await stage.well(signal);
      }, { withinMs: RESTART_MS_MAX });
      await changeStore(stage);
      await verify(stage, "after the engine's restart");
    },
  };
}
