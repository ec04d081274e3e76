import { assert, assertEquals } from "@std/assert";
import { parse } from "yaml";
import { METRICS } from "../../src/runtime/metric_names.ts";
import { allowed, hasProgram, projectPath, readCompose, readText } from "./compose_files.ts";
import { computedReach } from "./networks.ts";

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const files = ["recording.yml", "alerts.yml"];
const rules: Rule[] = files.flatMap((file) =>
  parse(readText(`compose/prometheus/rules/${file}`)).groups.flatMap((group: { rules: Rule[] }) => group.rules)
);
const config = parse(readText("compose/prometheus.yml"));
const needsPromtool = allowed && hasProgram("promtool") ? "" : " (promtool is missing: apt-get install prometheus)";

/** Words of PromQL that are no metrics: functions, operators, keywords. */
const WORDS = new Set(
  ("absent and by bool count group_left histogram_quantile ignoring increase label_replace last_over_time le max min " +
    "min_over_time offset on or rate round sum time unless vector without").split(" "),
);

/** Names of the series that an expression asks for. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, "")
    .replaceAll(/\[[^\]]*\]/g, "")
    .replaceAll(/\b(by|on|without|ignoring|group_left)\s*\([^)]*\)/g, "")
    .replaceAll(/\boffset\s+\w+/g, "");
  return [...bare.matchAll(/[a-zA-Z_:][\w:]*/g)].map(([name]) => name).filter((name) =>
    !WORDS.has(name) && !/^e\d+$/.test(name)
  );
}

Deno.test("metricsIn() finds the names of series and nothing else", () => {
  assertEquals(metricsIn('sum by (a, b) (rate(x_total{y="z"}[5m])) > 1e9 and on () up{job="w"} == 1'), [
    "x_total",
    "up",
  ]);
  assertEquals(metricsIn("a:b:sum unless c offset 15m"), ["a:b:sum", "c"]);
});

Deno.test("every metric that a rule uses is shown by a service", () => {
  const weir = Object.entries(METRICS).flatMap(([name, { kind }]) =>
    kind === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
  );
  const others = ["kafka", "debezium", "postgres", "clickhouse"].flatMap((name) =>
    readText(`tests/compose/data/metrics/${name}.txt`).trim().split("\n")
  );
  const recorded = rules.flatMap(({ record }) => record ?? []);
  const known = new Set([...weir, ...others, ...recorded, "up"]);
  const used = rules.flatMap(({ expr }) => metricsIn(expr));
  assert(used.length > 20, `only ${used.length} names were found`);
  assertEquals([...new Set(used.filter((name) => !known.has(name)))], []);
});

Deno.test("every label that a rule groups Weir's metrics by is one that they have", () => {
  for (const { expr } of rules) {
    for (const [, labels, rest] of expr.matchAll(/(?:sum|max|min) by \(([^)]*)\)\s*\((.*)/gs)) {
      const metric = metricsIn(rest).find((name) => name.startsWith("weir_"))?.replace(/_(bucket|sum|count)$/, "");
      const own = metric === undefined ? undefined : METRICS[metric]?.labels;
      if (own === undefined) continue;
      for (const label of labels.split(",").map((text) => text.trim())) {
        assert([...own, "topology", "instance", "le"].includes(label), `${metric} has no label ${label}`);
      }
    }
  }
});

Deno.test("alerts cover what the store can suffer from, say what to do, and each is tested", () => {
  const alerts = rules.filter(({ alert }) => alert !== undefined);
  const about = (pattern: RegExp) => alerts.some(({ alert }) => pattern.test(alert!));
  const needed = [
    /ConsumerLag/,
    /DeadLetters/,
    /StaleKeys/,
    /GroupsSetAside/,
    /TopologyDegraded/,
    /RetainsWal/,
    /NotReady/,
    /NoRows/,
    /UnderReplicated/,
    /ManyParts/,
    /ServiceDown/,
  ];
  for (const pattern of needed) assert(about(pattern), String(pattern));
  const tested = readText("tests/compose/prometheus/alerts_test.yml");
  for (const { alert, labels, annotations } of alerts) {
    assert(["page", "ticket"].includes(labels?.severity ?? ""), alert);
    assert((annotations?.summary ?? "") !== "" && (annotations?.description ?? "") !== "", alert);
    assert(
      new RegExp(`alertname: ${alert}\\n        exp_alerts:\\n`).test(tested),
      `${alert} never fires in the tests`,
    );
  }
});

Deno.test("prometheus.yml scrapes every service that has numbers, where compose.yaml has it listen", () => {
  const compose = readCompose("compose.yaml");
  const targets = config.scrape_configs.flatMap((
    job: { static_configs?: { targets: string[] }[]; dns_sd_configs?: { names: string[]; port: number }[] },
  ) => [
    ...(job.static_configs ?? []).flatMap(({ targets }) => targets),
    ...(job.dns_sd_configs ?? []).flatMap(({ names, port }) => names.map((name) => `${name}:${port}`)),
  ]);
  assertEquals(targets, [
    "weir:8686",
    "kafka:7071",
    "debezium:9404",
    "clickhouse:9363",
    "postgres-exporter:9187",
    "127.0.0.1:9090",
  ]);
  const { prometheus } = computedReach(compose, "plain");
  for (const target of targets.slice(0, -1)) assert(prometheus.includes(target), target);
  assert(compose.services.debezium.environment!.KAFKA_OPTS.includes("=9404:"));
  assert(readText("compose/init/clickhouse/server.xml").includes("<port>9363</port>"));
  const jobs = config.scrape_configs.map(({ job_name }: { job_name: string }) => job_name);
  for (const { expr } of rules) {
    for (const [, job] of expr.matchAll(/job!?="([^"]+)"/g)) assert(jobs.includes(job), `${expr}: no job ${job}`);
  }
});

for (
  const args of [
    ["check", "config", "compose/prometheus.yml"],
    ["check", "rules", ...files.map((file) => `compose/prometheus/rules/${file}`)],
    ["test", "rules", "tests/compose/prometheus/alerts_test.yml"],
  ]
) {
  Deno.test({
    name: `promtool ${args.slice(0, 2).join(" ")} accepts it${needsPromtool}`,
    ignore: needsPromtool !== "",
    async fn() {
      const { success, stdout, stderr } = await new Deno.Command("promtool", { args, cwd: projectPath(".") }).output();
      assert(success, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
    },
  });
}
