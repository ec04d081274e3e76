import { APPLY_COMMANDS } from "../../../../tools/secrets.ts";
import { shell } from "../documented.ts";
import { verify, weirEnvironment } from "../proof.ts";
import type { Stage } from "../stage.ts";
import { changeStore } from "../store.ts";
import type { Scenario } from "./scenario.ts";

const ROTATION_MS_MAX = 6 * 60_000;
/** A shell's status for a program that is not there. */
const COMMAND_NOT_FOUND = 127;

/** All passwords and certificates are made anew and handed over as `deno task secrets --rotate` says. */
export const rotation: Scenario = {
  title: "new passwords and certificates",
  async run(stage) {
    const { steps, profile } = stage;
    const old = stage.secret("weir_writer_password");
    await steps.step("every secret is replaced and handed over", (signal) => rotated(stage, signal), {
      withinMs: ROTATION_MS_MAX,
    });
    await steps.step("ClickHouse refuses the old password", async () => {
      if (await answers(stage, old)) throw new Error("the old password is accepted");
      if (!await answers(stage, stage.secret("weir_writer_password"))) throw new Error("the new password is refused");
    });
    await verify(stage, `after the rotation (${profile})`);
    await changeStore(stage);
    await verify(stage, "after changes");
  },
};

async function rotated(stage: Stage, signal: AbortSignal): Promise<string> {
  await stage.rotateSecrets();
  for (const command of APPLY_COMMANDS) {
    const { status, said } = await shell(stage, command, signal);
    if (status === 0) continue;
    if (command.includes("grafana cli") && status === COMMAND_NOT_FOUND) {
      stage.notShown.add("Grafana takes its new password: the image here has no `grafana cli`");
    } else throw new Error(`"${command}" ended with ${status}: ${said}`);
  }
  await stage.well(signal);
  return `by the ${APPLY_COMMANDS.length} commands that the tool prints`;
}

/** Whether ClickHouse lets weir_writer in with this password. */
async function answers(stage: Stage, password: string): Promise<boolean> {
  const { CLICKHOUSE_URL } = weirEnvironment(stage);
  const client = stage.profile === "secure" ? Deno.createHttpClient({ caCerts: [stage.secret("ca.crt")] }) : undefined;
  try {
    const response = await fetch(`${CLICKHOUSE_URL}/?query=SELECT%201`, {
      headers: { authorization: `Basic ${btoa(`weir_writer:${password}`)}` },
      client,
    });
    await response.body?.cancel();
    return response.ok;
  } finally {
    client?.close();
  }
}
