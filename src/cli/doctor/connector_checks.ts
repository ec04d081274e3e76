import { withoutPassword } from "../config/secret.ts";
import { type ConnectorSettings, databaseOf, RULES } from "./connector_rules.ts";
import { checkConverters } from "./converter_checks.ts";
import { type Finding, Findings, reasonOf, type Repair, shell } from "./finding.ts";
import type { Needs } from "./needs.ts";

const ANSWER_MS = 10_000;

/** What was found, and the settings of the connector that writes the topics; null if it is not known. */
export interface ConnectorReport {
  readonly findings: readonly Finding[];
  readonly settings: ConnectorSettings | null;
  /** What changes settings of it; null if it is not known. */
  readonly patch: ((settings: ConnectorSettings) => Repair) | null;
}

interface ListedConnector {
  readonly info: { readonly config: ConnectorSettings };
  readonly status: {
    readonly connector: { readonly state: string };
    readonly tasks: readonly { readonly state: string; readonly trace?: string }[];
  };
}

/** Looks at the connector through Connect's REST interface. */
export async function checkConnector(url: string | null, needs: Needs): Promise<ConnectorReport> {
  const findings = new Findings("connector");
  const report = (settings: ConnectorSettings | null = null, patch: ConnectorReport["patch"] = null) => ({
    findings: findings.found,
    settings,
    patch,
  });
  if (url === null) {
    findings.notChecked(["reachable", "Connect"], "its address is not known: set CONNECT_URL=http://connect:8083");
    return report();
  }
  let all: Readonly<Record<string, ListedConnector>>;
  let version: string;
  try {
    all = await ask(url, "/connectors?expand=info&expand=status") as typeof all;
    version = (await ask(url, "/") as { version: string }).version;
  } catch (error) {
    const text = `Connect does not answer: ${reasonOf(error)}. Check CONNECT_URL`;
    findings.wrong(["reachable", withoutPassword(url)], { text });
    return report();
  }
  findings.ok(["reachable", withoutPassword(url)], `Connect ${version}`);
  const writers = Object.entries(all).filter(([, { info }]) => writes(info.config, needs));
  if (needs.captured.size === 0) {
    findings.notChecked(["present", withoutPassword(url)], "no table of these topologies is a connector's");
    return report();
  }
  if (writers.length === 0) {
    const text = `no connector writes ${[...needs.captured.keys()].join(", ")}: there are ${
      Object.keys(all).join(", ") || "none"
    }. Compare topic.prefix`;
    findings.wrong(["present", withoutPassword(url)], { text });
    return report();
  }
  for (const [name, connector] of writers) checkOne(findings, { url, name, connector, needs });
  const [name, { info }] = writers[0];
  return report(info.config, (settings) => patch({ url, name, settings }));
}

function writes(settings: ConnectorSettings, { captured }: Needs): boolean {
  const prefix = settings["topic.prefix"];
  return prefix !== undefined && [...captured.keys()].some((topic) => topic.startsWith(`${prefix}.`));
}

interface Checked {
  readonly url: string;
  readonly name: string;
  readonly connector: ListedConnector;
  readonly needs: Needs;
}

function checkOne(findings: Findings, { url, name, connector: { info, status }, needs }: Checked): void {
  const { config } = info;
  const states = [status.connector.state, ...status.tasks.map(({ state }) => state)];
  const trace = status.tasks.flatMap(({ trace }) => trace ?? []).join().split("\n")[0];
  if (status.tasks.length > 0 && states.every((state) => state === "RUNNING")) findings.ok(["running", name]);
  else {
    const post = `curl -X POST '${withoutPassword(url)}/connectors/${name}/restart?includeTasks=true&onlyFailed=true'`;
    findings.wrong(["running", name], {
      text: `it is ${states.join(", ")}${trace && `: ${trace}`}`,
      repair: shell(post),
    });
  }
  for (const { check, of, setting, absent, converter, good, put, verdict, text } of RULES) {
    if (of !== undefined && of !== databaseOf(config)) continue;
    const subject = `${name} ${setting}`;
    const current = config[setting];
    if (converter !== undefined && config[converter] === undefined) {
      findings.notChecked(
        [check, subject],
        `it has no ${converter}: the worker's is used, which Connect does not tell`,
      );
      continue;
    }
    if (good(current ?? absent, { settings: config, needs })) {
      findings.ok([check, subject], current ?? `${absent}, by default`);
      continue;
    }
    const said = {
      text: `${current ?? `${absent}, by default`}: ${text}`,
      repair: patch({ url, name, settings: { [setting]: put } }),
    };
    if (verdict === "wrong") findings.wrong([check, subject], said);
    else findings.warn([check, subject], said);
  }
  checkConverters(findings, { name, settings: config, needs });
  if (databaseOf(config) !== "postgres") return;
  if (config["heartbeat.action.query"] === undefined) {
    findings.warn(["heartbeat_query", `${name} heartbeat.action.query`], {
      text: "heartbeats write nothing to the database: the slot moves only when these tables change",
      repair: patch({
        url,
        name,
        settings: {
          "heartbeat.action.query":
            "INSERT INTO debezium_heartbeat (id, ts) VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET ts = excluded.ts",
        },
      }),
    });
  } else findings.ok(["heartbeat_query", `${name} heartbeat.action.query`]);
}

/** Connect changes single settings since Kafka 3.8. */
function patch({ url, name, settings }: { url: string; name: string; settings: ConnectorSettings }): Repair {
  return shell(
    `curl -X PATCH -H 'content-type: application/json' -d '${JSON.stringify(settings).replaceAll("'", "'\\''")}' ` +
      `'${withoutPassword(url)}/connectors/${name}/config'`,
  );
}

async function ask(url: string, path: string): Promise<unknown> {
  const address = new URL(url);
  const { username, password } = address;
  address.username = address.password = "";
  const login = btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const response = await fetch(`${address.href.replace(/\/$/, "")}${path}`, {
    headers: username === "" ? {} : { authorization: `Basic ${login}` },
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new TypeError(`it answers ${response.status}`);
  return JSON.parse(text);
}
