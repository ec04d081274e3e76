import { assert, assertEquals } from "@std/assert";
import { openClickHouse } from "../../src/adapters/clickhouse/open_clickhouse.ts";
import { METRICS } from "../../src/runtime/metric_names.ts";
import { expressions, rules } from "./expressions.ts";
import { KNOWN_METRICS, SOURCES } from "../../tools/dashboards/known_metrics.ts";
import { metricNames } from "./metric_names.ts";
import { hasPromtool } from "./promtool.ts";
import { textAt } from "./support.ts";
import { ownClickHouse } from "../own_clickhouse.ts";

Deno.test("metricNames() finds the metrics of an expression and nothing else", async (t) => {
  const cases: [expression: string, names: string[]][] = [
    ["up", ["up"]],
    ['sum by (a, b) (rate(x_total{a=~"y|z", b!=""}[5m])) / 1e6', ["x_total"]],
    ["histogram_quantile(0.99, sum by (le) (rate(h_bucket[1m]))) + on () clamp_min(max(l), 0)", ["h_bucket", "l"]],
    ['absent(a{s="b c"} == 1) and on () level:m:sum > bool 2', ["a", "level:m:sum"]],
    ["count(r == 0) or vector(0)", ["r"]],
    ['label_replace(k, "t", "$1", "u", "v[.](.+)") unless w offset 5m', ["k", "w"]],
  ];
  for (const [expression, names] of cases) {
    await t.step(expression, () => assertEquals(metricNames(expression), names));
  }
});

Deno.test("every expression asks only for metrics that exist", () => {
  const recorded = new Set(rules().flatMap(({ record }) => record ?? []));
  for (const { where, text } of expressions()) {
    const names = metricNames(text);
    assert(names.length > 0, `${where} asks for nothing`);
    for (const name of names) {
      assert(KNOWN_METRICS.has(name) || recorded.has(name), `${where} asks for "${name}", which is not known to exist`);
    }
  }
});

Deno.test("the names of others' metrics are among those that the services were seen to show", () => {
  // Computed by a server once a second, by disk.
  const unseen = ["ClickHouseAsyncMetrics_DiskAvailable_default"];
  for (const service of ["kafka", "debezium", "postgres", "clickhouse"]) {
    const seen = new Set(textAt(`tests/compose/data/metrics/${service}.txt`).split("\n"));
    assertEquals(SOURCES[service].filter((name) => !seen.has(name) && !unseen.includes(name)), [], service);
  }
});

Deno.test("expressions use labels that Weir's metrics have", () => {
  for (const { where, text } of expressions()) {
    for (const [, name, labels] of text.matchAll(/\b(weir_\w+)\{([^}]*)\}/g)) {
      const metric = METRICS[name] ?? METRICS[name.replace(/_(bucket|sum|count)$/, "")];
      for (const [, label] of labels.matchAll(/(\w+)\s*(?:=|!=|=~|!~)/g)) {
        assert(
          ["topology", "job", "instance", ...metric.labels].includes(label),
          `${where}: ${name} has no label "${label}"`,
        );
      }
    }
  }
});

Deno.test({
  name: "Prometheus can read every expression (promtool)",
  ignore: !await hasPromtool(),
  fn: async () => {
    const all = expressions();
    const file = await Deno.makeTempFile({ suffix: ".yml" });
    try {
      const list = all.map(({ text }, index) => ({ record: `panel:query:${index}`, expr: text }));
      // JSON is YAML.
      await Deno.writeTextFile(file, JSON.stringify({ groups: [{ name: "panels", rules: list }] }));
      const { success, stdout, stderr } = await new Deno.Command("promtool", { args: ["check", "rules", file] })
        .output();
      const said = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
      assert(success, said.replaceAll(/panel:query:(\d+)/g, (_, index) => all[Number(index)].where));
      console.log(`${all.length} expressions read by promtool`);
    } finally {
      await Deno.remove(file);
    }
  },
});

Deno.test("parentheses, brackets, braces and quotes of every expression are closed", () => {
  for (const { where, text } of expressions()) {
    const open: string[] = [];
    for (const sign of text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "")) {
      if ("([{".includes(sign)) open.push(sign);
      else if (")]}".includes(sign)) assertEquals(open.pop(), "([{"[")]}".indexOf(sign)], where);
      else assert(sign !== '"', where);
    }
    assertEquals(open, [], where);
  }
});

Deno.test("ClickHouse's metrics and events have the names that dashboards ask for", async () => {
  await using own = await ownClickHouse();
  const warehouse = openClickHouse({ url: own.server.url, database: "default" });
  try {
    const metrics = await warehouse.query("SELECT metric AS name FROM system.metrics");
    const events = await warehouse.query(
      "SELECT event AS name FROM system.events SETTINGS system_events_show_zero_values = 1",
    );
    const names = (rows: Record<string, unknown>[]) => new Set(rows.map(({ name }) => name));
    const [now, counted] = [names(metrics), names(events)];
    for (const name of SOURCES.clickhouse) {
      const [, kind, metric] = /^ClickHouse([A-Za-z]+)_(\w+)$/.exec(name)!;
      // Values computed once a second do not exist without a server; their names are from its documentation.
      if (kind === "AsyncMetrics") continue;
      assert((kind === "Metrics" ? now : counted).has(metric), `ClickHouse has no "${metric}" (${kind})`);
    }
  } finally {
    await warehouse.close();
  }
});
