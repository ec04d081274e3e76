import { connectorName, projectPath, type StackLayout } from "./layout.ts";
import { psql } from "./postgres.ts";
import { debeziumProperties } from "./secrets.ts";

/** The connector's configuration: all values are texts. */
export type ConnectorConfig = Readonly<Record<string, string>>;

/**
 * Registers the connector of compose/debezium, with this stack's addresses and as `change` alters it, unless the same
 * is registered already.
 */
export async function registerConnector(
  layout: StackLayout,
  change: (config: ConnectorConfig) => ConnectorConfig = (config) => config,
): Promise<void> {
  const config = change(connectorConfig(layout));
  const current = await request(layout, "GET", `/connectors/${connectorName}/config`);
  if (current !== null && sameConfig(current as ConnectorConfig, config)) return;
  await putConnector(layout, { ...config, name: connectorName });
}

/**
 * Resolves when the connector's task runs and its replication slot streams.
 * @throws Error with the task's trace at the deadline
 */
export async function connectorRunning(layout: StackLayout, deadlineMs: number): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  let restartAtMs = 0;
  while (true) {
    const { state, trace } = await connectorState(layout);
    if (state === "RUNNING" && await slotActive(layout)) return;
    if (Date.now() > deadline) {
      const reason = trace.split("\n").slice(0, 3).join("\n");
      throw new Error(`Cannot wait for connector "${connectorName}" to run any longer: it is ${state}\n${reason}`);
    }
    // A failed task stays failed, also across restarts of the worker, until somebody restarts it.
    if (state === "FAILED" && Date.now() >= restartAtMs) {
      restartAtMs = Date.now() + 5_000;
      await restartFailed(layout, connectorName).catch(() => null);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Registers a connector of any kind. */
export async function putConnector(layout: StackLayout, config: ConnectorConfig & { name: string }): Promise<void> {
  await request(layout, "PUT", `/connectors/${config.name}/config`, config);
}

/** Takes a connector away; its topics stay. */
export async function removeConnector(layout: StackLayout, name: string): Promise<void> {
  await request(layout, "DELETE", `/connectors/${name}`);
}

/** `RUNNING`, `FAILED`, ... of the connector's only task; `NONE` if there is no task, no connector or no worker. */
export async function connectorState(
  layout: StackLayout,
  name: string = connectorName,
): Promise<{ state: string; trace: string }> {
  const status = await request(layout, "GET", `/connectors/${name}/status`).catch(() => null) as
    | { tasks?: { state: string; trace?: string }[] }
    | null;
  const task = status?.tasks?.[0];
  return { state: task?.state ?? "NONE", trace: task?.trace ?? "" };
}

/** Restarts the tasks of a connector that have failed, as an operator does. */
export async function restartFailed(layout: StackLayout, name: string): Promise<void> {
  await request(layout, "POST", `/connectors/${name}/restart?includeTasks=true&onlyFailed=true`);
}

/** Restarts the connector and its task, as an operator does. */
export async function restartConnector(layout: StackLayout): Promise<void> {
  await request(layout, "POST", `/connectors/${connectorName}/restart?includeTasks=true`);
}

/** Ends the connector's task for longer; its configuration and its positions stay. */
export async function stopConnector(layout: StackLayout): Promise<void> {
  await request(layout, "PUT", `/connectors/${connectorName}/stop`);
  while ((await connectorState(layout)).state !== "NONE") await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Forgets how far a stopped connector has read: its next start takes a snapshot. */
export async function forgetPositions(layout: StackLayout): Promise<void> {
  await request(layout, "DELETE", `/connectors/${connectorName}/offsets`);
}

export async function resumeConnector(layout: StackLayout): Promise<void> {
  await request(layout, "PUT", `/connectors/${connectorName}/resume`);
}

/** Which Kafka the worker is of. */
export async function connectVersion(layout: StackLayout): Promise<string> {
  return (await request(layout, "GET", "/") as { version: string }).version;
}

/** What Connect says about one setting. */
export interface Setting {
  readonly name: string;
  readonly errors: readonly string[];
}

/**
 * What Connect says about the configuration of compose/debezium, with this stack's addresses and as `change` alters it.
 */
export async function validateConnector(
  layout: StackLayout,
  change: (config: ConnectorConfig) => ConnectorConfig = (config) => config,
): Promise<{ readonly config: ConnectorConfig; readonly settings: readonly Setting[] }> {
  const config = change(connectorConfig(layout));
  const path = "/connector-plugins/PostgresConnector/config/validate";
  const { configs } = await request(layout, "PUT", path, { name: connectorName, ...config }) as {
    configs: { value: Setting }[];
  };
  return { config, settings: configs.map(({ value }) => value) };
}

/** The configuration of compose/debezium, with this stack's addresses. */
export function connectorConfig(layout: StackLayout): ConnectorConfig {
  const text = Deno.readTextFileSync(projectPath("compose/debezium/postgres-connector.json"));
  const config = JSON.parse(text.replaceAll("/run/secrets/debezium.properties", debeziumProperties(layout)));
  return {
    ...config,
    "database.hostname": "127.0.0.1",
    "database.port": String(layout.ports.postgres),
  };
}

function sameConfig(current: ConnectorConfig, wanted: ConnectorConfig): boolean {
  const { name: _, ...rest } = current;
  return Object.keys(rest).length === Object.keys(wanted).length &&
    Object.entries(wanted).every(([key, value]) => rest[key] === value);
}

async function slotActive(layout: StackLayout): Promise<boolean> {
  const rows = await psql(layout, "SELECT active FROM pg_replication_slots WHERE slot_name = 'online_store_slot'");
  return rows[0]?.active === true;
}

/** The parsed answer; `null` for 404 and for an empty one. A worker that rebalances (409) is asked again. */
async function request(layout: StackLayout, method: string, path: string, body?: unknown): Promise<unknown> {
  const url = `http://127.0.0.1:${layout.ports.connect}${path}`;
  const init = { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) } as const;
  for (let attempt = 1;; attempt++) {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) } as RequestInit);
    const text = await response.text();
    if (response.status === 404) return null;
    if (response.ok) return text === "" ? null : JSON.parse(text);
    if (response.status !== 409 || attempt === 60) {
      throw new Error(`Cannot ${method} "${path}": Connect answers ${response.status} ${text}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
