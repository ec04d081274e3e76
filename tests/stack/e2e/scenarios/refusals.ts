import { freePort } from "../../../free_port.ts";
import { projectPath } from "../../layout.ts";
import { addTables, captureTables } from "../added_tables.ts";
import type { Stage } from "../stage.ts";
import { until } from "../steps.ts";
import { runWeir } from "../weir.ts";
import type { Scenario } from "./scenario.ts";

const TOPOLOGY = (door: string) => `
import { clickhouse, int8, debezium, topology } from "${door}";
import { z } from "npm:zod@^4";

const wishes = debezium("online_store.public.wishes", {
  key: ["id"],
  row: z.object({ id: int8(), user_id: int8(), wish: z.string() }),
});
const sink = clickhouse("wishes", { key: ["id"], columns: { id: "Int64", user_id: "Int64", wish: "String" } });

export default topology("wishes", (builder) => {
  builder.table(wishes).to(sink);
});
`;

/** What cannot be is refused with the reason, and what is not there yet is waited for. */
export const refusals: Scenario = {
  title: "refusals and waiting",
  async run(stage) {
    const { steps } = stage;
    await steps.step("TRUNCATE is refused by PostgreSQL", async () => {
      for (const table of ["users", "sellers", "products", "orders", "order_items"]) {
        const error = await stage.sql(`TRUNCATE ${table} CASCADE`).then(() => null, (error: Error) => error);
        requireText(error?.message ?? "no error", ["use DELETE: TRUNCATE is not replicated"]);
      }
    });
    await missingTopic(stage);
    await steps.step("a wrong environment is told in one message", () => wrongEnvironment(stage));
    await steps.step("verify without PostgreSQL says what to set", () => withoutPostgres(stage));
    await steps.step("Kafka that cannot be reached is waited for", (signal) => unreachable(stage, signal));
  },
};

/** A table that is added to a running store: nothing of it exists when its topology starts. */
async function missingTopic(stage: Stage): Promise<void> {
  const { steps } = stage;
  const wishes = TOPOLOGY(`file://${projectPath("src/mod.ts")}`);
  const environment = await stage.writeTopologies("topologies", { wishes });
  const weir = stage.startWeir(["wishes"], environment);
  await steps.step("a missing topic is waited for, and named", async (signal) => {
    const reason = "Waiting for topic(s) online_store.public.wishes: not there yet";
    await weir.readyzSays((text) => text.includes(reason), { wanted: JSON.stringify(reason), signal });
  });
  await steps.step("the table is added to the store and to the connector", async () => {
    const columns = "id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, wish text NOT NULL";
    await addTables(stage, { wishes: columns });
    await captureTables(stage, { tables: ["wishes"] });
    await stage.sql("INSERT INTO wishes VALUES (1, 1, 'a lamp'), (2, 2, 'a rug'), (9007199254740993, 3, 'a chair')");
  });
  await steps.step("its topology starts by itself", (signal) => weir.ready(signal), { withinMs: 120_000 });
  await stage.verify("the added table", ["wishes"], { environment });
  await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
}

async function wrongEnvironment(stage: Stage): Promise<void> {
  const { cwd } = stage.settings;
  const environment = {
    KAFKA_BROKERS: "nonsense",
    KAFKA_SASL_USERNAME: "weir",
    WEIR_FLUSH_INTERVAL_MS: "soon",
    WEIR_FLUSH_INTERVALL: "5",
    POSTGRES_PASSWORD_FILE: "/does/not/exist",
  };
  const { status, stderr } = await runWeir(["start"], { environment, cwd });
  if (status !== 1) throw new Error(`it ended with status ${status} instead of 1: ${stderr}`);
  requireText(stderr, [
    'KAFKA_BROKERS as brokers as host:port, separated by commas: current value is "nonsense"',
    "CLICKHOUSE_URL is missing",
    "KAFKA_SASL_MECHANISM and KAFKA_SASL_PASSWORD missing",
    'WEIR_FLUSH_INTERVAL_MS as a whole number of milliseconds from 1 to 2147483647: current value is "soon"',
    "WEIR_FLUSH_INTERVALL as a setting: there is none of this name",
    'POSTGRES_PASSWORD_FILE as a file to read: current value is "/does/not/exist"',
  ]);
}

async function withoutPostgres(stage: Stage): Promise<void> {
  const { cwd, environment } = stage.settings;
  const { POSTGRES_URL: _url, POSTGRES_PASSWORD: _password, ...others } = environment;
  const { status, stderr } = await runWeir(["verify"], { environment: others, cwd });
  if (status !== 1) throw new Error(`it ended with status ${status} instead of 1: ${stderr}`);
  requireText(stderr, ["PostgreSQL is not configured", "Set POSTGRES_URL", "MYSQL_URL"]);
}

async function unreachable(stage: Stage, signal: AbortSignal): Promise<void> {
  // A port that was free a moment ago: nobody listens there.
  const port = freePort();
  const weir = stage.startWeir(["mirror"], { KAFKA_BROKERS: `127.0.0.1:${port}` });
  await until(() => weir.events.some(({ event, state }) => event === "kafka" && state === "disconnected"), { signal });
  requireText((await weir.readiness()).text, ["not ready", "mirror: starting"]);
  await weir.end(signal);
}

function requireText(text: string, parts: readonly string[]): void {
  const missing = parts.filter((part) => !text.includes(part));
  if (missing.length > 0) throw new Error(`the message lacks ${JSON.stringify(missing)}. It is:\n${text}`);
}
