import { projectPath } from "../../layout.ts";
import { stackAddresses } from "../../mod.ts";
import { foreignEnvironment } from "../../process.ts";
import type { Stage } from "../stage.ts";
import type { Scenario } from "./scenario.ts";

const suites: readonly (readonly [name: string, path: string])[] = [
  // First, as the other tests leave topics behind, which a killed broker has to recover.
  ["the Kafka adapter while the broker is killed", "tests/stack/kafka_faults_test.ts"],
  ["the Kafka adapter on the real broker", "tests/adapters/kafka"],
  ["topics written exactly once while processes and the broker are killed", "tests/stack/exactly_once_test.ts"],
  ["dead letters that instances share in a topic, while they are killed", "tests/stack/shared_letters_test.ts"],
  ["tokens and certificates, on a broker of its own", "tests/stack/kafka_logins_test.ts"],
  ["SASL_SSL, SCRAM and rights, on a broker of its own", "tests/compose/secure_kafka_test.ts"],
];

const SUITE_MS_MAX = 240_000;

/** Tests that are left out of `deno task test` as they need a broker. */
export const brokerTests: Scenario = {
  title: "tests that need a broker",
  async run(stage) {
    for (const [name, path] of suites) {
      await stage.steps.step(name, (signal) => test(stage, path, { signal }), { withinMs: SUITE_MS_MAX });
    }
  },
};

async function test(
  { layout, options, clickhouse }: Stage,
  path: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", `--config=${projectPath("deno.json")}`, projectPath(path)],
    clearEnv: true,
    env: {
      ...foreignEnvironment(),
      NO_COLOR: "1",
      WEIR_TEST_KAFKA: stackAddresses(options).kafka,
      WEIR_TEST_CLICKHOUSE: clickhouse.url,
      WEIR_TEST_STACK: "1",
      WEIR_STACK: layout.root,
      WEIR_STACK_PORT_OFFSET: String(options.portOffset),
    },
    stdin: "null",
    signal,
  }).output();
  const text = new TextDecoder().decode(stdout);
  const [, passed, failed] = /(\d+) passed.*?\| (\d+) failed/.exec(text) ?? [];
  if (code !== 0 || failed !== "0") {
    throw new Error(`${path} ended with status ${code}\n${(text + new TextDecoder().decode(stderr)).slice(-4_000)}`);
  }
  return `${passed} tests`;
}
