/**
 * The service connector-init: gives Connect the connector's configuration and waits until its task runs and its
 * replication slot is active. Running it again changes nothing, and restarts a task that has failed.
 *
 * Environment: CONNECT_URL, CONNECTOR_NAME, and for the slot PGHOST, PGPORT, PGDATABASE, DEBEZIUM_PROPERTIES (file with
 * user and password), DEADLINE_SECONDS.
 */
import pg from "pg";
import { ConfigError, LimitError } from "../../src/record/errors.ts";

export interface RegisterOptions {
  /** Address of Connect: `http://debezium:8083`. */
  readonly connect: string;
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  /** Whether the replication slot streams. */
  readonly slotActive: () => Promise<boolean>;
  readonly deadlineMs: number;
  readonly pollMs?: number;
  readonly onProgress?: (line: string) => void;
}

const RESTART_EVERY_MS = 10_000;
const REQUEST_MS = 30_000;

/**
 * @throws LimitError at the deadline, with what the task says
 * @throws ConfigError at once when Connect refuses the configuration
 */
export async function registerConnector(options: RegisterOptions): Promise<void> {
  const { connect, name, config, slotActive, deadlineMs, pollMs = 1_000, onProgress = () => {} } = options;
  const deadline = Date.now() + deadlineMs;
  await putConfig(options, deadline);
  onProgress(`configuration of ${name} is given`);
  let restartAt = 0;
  for (let before = "";;) {
    const { connector, task, trace } = await stateOf(connect, name);
    const active = connector === "RUNNING" && task === "RUNNING" && await slotActive().catch(() => false);
    if (active) return onProgress(`${name} streams`);
    const now = `connector ${connector}, task ${task}, slot ${config["slot.name"]} not active`;
    if (now !== before) onProgress(before = now);
    if (Date.now() >= deadline) {
      const reason = trace === "" ? now : `${now}\n${trace}`;
      throw new LimitError("deadlineMs", `Cannot wait for connector "${name}" any longer: ${reason}`);
    }
    // A failed task stays failed until somebody restarts it.
    if (task === "FAILED" && Date.now() >= restartAt) {
      restartAt = Date.now() + RESTART_EVERY_MS;
      const path = `/connectors/${name}/restart?includeTasks=true&onlyFailed=true`;
      await ask(connect, path, { method: "POST" }).catch(() => null);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** What a file of Java properties says: `key=value` lines. */
export function readProperties(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.includes("=") && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

async function putConfig({ connect, name, config, pollMs = 1_000 }: RegisterOptions, deadline: number): Promise<void> {
  for (;;) {
    const { status, text } = await ask(connect, `/connectors/${name}/config`, { method: "PUT", body: config })
      .catch((error) => ({ status: 0, text: (error as Error).message }));
    if (status === 200 || status === 201) return;
    // 400 is a configuration that Connect does not accept: trying again changes nothing. 409 is a rebalance, 5xx and 0
    // a start.
    const answer = `${status} ${text.slice(0, 2_000)}`;
    const problem = `Cannot configure connector "${name}": Connect at ${connect} answers ${answer}`;
    if (status >= 400 && status < 500 && status !== 409) throw new ConfigError([problem]);
    if (Date.now() >= deadline) throw new LimitError("deadlineMs", problem);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

async function stateOf(connect: string, name: string): Promise<{ connector: string; task: string; trace: string }> {
  const answer = await ask(connect, `/connectors/${name}/status`, { method: "GET" }).catch(() => null);
  if (answer?.status !== 200) return { connector: "NONE", task: "NONE", trace: "" };
  const status = JSON.parse(answer.text);
  const task = status.tasks?.[0];
  return {
    connector: status.connector?.state ?? "NONE",
    task: task?.state ?? "NONE",
    trace: String(task?.trace ?? "").split("\n").slice(0, 5).join("\n"),
  };
}

async function ask(
  connect: string,
  path: string,
  { method, body }: { readonly method: string; readonly body?: unknown },
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${connect}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  return { status: response.status, text: await response.text() };
}

async function main(): Promise<void> {
  const environment = Deno.env.toObject();
  const config = JSON.parse(Deno.readTextFileSync(new URL("postgres-connector.json", import.meta.url)));
  const { user, password } = readProperties(
    Deno.readTextFileSync(environment.DEBEZIUM_PROPERTIES ?? "/run/secrets/debezium.properties"),
  );
  const slotActive = async () => {
    const client = new pg.Client({
      host: environment.PGHOST,
      port: Number(environment.PGPORT ?? 5432),
      database: environment.PGDATABASE,
      user,
      password,
      connectionTimeoutMillis: 5_000,
    });
    client.on("error", () => {});
    await client.connect();
    try {
      const sql = "SELECT active FROM pg_replication_slots WHERE slot_name = $1";
      return (await client.query(sql, [config["slot.name"]])).rows[0]?.active === true;
    } finally {
      await client.end();
    }
  };
  await registerConnector({
    connect: environment.CONNECT_URL ?? "http://debezium:8083",
    name: environment.CONNECTOR_NAME ?? "online-store",
    config,
    slotActive,
    deadlineMs: Number(environment.DEADLINE_SECONDS ?? 300) * 1_000,
    onProgress: (line) => console.log(line),
  });
}

if (import.meta.main) {
  await main().catch((error) => {
    console.error((error as Error).message);
    Deno.exit(1);
  });
}
