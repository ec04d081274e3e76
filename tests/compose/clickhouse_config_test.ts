import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { allowed } from "./compose_files.ts";
import {
  askConfigured,
  elementNames,
  type Files,
  listenSecureXml,
  merged,
  section,
  serverXml,
} from "./clickhouse_configured.ts";

const ignore = !allowed;

/** The logs that the image's config.xml switches on (read in that of 26.2), with the end that it gives their rows. */
const IMAGE_LOGS: Readonly<Record<string, string>> = {
  query_log: "",
  query_thread_log: "",
  query_views_log: "",
  query_metric_log: "",
  trace_log: "",
  part_log: "",
  text_log: "",
  metric_log: "",
  error_log: "",
  crash_log: "",
  background_schedule_pool_log: "",
  asynchronous_metric_log: "",
  opentelemetry_span_log: "",
  backup_log: "",
  s3queue_log: "",
  iceberg_metadata_log: "",
  delta_lake_metadata_log: "",
  instrumentation_trace_log: "",
  processors_profile_log: "event_date + INTERVAL 30 DAY DELETE",
  asynchronous_insert_log: "event_date + INTERVAL 3 DAY",
  blob_storage_log: "event_date + INTERVAL 30 DAY",
  aggregated_zookeeper_log: "event_date + INTERVAL 30 DAY",
  zookeeper_connection_log: "event_date + INTERVAL 30 DAY",
};

/** Logs that may stay without an end: nothing that this server does writes them. */
const SILENT_LOGS: Readonly<Record<string, string>> = {
  query_thread_log: "written with log_query_threads alone",
  query_views_log: "written by materialized views",
  crash_log: "a row for each crash",
  backup_log: "a row for each BACKUP",
  s3queue_log: "written by the engine S3Queue",
  iceberg_metadata_log: "written by the engine Iceberg",
  delta_lake_metadata_log: "written by the engine DeltaLake",
  instrumentation_trace_log: "written by SYSTEM INSTRUMENT",
};

/** The image's config.xml, cut to what the project's files touch. */
const IMAGE = `<clickhouse>
  <logger>
    <level>trace</level>
    <log>/var/log/clickhouse-server/clickhouse-server.log</log>
    <errorlog>/var/log/clickhouse-server/clickhouse-server.err.log</errorlog>
    <size>1000M</size>
    <count>10</count>
  </logger>
  <http_port>8123</http_port>
  <tcp_port>9000</tcp_port>
  <mysql_port>9004</mysql_port>
  <postgresql_port>9005</postgresql_port>
  <interserver_http_port>9009</interserver_http_port>
  <openSSL><server><disableProtocols>sslv2,sslv3</disableProtocols></server></openSSL>
  <max_concurrent_queries>1000</max_concurrent_queries>
  <max_server_memory_usage_to_ram_ratio>0.9</max_server_memory_usage_to_ram_ratio>
  ${
  Object.entries(IMAGE_LOGS).map(([name, ttl]) =>
    `<${name}><database>system</database><table>${name}</table>${ttl && `<ttl>${ttl}</ttl>`}</${name}>`
  ).join("\n")
}
</clickhouse>`;

const NO_FILES = `<log remove="remove"/><errorlog remove="remove"/>`;
const EVERYWHERE = "<listen_host>::</listen_host><listen_host>0.0.0.0</listen_host><listen_try>1</listen_try>";
/** The image's docker_related_config.xml: as it was, and as it is since it writes no log files. */
const IMAGE_LISTENS = [
  `<clickhouse>${EVERYWHERE}</clickhouse>`,
  `<clickhouse>${EVERYWHERE}<logger><console>true</console>${NO_FILES}</logger></clickhouse>`,
];

/** All files of /etc/clickhouse-server as the container sees them. */
function configured(listen: string): Files {
  return {
    "config.xml": IMAGE,
    "config.d/10_online_store.xml": serverXml,
    "config.d/docker_related_config.xml": listen,
  };
}

const profiles = [...IMAGE_LISTENS, listenSecureXml].map(configured);

Deno.test({
  name: "server.xml closes the ports that nobody here asks, and leaves those that the image's start script needs",
  ignore,
  fn: async () => {
    for (const files of profiles) {
      const result = await merged(files);
      const ports = [...result.keys()].filter((name) => name.endsWith("_port")).sort();
      assertEquals(ports, ["http_port", "tcp_port"]);
    }
  },
});

Deno.test({
  name: "server.xml writes no log files into the container, which nothing would ever delete",
  ignore,
  fn: async () => {
    const names = ["log", "errorlog", "console"].map((name) => `'logger.${name}'`);
    const sql = `SELECT name, value, changed FROM system.server_settings WHERE name IN (${names}) ORDER BY name`;
    for (const files of profiles) {
      const [{ rows, error }] = await askConfigured(files, [sql]);
      assertEquals(error, null);
      assertEquals(rows, [
        { name: "logger.console", value: "1", changed: 1 },
        { name: "logger.errorlog", value: "", changed: 0 },
        { name: "logger.log", value: "", changed: 0 },
      ]);
    }
  },
});

Deno.test({
  name: "server.xml leaves no log of ClickHouse about itself that grows without an end",
  ignore,
  fn: async () => {
    const result = await merged(profiles[0]);
    const logs = [...result].filter(([name]) => name.endsWith("_log"));
    const endless = logs.filter(([, text]) => !/INTERVAL \d+ DAY/.test(text)).map(([name]) => name);
    assertEquals(endless.sort(), Object.keys(SILENT_LOGS).sort());
    for (const name of ["query_log", "part_log", "error_log"]) {
      assertStringIncludes(result.get(name)!, "event_date + INTERVAL 7 DAY DELETE");
    }
    const ends = new Set(logs.flatMap(([, text]) => text.match(/event_date \+ INTERVAL \d+ DAY( DELETE)?/g) ?? []));
    const tables = [...ends].map((end, index) =>
      `CREATE TABLE log_${index} (event_date Date) ENGINE = MergeTree ORDER BY event_date TTL ${end}`
    );
    const threads = "SELECT value FROM system.settings WHERE name = 'log_query_threads'";
    const [off, ...created] = await askConfigured(profiles[0], [threads, ...tables]);
    assertEquals(off.rows, [{ value: "0" }]);
    assertEquals(created.map(({ error }) => error), tables.map(() => null));
  },
});

Deno.test({
  name: "server.xml and listen.secure.xml, merged by the engine, say what they are meant to say",
  ignore,
  fn: async (t) => {
    const files = [["plain", profiles[0]], ["secure", profiles[2]]] as const;
    const [plain, secure] = await Promise.all(files.map(([, file]) => merged(file)));
    await t.step("limits and users' constraints", () => {
      for (const result of [plain, secure]) {
        assertEquals(result.get("max_concurrent_queries"), "100");
        assertEquals(result.get("max_server_memory_usage_to_ram_ratio"), "0.8");
        assertEquals(result.get("access_control_improvements"), "true");
      }
    });
    await t.step("plain: everywhere, metrics on a port of their own", () => {
      assertEquals([plain.get("listen_host"), plain.get("listen_host[1]")], ["::", "0.0.0.0"]);
      assertEquals(plain.get("prometheus"), "/metrics 9363 true true true true");
      assert(!plain.has("protocols"));
    });
    await t.step("secure: without TLS inside the container alone, but for the metrics", async () => {
      assertEquals([secure.get("listen_host"), secure.has("listen_host[1]")], ["127.0.0.1", false]);
      assertEquals(secure.get("prometheus"), "/metrics true true true true");
      const protocols = await merged({ "config.xml": section(listenSecureXml, "protocols") });
      assertEquals(Object.fromEntries(protocols), {
        plain_http: "http",
        plain_tcp: "tcp",
        plain_prometheus: "prometheus 0.0.0.0 9363",
        https: "tls plain_http 0.0.0.0 8443",
        tcp_secure: "tls plain_tcp 0.0.0.0 9440",
      });
    });
  },
});

/** Elements that the engine lists nowhere, with where they are described. */
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  // Server settings, "Composable protocols".
  listen_host: [],
  protocols: [],
  mysql_port: [],
  postgresql_port: [],
  // Server settings, "access_control_improvements".
  access_control_improvements: ["settings_constraints_replace_previous"],
  // Server settings, "prometheus".
  prometheus: ["endpoint", "port", "metrics", "events", "asynchronous_metrics", "errors"],
};
/** What a log's section may say: server settings, "query_log". */
const LOG_ELEMENTS = ["database", "table", "ttl", "flush_interval_milliseconds"];

/**
 * Elements of a file that ClickHouse does not know. A server of 26.8 does not start with an unknown top element;
 * whatever else it does not know, it ignores.
 */
async function unknownElements(text: string): Promise<string[]> {
  const names = await elementNames(text);
  const found: string[] = [];
  const settings = "SELECT name FROM system.server_settings";
  const logs = names.filter((name) => name.endsWith("_log"));
  const [{ rows }, ...flushed] = await askConfigured({ "config.xml": "<clickhouse/>" }, [
    settings,
    ...logs.map((name) => `SYSTEM FLUSH LOGS ${name}`),
  ]);
  const known = new Set(rows.map(({ name }) => String(name)));
  const inner = async (name: string, elements: (element: string) => boolean) => {
    if (!text.includes(`</${name}>`)) return;
    const children = await elementNames(section(text, name));
    found.push(...children.filter((child) => !elements(child)).map((child) => `${name}.${child}`));
  };
  for (const [index, name] of logs.entries()) {
    if (flushed[index].error !== null) found.push(name);
    await inner(name, (element) => LOG_ELEMENTS.includes(element));
  }
  for (const name of names.filter((name) => !name.endsWith("_log"))) {
    const prefix = `${name}.`;
    if (name === "openSSL") {
      for (const child of await elementNames(section(text, name, "server"))) {
        if (!known.has(`openSSL.server.${child}`)) found.push(`openSSL.server.${child}`);
      }
    } else if (SECTIONS[name] !== undefined) {
      if (SECTIONS[name].length > 0) await inner(name, (element) => SECTIONS[name].includes(element));
    } else if ([...known].some((setting) => setting.startsWith(prefix))) {
      await inner(name, (element) => known.has(`${prefix}${element}`));
    } else if (!known.has(name)) found.push(name);
  }
  return found.sort();
}

Deno.test({
  name: "server.xml and listen.secure.xml name nothing that ClickHouse does not know",
  ignore,
  fn: async (t) => {
    for (const [name, text] of Object.entries({ serverXml, listenSecureXml })) {
      await t.step(name, async () => assertEquals(await unknownElements(text), []));
    }
    await t.step("a misspelt name would be found, at each depth", async () => {
      const wrong = serverXml
        .replaceAll("max_concurrent_queries", "max_concurrent_querys")
        .replaceAll("<ttl>", "<tll>").replaceAll("</ttl>", "</tll>")
        .replaceAll("part_log", "parts_log")
        .replaceAll("console>", "consol>")
        .replaceAll("settings_constraints_replace_previous", "settings_constraints_replaces_previous");
      assertEquals(await unknownElements(wrong), [
        "access_control_improvements.settings_constraints_replaces_previous",
        "error_log.tll",
        "logger.consol",
        "max_concurrent_querys",
        "parts_log",
        "parts_log.tll",
        "query_log.tll",
      ]);
      const insecure = listenSecureXml.replaceAll("disableProtocols", "disabledProtocols");
      assertEquals(await unknownElements(insecure), ["openSSL.server.disabledProtocols"]);
    });
  },
});
