/**
 * The stack of compose/ on a real Docker engine: it starts, heals, scales, changes its secrets and its profile, and
 * every row stays right. Everything has a name, ports, networks, secrets and images of its own and is gone at the end;
 * other containers are not touched.
 */
import { parseArgs } from "node:util";
import { interruption, Steps, wholeNumber } from "../../stack/e2e/steps.ts";
import { engineProblems } from "./engine.ts";
import { backup } from "./scenarios/backup.ts";
import { crashes } from "./scenarios/crashes.ts";
import { downUp } from "./scenarios/down_up.ts";
import { engineRestart } from "./scenarios/engine_restart.ts";
import { isolation } from "./scenarios/isolation.ts";
import { toPlain, toSecure } from "./scenarios/profiles.ts";
import { rotation } from "./scenarios/rotation.ts";
import { scaling } from "./scenarios/scaling.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { start } from "./scenarios/start.ts";
import { startingOver } from "./scenarios/starting_over.ts";
import { upgrade } from "./scenarios/upgrade.ts";
import { Stage } from "./stage.ts";
import { tableOf } from "./table.ts";

/** In this order; the first and the changes of profile always run, as the others stand on them. */
const scenarios: readonly (Scenario & { readonly always?: true })[] = [
  { ...start, always: true },
  isolation,
  crashes(),
  scaling,
  upgrade,
  downUp,
  backup,
  startingOver,
  rotation,
  { ...toSecure, always: true },
  { ...isolation, title: "isolation (secure)" },
  crashes(["debezium", "kafka", "zookeeper", "weir", "clickhouse"]),
  { ...rotation, title: "new passwords and certificates (secure)" },
  { ...downUp, title: "down, and up on the same volumes (secure)" },
  { ...toPlain, always: true },
];

const usage = `usage: deno task test:compose [--only N]... [--restart-engine COMMAND] [--keep]
Needs an engine (DOCKER_HOST or the usual socket) and Docker Compose; about 20 minutes on two cores, and 4 GB of memory.
  --only N                  only scenario N (may be repeated), with those in brackets:
${
  scenarios.map(({ title, always }, index) => {
    const number = String(index + 1).padStart(2);
    return `                            ${always ? `(${number})` : ` ${number} `} ${title}`;
  }).join("\n")
}
  --restart-engine COMMAND  last of all, restart the engine with this command, for instance
                            "sudo systemctl restart docker": every container on that engine restarts
  --project NAME            name of the Compose project (default weir-compose-test)
  --port-offset N           added to every published port (default 10000)
  --addresses A.B           first two numbers of the networks' addresses (default 10.213)
  --keep                    leave the stack running at the end`;

/** Whatever hangs: the run ends. */
const RUN_MS_MAX = 80 * 60_000;

interface Options {
  readonly only: ReadonlySet<number>;
  readonly restart: string | null;
  readonly project: string;
  readonly portOffset: number;
  readonly addresses: string;
  readonly keep: boolean;
}

async function main({ only, restart, keep, ...options }: Options): Promise<number> {
  const problems = await engineProblems();
  if (problems.length > 0) {
    console.error(`Cannot try the stack:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    return 1;
  }
  const interrupted = interruption(RUN_MS_MAX);
  const steps = new Steps(interrupted);
  const stage = new Stage(steps, { ...options, signal: interrupted });
  try {
    await steps.step("nothing of an earlier run is left", () => stage.open(), { withinMs: 180_000 });
    for (const [index, scenario] of scenarios.entries()) {
      const wanted = only.size === 0 || only.has(index + 1);
      if (!wanted && !scenario.always) continue;
      steps.say(`${index + 1}. ${scenario.title}`);
      await scenario.run(stage);
    }
    if (restart !== null) await engineRestart(restart).run(stage);
  } catch (error) {
    // Steps tell their own failures.
    if (steps.failed === 0) steps.fail(error);
    await stage.tell().catch(() => {});
  }
  if (keep) steps.say(`kept: docker compose --project-name ${options.project} ps`);
  else {
    await stage.close().catch((error) => {
      steps.fail(`everything is removed: ${error.message}`);
    });
  }
  console.log(tableOf(steps.done));
  for (const line of stage.notShown) console.log(`not shown: ${line}`);
  return steps.close();
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
