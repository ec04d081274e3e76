import {
  connectorRunning,
  connectVersion,
  restartConnector,
  resumeConnector,
  stopConnector,
  validateConnector,
} from "../../connector.ts";
import { versions } from "../../layout.ts";
import { stackAddresses } from "../../mod.ts";
import type { Stage } from "../stage.ts";
import { sleep } from "../steps.ts";
import { Writer, writtenText } from "../writer.ts";
import type { Scenario } from "./scenario.ts";

const PER_SECOND = 80;
const PAUSE_MS = 2_000;

/**
 * Settings that are used without being listed in the answer: the converters', those of new topics, and one of
 * Debezium's.
 */
const UNLISTED = /^(key|value)\.converter\.|^topic\.creation\.default\.|^offset\.mismatch\.strategy$/;

/** The connector's configuration is checked by Connect itself, and the connector restarted while the store goes on. */
export const connector: Scenario = {
  title: "the connector",
  async run(stage) {
    const { steps, options, layout } = stage;
    await steps.step("Connect is the one that Debezium's image has", async () => {
      const version = await connectVersion(layout);
      if (version !== versions.connect) throw new Error(`it is ${version} instead of ${versions.connect}`);
      return version;
    });
    await steps.step("Connect accepts postgres-connector.json, and knows every setting in it", () => validated(stage));
    await steps.step("it refuses wrong values", () => refused(stage));
    const weir = stage.startWeir();
    await steps.step("Weir runs", (signal) => weir.ready(signal), { withinMs: 120_000 });
    const writer = new Writer({
      postgres: stackAddresses(options).postgres,
      perSecond: PER_SECOND,
      seed: options.seed + 3,
    });
    await steps.step("the connector is restarted while the store is written to", async () => {
      await sleep(PAUSE_MS);
      await restartConnector(layout);
      await sleep(PAUSE_MS);
      await connectorRunning(layout, 50_000);
    });
    await steps.step("it is stopped for a while, and resumed", async () => {
      await stopConnector(layout);
      await sleep(PAUSE_MS);
      await resumeConnector(layout);
      await connectorRunning(layout, 50_000);
    });
    await steps.step("the writer stops", async () => writtenText(await writer.stop()));
    await stage.verify("after the restarts of the connector");
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
  },
};

async function validated({ layout }: Stage): Promise<string> {
  const { config, settings } = await validateConnector(layout);
  const problems = settings.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`));
  const known = new Set(settings.map(({ name }) => name));
  // Connect ignores what it does not know: a misspelt setting would never be noticed.
  const unknown = Object.keys(config).filter((name) => !known.has(name) && !UNLISTED.test(name));
  if (problems.length + unknown.length > 0) {
    throw new Error(`Connect says ${JSON.stringify(problems)} and does not know ${JSON.stringify(unknown)}`);
  }
  return `${Object.keys(config).length} settings`;
}

async function refused({ layout }: Stage): Promise<void> {
  const wrong = { "decimal.handling.mode": "roughly", "slot.name": "Not A Slot", "tasks.max": "none" };
  const { settings } = await validateConnector(layout, (config) => ({ ...config, ...wrong }));
  for (const name of Object.keys(wrong)) {
    const errors = settings.find((setting) => setting.name === name)?.errors ?? [];
    if (errors.length === 0) throw new Error(`Connect accepts ${name} = ${wrong[name as keyof typeof wrong]}`);
  }
}
