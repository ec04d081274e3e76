import { assertEquals } from "@std/assert";
import { parse } from "yaml";
import { projectPath, readText } from "./compose_files.ts";

/**
 * The keys that Grafana 13.2 and the plugin 4.20.0 read, as their documentation lists them. Grafana ignores a key that
 * it does not know, so a misspelt one would be noticed by nobody.
 */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  datasource: [
    ..."name uid type access orgId url user database basicAuth basicAuthUser withCredentials isDefault".split(" "),
    ..."jsonData secureJsonData version editable".split(" "),
  ],
  "grafana-clickhouse-datasource": [
    ..."host port protocol secure path username defaultDatabase defaultTable dialTimeout queryTimeout".split(" "),
    ..."connMaxLifetime maxIdleConns maxOpenConns validateSql tlsSkipVerify tlsAuth tlsAuthWithCACert".split(" "),
    ..."enableRowLimit rowCapacityHint customSettings httpHeaders forwardGrafanaHeaders logs traces".split(" "),
  ],
  prometheus: [
    ..."httpMethod timeInterval queryTimeout prometheusType prometheusVersion cacheLevel manageAlerts".split(" "),
    ..."incrementalQuerying disableMetricsLookup customQueryParameters exemplarTraceIdDestinations".split(" "),
  ],
  secret: ["password", "tlsCACert", "tlsClientCert", "tlsClientKey"],
  provider: [
    ..."name orgId folder folderUid type disableDeletion allowUiUpdates updateIntervalSeconds options".split(" "),
  ],
  options: ["path", "foldersFromFilesStructure"],
  group: ["orgId", "name", "folder", "interval", "rules"],
  rule: [
    ..."uid title condition data dashboardUid panelId noDataState execErrState for keepFiringFor annotations".split(
      " ",
    ),
    ..."labels isPaused missing_series_evals_to_resolve notification_settings record".split(" "),
  ],
  query: ["refId", "queryType", "relativeTimeRange", "datasourceUid", "model"],
};

type Section = Readonly<Record<string, unknown>>;
interface Provisioned {
  readonly apiVersion: number;
  readonly datasources?: readonly (Section & { type: string; jsonData?: Section; secureJsonData?: Section })[];
  readonly providers?: readonly (Section & { options: Section })[];
  readonly groups?: readonly (Section & { rules: readonly (Section & { data: readonly Section[] })[] })[];
}

/** Keys of a file that nobody reads, each with the kind of section it is in. */
function unknownKeys(text: string): string[] {
  const file: Provisioned = parse(text);
  const found: string[] = [];
  const check = (kind: string, section: Section = {}) =>
    found.push(...Object.keys(section).filter((key) => !KEYS[kind].includes(key)).map((key) => `${kind}: ${key}`));
  for (const datasource of file.datasources ?? []) {
    check("datasource", datasource);
    check(datasource.type, datasource.jsonData);
    check("secret", datasource.secureJsonData);
  }
  for (const provider of file.providers ?? []) {
    check("provider", provider);
    check("options", provider.options);
  }
  for (const group of file.groups ?? []) {
    check("group", group);
    for (const rule of group.rules) {
      check("rule", rule);
      for (const query of rule.data) check("query", query);
    }
  }
  return found;
}

const FILES = [
  "grafana/provisioning/datasources/datasources.yaml",
  "grafana/provisioning/dashboards/dashboards.yaml",
  "grafana/provisioning/alerting/rules.yaml",
  "compose/grafana/datasources.secure.yaml",
  "grafana/provisioning/plugins/plugins.yaml",
];

Deno.test("Grafana finds every directory of provisioning files, so that it starts without an error", async () => {
  const found = [];
  for await (const { name, isDirectory } of Deno.readDir(projectPath("grafana/provisioning"))) {
    const files = isDirectory ? [...Deno.readDirSync(projectPath(`grafana/provisioning/${name}`))] : [];
    // Git keeps no empty directory.
    if (files.length > 0) found.push(name);
  }
  // Those that Grafana 13.2 reads at its start.
  assertEquals(found.sort(), ["alerting", "dashboards", "datasources", "plugins"]);
});

Deno.test("Grafana's provisioning files have only keys that Grafana and the plugin read", () => {
  for (const file of FILES) {
    const text = readText(file);
    assertEquals(unknownKeys(text), [], file);
    assertEquals(parse(text).apiVersion, 1, file);
  }
  const misspelt = readText(FILES[0]).replace("defaultDatabase", "database").replace("isDefault", "default");
  assertEquals(unknownKeys(misspelt), ["datasource: default", "grafana-clickhouse-datasource: database"]);
  const rules = readText(FILES[2]).replace("execErrState", "execErrorState").replace("relativeTimeRange", "timeRange");
  assertEquals(unknownKeys(rules), ["rule: execErrorState", "query: timeRange"]);
});

Deno.test("Grafana's provisioning files name no variable that Grafana would replace but a secret's file", () => {
  for (const file of FILES) {
    // Of an alert rule, the query alone is taken as it is written, so that macros such as $__fromTime survive.
    const values = JSON.stringify(parse(readText(file)), (key, value) => key === "model" ? undefined : value);
    const variables = values.match(/\$[^"]*/g) ?? [];
    const others = variables.filter((text) => !/^\$__file\{\/run\/secrets\/[a-z_.]+\}$/.test(text));
    assertEquals(others, [], file);
  }
});
