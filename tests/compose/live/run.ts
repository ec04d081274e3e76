/**
 * The stack of compose/ on a real Docker engine: it starts, heals, scales, changes its secrets and its profile, and
 * every row stays right. Everything has a name, ports, networks, secrets and images of its own and is gone at the end;
 * other containers are not touched.
 */
import { parseArgs } from "node:util";
import { interruption, Steps, wholeNumber } from "../../stack/e2e/steps.ts";
import { engineProblems } from "./engine.ts";
import { backup } from "./scenarios/backup.ts";
import { consolePort } from "./scenarios/console.ts";
import { crashes } from "./scenarios/crashes.ts";
import { downUp } from "./scenarios/down_up.ts";
import { engineRestart } from "./scenarios/engine_restart.ts";
import { isolation } from "./scenarios/isolation.ts";
import { monitoring } from "./scenarios/monitoring.ts";
import { toPlain, toSecure } from "./scenarios/profiles.ts";
import { ownProject } from "./scenarios/own_project.ts";
import { proofService } from "./scenarios/proof_service.ts";
import { rotation } from "./scenarios/rotation.ts";
import { scaling } from "./scenarios/scaling.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { start } from "./scenarios/start.ts";
import { startingOver } from "./scenarios/starting_over.ts";
import { upgrade } from "./scenarios/upgrade.ts";
import { Stage } from "./stage.ts";
import { tableOf } from "./table.ts";

/** In this order. What follows a change to the secure profile stands on it. */
const plain: readonly Scenario[] = [
  start,
  isolation,
  consolePort,
  monitoring,
  proofService,
  ownProject,
  crashes(),
  scaling,
  upgrade,
  downUp,
  backup,
  startingOver,
  rotation,
];
const secure: readonly Scenario[] = [
  toSecure,
  { ...isolation, title: "isolation (secure)" },
  crashes(["debezium", "kafka", "zookeeper", "weir", "clickhouse"]),
  { ...rotation, title: "new passwords and certificates (secure)" },
  { ...downUp, title: "down, and up on the same volumes (secure)" },
  toPlain,
];
const scenarios = [...plain, ...secure];

const usage = `usage: deno task test:compose [--only N]... [--restart-engine COMMAND] [--keep]
Needs an engine (DOCKER_HOST or the usual socket) and Docker Compose; about half an hour on two cores, 4 GB of memory.
  --only N                  only scenario N (may be repeated), behind the first, on which all stand, and
                            behind ${plain.length + 1}, if it is a later one:
${
  scenarios.map(({ title }, index) => `                            ${String(index + 1).padStart(2)}  ${title}`).join(
    "\n",
  )
}
  --restart-engine COMMAND  last of all, restart the engine with this command, for instance
                            "sudo systemctl restart docker": every container on that engine restarts
  --project NAME            name of the Compose project (default weir-compose-test)
  --port-offset N           added to every published port (default 10000)
  --addresses A.B           first two numbers of the networks' addresses (default 10.213)
  --keep                    leave the stack running at the end
  --kept FOLDER             go on with such a stack, without starting it: the folder that --keep has told`;

/** Whatever hangs: the run ends. */
const RUN_MS_MAX = 80 * 60_000;

interface Options {
  readonly only: ReadonlySet<number>;
  readonly restart: string | null;
  readonly project: string;
  readonly portOffset: number;
  readonly addresses: string;
  readonly keep: boolean;
  readonly kept: string | null;
}

async function main({ only, restart, keep, kept, ...options }: Options): Promise<number> {
  const problems = await engineProblems();
  if (problems.length > 0) {
    console.error(`Cannot try the stack:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    return 1;
  }
  const interrupted = interruption(RUN_MS_MAX);
  const steps = new Steps(interrupted);
  const stage = new Stage(steps, { ...options, signal: interrupted });
  try {
    const opened = kept === null ? "nothing of an earlier run is left" : `the stack of ${kept} is taken over`;
    await steps.step(opened, () => stage.open(kept), { withinMs: 180_000 });
    for (const scenario of chosen(only)) {
      if (kept !== null && scenario === start) continue;
      steps.say(`${scenarios.indexOf(scenario) + 1}. ${scenario.title}`);
      await scenario.run(stage);
    }
    if (restart !== null) await engineRestart(restart).run(stage);
  } catch (error) {
    // Steps tell their own failures.
    if (steps.failed === 0) steps.fail(error);
    await stage.tell().catch(() => {});
  }
  if (keep) steps.say(`kept: docker compose --project-name ${options.project} ps; --kept ${stage.root}`);
  else {
    await stage.close().catch((error) => {
      steps.fail(`everything is removed: ${error.message}`);
    });
  }
  console.log(tableOf(steps.done));
  for (const line of stage.notShown) console.log(`not shown: ${line}`);
  return steps.close();
}

/** Those of the numbers, from 1, and what they stand on; all if there are none. */
function chosen(only: ReadonlySet<number>): readonly Scenario[] {
  if (only.size === 0) return scenarios;
  const wanted = scenarios.filter((_, index) => only.has(index + 1));
  const needed = [start, ...wanted.some((scenario) => secure.includes(scenario)) ? [toSecure] : []];
  return scenarios.filter((scenario) => wanted.includes(scenario) || needed.includes(scenario));
}

function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string", multiple: true, default: [] },
      "restart-engine": { type: "string" },
      project: { type: "string", default: "weir-compose-test" },
      "port-offset": { type: "string", default: "10000" },
      addresses: { type: "string", default: "10.213" },
      keep: { type: "boolean", default: false },
      kept: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  if (!/^\d{1,3}\.\d{1,3}$/.test(values.addresses)) {
    throw new RangeError(
      `Cannot use "--addresses" as two numbers such as 10.213: current value is "${values.addresses}"`,
    );
  }
  return {
    only: new Set(values.only.map((text) => wholeNumber("only", text, { most: scenarios.length }))),
    restart: values["restart-engine"] ?? null,
    project: values.project,
    portOffset: wholeNumber("port-offset", values["port-offset"], { most: 36_000 }),
    addresses: values.addresses,
    keep: values.keep,
    kept: values.kept ?? null,
  };
}

if (import.meta.main) {
  try {
    const options = readOptions(Deno.args);
    if (options === null) {
      console.log(usage);
      Deno.exit(0);
    }
    // Explicit: what a step that failed left under way must not hold the process.
    Deno.exit(await main(options));
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    Deno.exit(2);
  }
}
