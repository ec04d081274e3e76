/**
 * The proof on the real services: PostgreSQL -> Debezium -> Kafka -> Weir -> ClickHouse. Every change, crash and outage
 * ends in `verify`. Everything is started from nothing on 127.0.0.1, in a folder and on ports of its own, and ended
 * again.
 */
import { parseArgs } from "node:util";
import { avro } from "./e2e/scenarios/avro.ts";
import { brokerTests } from "./e2e/scenarios/broker_tests.ts";
import { clickhouseRefuses } from "./e2e/scenarios/clickhouse_refuses.ts";
import { column } from "./e2e/scenarios/column.ts";
import { compression } from "./e2e/scenarios/compression.ts";
import { connector } from "./e2e/scenarios/connector.ts";
import { dashboards } from "./e2e/scenarios/dashboards.ts";
import { doctor } from "./e2e/scenarios/doctor.ts";
import { failingTopologies } from "./e2e/scenarios/failing_topologies.ts";
import { singleChanges } from "./e2e/scenarios/changes.ts";
import { initialSnapshot } from "./e2e/scenarios/initial_snapshot.ts";
import { instances } from "./e2e/scenarios/instances.ts";
import { kills } from "./e2e/scenarios/kills.ts";
import { largeRows } from "./e2e/scenarios/large_rows.ts";
import { latency } from "./e2e/scenarios/latency.ts";
import { monitoring } from "./e2e/scenarios/monitoring.ts";
import { mariadbShop } from "./e2e/scenarios/mariadb_shop.ts";
import { outages } from "./e2e/scenarios/outages.ts";
import { partitioned } from "./e2e/scenarios/partitioned.ts";
import { proof } from "./e2e/scenarios/proof.ts";
import { rebuilding } from "./e2e/scenarios/rebuilding.ts";
import { refusals } from "./e2e/scenarios/refusals.ts";
import { severalAsked } from "./e2e/scenarios/several_asked.ts";
import { severalProved } from "./e2e/scenarios/several_proved.ts";
import { restoring } from "./e2e/scenarios/restoring.ts";
import { streams } from "./e2e/scenarios/streams.ts";
import { strays } from "./e2e/scenarios/strays.ts";
import type { Scenario } from "./e2e/scenarios/scenario.ts";
import { Stage } from "./e2e/stage.ts";
import { interruption, wholeNumber } from "./e2e/steps.ts";
import { projectPath } from "./layout.ts";

const scenarios: readonly Scenario[] = [
  initialSnapshot,
  singleChanges,
  kills,
  outages,
  instances,
  refusals,
  clickhouseRefuses,
  failingTopologies,
  compression,
  largeRows,
  strays,
  connector,
  dashboards,
  monitoring,
  latency,
  column,
  restoring,
  rebuilding,
  brokerTests,
  streams,
  proof,
  severalAsked,
  severalProved,
  doctor,
  mariadbShop,
  avro,
  partitioned,
];

const usage = `usage: deno task test:stack [--all | --only N...] [--kills N] [--seed N] [--keep]
  --all       all scenarios, which is the default: about 45 minutes; the first that fails ends them
  --only N    only scenario N (may be repeated):
${scenarios.map(({ title }, index) => `                ${index + 1}  ${title}`).join("\n")}
  --kills N   kill -9 so often in scenarios 3 and 20 (default 20)
  --seed N    of the random transactions and moments (default: any, printed)
  --keep      leave PostgreSQL, Kafka and Connect running at the end
Environment: WEIR_STACK (folder, default .stack-test), WEIR_STACK_PORT_OFFSET (added to every port, default 3000)`;

/** Whatever hangs: the run ends. */
const RUN_MS_MAX = 75 * 60_000;
const KILLS_DEFAULT = 20;
/** Beside a stack with the default ports, and below those that the system hands out. */
const PORT_OFFSET_DEFAULT = 3_000;

interface Options {
  readonly only: ReadonlySet<number>;
  readonly kills: number;
  readonly seed: number;
  readonly keep: boolean;
}

async function main(options: Options): Promise<number> {
  const interrupted = interruption(RUN_MS_MAX);
  const stage = new Stage({
    root: Deno.env.get("WEIR_STACK") ?? projectPath(".stack-test"),
    portOffset: Number(Deno.env.get("WEIR_STACK_PORT_OFFSET") ?? PORT_OFFSET_DEFAULT),
    seed: options.seed,
    keep: options.keep,
    interrupted,
  });
  const { steps } = stage;
  steps.say(`seed ${options.seed}, logs in ${stage.layout.logs}`);
  try {
    await steps.step("the stack is up", () => stage.open(), { withinMs: 8 * 60_000 });
    for (const [index, scenario] of scenarios.entries()) {
      if (options.only.size > 0 && !options.only.has(index + 1)) continue;
      steps.say(`${index + 1}. ${scenario.title}`);
      await scenario.run(stage, options);
    }
  } catch (error) {
    // Steps tell their own failures.
    if (steps.failed === 0) steps.fail(error);
  }
  await stage.close().catch((error) => {
    steps.fail(`everything is ended: ${error.message}`);
  });
  steps.say("everything is ended");
  for (const figure of stage.figures) console.log(figure);
  return steps.close();
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      all: { type: "boolean", default: false },
      only: { type: "string", multiple: true },
      kills: { type: "string" },
      seed: { type: "string" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(usage);
    Deno.exit(0);
  }
  if (values.all && values.only !== undefined) {
    throw new TypeError("Cannot run all scenarios and --only some: leave out one");
  }
  return {
    only: new Set((values.only ?? []).map((text) => wholeNumber("only", text, { most: scenarios.length }))),
    kills: wholeNumber("kills", values.kills ?? String(KILLS_DEFAULT), { most: 1_000 }),
    seed: values.seed === undefined
      ? crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000
      : wholeNumber("seed", values.seed, { most: 2 ** 31 }),
    keep: values.keep,
  };
}

if (import.meta.main) {
  let options: Options;
  try {
    options = readOptions(Deno.args);
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    Deno.exit(2);
  }
  // Explicit: what a step that failed left under way must not hold the process.
  Deno.exit(await main(options));
}
