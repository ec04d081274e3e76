import { runWeir } from "../../stack/e2e/weir.ts";
import { projectPath } from "../compose_files.ts";
import type { Stage } from "./stage.ts";

/** How long `verify` may wait until everything has come through. */
const VERIFY_WAIT_S = 120;

/** The step that proves that every row is right. */
export function verify(stage: Stage, when: string): Promise<void> {
  const withinMs = (VERIFY_WAIT_S + 60) * 1000;
  return stage.steps.step(`verify is equal ${when}`, () => compareRows(stage), { withinMs });
}

/** The environment for Weir's commands on this machine, as docs/operations.md gives it. */
export function weirEnvironment(stage: Stage): Record<string, string> {
  const secrets = `${stage.root}/secrets`;
  const secure = stage.profile === "secure";
  return {
    KAFKA_BROKERS: `localhost:${stage.port(9092)}`,
    CLICKHOUSE_URL: secure ? `https://localhost:${stage.port(8443)}` : `http://localhost:${stage.port(8123)}`,
    CLICKHOUSE_DATABASE: "online_store",
    CLICKHOUSE_USER: "weir_writer",
    CLICKHOUSE_PASSWORD_FILE: `${secrets}/weir_writer_password`,
    PGHOST: "localhost",
    PGPORT: String(stage.port(5432)),
    PGDATABASE: "online_store",
    PGUSER: "postgres",
    POSTGRES_PASSWORD_FILE: `${secrets}/postgres_password`,
    WEIR_TOPOLOGIES: projectPath("topologies"),
    ...(secure
      ? {
        CLICKHOUSE_CA_FILE: `${secrets}/ca.crt`,
        KAFKA_TLS: "true",
        KAFKA_CA_FILE: `${secrets}/ca.crt`,
        KAFKA_SASL_MECHANISM: "scram-sha-512",
        KAFKA_SASL_USERNAME: "weir",
        KAFKA_SASL_PASSWORD_FILE: `${secrets}/kafka_weir_password`,
      }
      : {}),
  };
}

/**
 * Compares every row with PostgreSQL, as soon as all changes have come through, and asks Weir's container for dead
 * letters.
 * @throws Error on any difference or dead letter
 */
async function compareRows(stage: Stage): Promise<string> {
  const args = ["verify", "--wait", `${VERIFY_WAIT_S}s`, "--json"];
  const { status, stdout, stderr } = await runWeir(args, { environment: weirEnvironment(stage), cwd: stage.root });
  if (stdout.trim() === "") throw new Error(`verify ended with status ${status}: ${stderr.trim()}`);
  const report = JSON.parse(stdout);
  const rows = report.sinks.reduce((sum: number, sink: { view: { rows: number } }) => sum + sink.view.rows, 0);
  if (status !== 0 || !report.equal) throw new Error(`verify ended with status ${status}: ${stdout.slice(0, 2_000)}`);
  const letters = await stage.compose({ profile: stage.profile }, [
    "run",
    "--rm",
    "--no-deps",
    "-T",
    "weir",
    "dlq",
    "--all",
    "--json",
  ]);
  if (letters.trim() !== "") throw new Error(`There are dead letters: ${letters.slice(0, 2_000)}`);
  return `${rows} rows of ${report.sinks.length} sinks, no dead letter`;
}
