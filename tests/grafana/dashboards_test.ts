import { Ajv } from "ajv";
import { assert, assertEquals } from "@std/assert";
import { parse } from "yaml";
import { DASHBOARDS, DIRECTORY, textOf } from "../../tools/dashboards/mod.ts";
import type { Dashboard, DataSourceRef, ValueMapping } from "../../tools/dashboards/model.ts";
import { committed, panelsOf, textAt } from "./support.ts";

interface Provisioned {
  readonly name: string;
  readonly uid: string;
  readonly type: string;
  readonly jsonData: Record<string, unknown>;
  readonly secureJsonData?: Record<string, string>;
}

const provisioned = (path: string): Provisioned[] => parse(textAt(path)).datasources;
const DATA_SOURCES = "grafana/provisioning/datasources/datasources.yaml";

Deno.test("the committed dashboards are those that tools/dashboards/write.ts writes", () => {
  for (const [file, dashboard] of Object.entries(DASHBOARDS)) {
    assert(
      textAt(`${DIRECTORY}/${file}`) === textOf(dashboard),
      `${file} is not as generated. Run: deno run -A tools/dashboards/write.ts`,
    );
  }
  const files = [...Deno.readDirSync(new URL(`../../${DIRECTORY}`, import.meta.url))].map(({ name }) => name);
  assertEquals(files.sort(), Object.keys(DASHBOARDS).sort());
});

Deno.test("the dashboards are valid for Grafana's model", () => {
  const validate = new Ajv({ allErrors: true }).compile(JSON.parse(textAt("tests/grafana/dashboard_schema.json")));
  for (const [file, dashboard] of committed()) {
    assert(validate(dashboard), `${file}: ${JSON.stringify(validate.errors, null, 1)}`);
  }
  const [[, sales]] = committed();
  const broken: [string, unknown][] = [
    ["another version", { ...sales, schemaVersion: 41 }],
    ["an unknown property", { ...sales, pannels: [] }],
    ["a panel of an unknown type", { ...sales, panels: [{ ...sales.panels[0], type: "graph" }] }],
    ["a panel without a query", { ...sales, panels: [{ ...sales.panels[0], targets: [] }] }],
  ];
  for (const [what, dashboard] of broken) assert(!validate(dashboard), `The schema lets ${what} pass`);
});

Deno.test("uids of dashboards, ids of panels and names of queries are unique", () => {
  const dashboards = committed().map(([, dashboard]) => dashboard);
  assertUnique(dashboards.map(({ uid }) => uid));
  assertUnique(dashboards.map(({ title }) => title));
  for (const dashboard of dashboards) {
    assertUnique(dashboard.panels.map(({ id }) => id));
    for (const panel of panelsOf(dashboard)) assertUnique(panel.targets.map(({ refId }) => refId));
  }
});

Deno.test("panels fill the grid without overlapping", () => {
  for (const [file, { panels }] of committed()) {
    const taken = new Set<string>();
    for (const { title, gridPos: { x, y, w, h } } of panels) {
      assert(x + w <= 24, `"${title}" in ${file} leaves the grid`);
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          assert(!taken.has(`${column} ${line}`), `"${title}" in ${file} overlaps another panel`);
          taken.add(`${column} ${line}`);
        }
      }
    }
  }
});

Deno.test("every data source that is asked is provisioned, under the same uid and type", () => {
  const known = new Map(provisioned(DATA_SOURCES).map(({ uid, type }) => [uid, type]));
  for (const [file, dashboard] of committed()) {
    for (const { type, uid } of sourcesIn(dashboard)) {
      assertEquals(known.get(uid), type, `${file} asks data source "${uid}"`);
    }
  }
  const rules = parse(textAt("grafana/provisioning/alerting/rules.yaml"));
  for (const { datasourceUid } of rules.groups.flatMap(ruleQueries)) {
    assert(datasourceUid === "__expr__" || known.has(datasourceUid), `An alert asks data source "${datasourceUid}"`);
  }
});

Deno.test("the data sources of the secure profile differ in nothing but the way to ClickHouse", () => {
  const plain = provisioned(DATA_SOURCES);
  const secure = provisioned("compose/grafana/datasources.secure.yaml");
  const [clickhouse, prometheus] = plain;
  const { password } = clickhouse.secureJsonData!;
  assertEquals(secure, [
    {
      ...clickhouse,
      jsonData: { ...clickhouse.jsonData, port: 9440, secure: true, tlsAuthWithCACert: true },
      secureJsonData: { password, tlsCACert: "$__file{/run/secrets/ca.crt}" },
    },
    prometheus,
  ]);
  assertEquals(password, "$__file{/run/secrets/grafana_reader_password}");
});

Deno.test("every variable that a query uses is defined, and every one that is defined is used", () => {
  for (const [file, dashboard] of committed()) {
    const used = new Set<string>();
    for (const panel of panelsOf(dashboard)) {
      for (const target of panel.targets) {
        const text = "rawSql" in target ? target.rawSql : target.expr;
        for (const match of text.matchAll(/\$(?!__)\{?(\w+)/g)) if (!/^\d+$/.test(match[1])) used.add(match[1]);
      }
    }
    assertEquals([...used].sort(), dashboard.templating.list.map(({ name }) => name).sort(), file);
  }
});

Deno.test("overrides name columns that their panel's queries give", () => {
  for (const [file, dashboard] of committed()) {
    for (const panel of panelsOf(dashboard)) {
      for (const { matcher } of panel.fieldConfig.overrides) {
        const given = panel.targets.some((target) =>
          "rawSql" in target
            ? target.rawSql.includes(`AS "${matcher.options}"`)
            : target.legendFormat === matcher.options
        );
        assert(given, `"${panel.title}" in ${file} overrides "${matcher.options}", which no query gives`);
      }
    }
  }
});

Deno.test("queries of ClickHouse ask views within the time range and set nothing", () => {
  for (const [file, dashboard] of committed()) {
    for (const panel of panelsOf(dashboard)) {
      for (const target of panel.targets) {
        if (!("rawSql" in target)) continue;
        const where = `"${panel.title}" in ${file}`;
        // The reader may change no setting.
        assert(!/\bSETTINGS\b/.test(target.rawSql), where);
        // Rows hold old versions: good for finding ids, not for showing anything.
        const shown = target.rawSql.replaceAll(
          /SELECT (order_item_id|count\(\)) FROM sales_rows\b|FROM \w+_rows FINAL\b/g,
          "",
        );
        assert(!/_rows\b/.test(shown), `${where} shows old versions`);
        assert(/\$__(timeFilter|dateFilter)\(/.test(target.rawSql), `${where} reads everything`);
        if (target.format === 0) {
          assert(/ AS time\b.* ORDER BY time\b/.test(target.rawSql), `${where} is not sorted by time`);
        }
      }
    }
  }
});

Deno.test("series that are named by a label call their number Value, which legends leave out", () => {
  let named = 0;
  for (const { title, sql } of clickhouseSeries()) {
    const [, columns] = /^SELECT (.*?) FROM /s.exec(sql)!;
    // Columns that are no expression are labels here: every number has a name of its own.
    if (!/, \w+,/.test(columns.replaceAll(/\([^()]*\)/g, ""))) continue;
    named++;
    assertEquals([...columns.matchAll(/ AS (\S+)$/g)].map(([, name]) => name), ['"Value"'], title);
  }
  assertEquals(named, 4);
});

Deno.test("texts are chosen by their hexadecimal digits, as the plugin does not quote a backslash", () => {
  for (const [file, dashboard] of committed()) {
    const byText = new Set<string>();
    for (const panel of panelsOf(dashboard)) {
      for (const target of panel.targets) {
        if (!("rawSql" in target)) continue;
        for (const [condition, name] of target.rawSql.matchAll(/\$__conditionalAll\([^$]*\$\{(\w+):sqlstring\}/g)) {
          byText.add(name);
          assert(condition.startsWith("$__conditionalAll(hex("), `"${panel.title}" in ${file}: ${condition}`);
        }
      }
    }
    for (const { name, query } of dashboard.templating.list) {
      if (byText.has(name)) assert(query.startsWith("SELECT DISTINCT hex(text) AS value, "), `$${name} in ${file}`);
    }
  }
});

Deno.test("tables and large numbers show counts with all their digits", () => {
  for (const [file, dashboard] of committed()) {
    for (const { type, title, fieldConfig: { defaults, overrides } } of panelsOf(dashboard)) {
      if (type === "timeseries") continue;
      const units = [defaults.unit, ...overrides.flatMap(({ properties }) => properties.map(({ value }) => value))];
      assert(!units.includes("short"), `"${title}" in ${file} would show 1,150 as 1.15 K`);
    }
  }
});

Deno.test("a state is shown as a word", () => {
  const states = /debezium_streaming_connected|\(debezium_snapshot_snapshotrunning\)|pg_replication_slots_active/;
  let shown = 0;
  for (const [file, dashboard] of committed()) {
    for (const panel of panelsOf(dashboard)) {
      for (const target of panel.targets) {
        if (panel.type !== "stat" || !("expr" in target) || !states.test(target.expr)) continue;
        const own = panel.fieldConfig.overrides.find(({ matcher }) => matcher.options === target.legendFormat);
        const mapped = panel.fieldConfig.defaults.mappings ??
          own?.properties.find(({ id }) => id === "mappings")?.value as ValueMapping[] | undefined;
        assertEquals(Object.keys(mapped?.[0].options ?? {}), ["0", "1"], `"${panel.title}" in ${file}`);
        shown++;
      }
    }
  }
  assertEquals(shown, 3);
});

function clickhouseSeries(): { readonly title: string; readonly sql: string }[] {
  return committed().flatMap(([, dashboard]) => panelsOf(dashboard)).flatMap(({ title, targets }) =>
    targets.flatMap((target) => "rawSql" in target && target.format === 0 ? [{ title, sql: target.rawSql }] : [])
  );
}

function sourcesIn(dashboard: Dashboard): DataSourceRef[] {
  const panels = panelsOf(dashboard);
  return [
    ...panels.flatMap((panel) => [panel.datasource, ...panel.targets.map((target) => target.datasource)]),
    ...dashboard.templating.list.map((variable) => variable.datasource),
  ];
}

function ruleQueries(group: { rules: { data: { datasourceUid: string }[] }[] }): { datasourceUid: string }[] {
  return group.rules.flatMap((rule) => rule.data);
}

function assertUnique(values: readonly (string | number)[]): void {
  assertEquals(values.filter((value, index) => values.indexOf(value) !== index), []);
}
