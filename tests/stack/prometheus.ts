import { parse } from "yaml";
import { projectPath, type StackLayout } from "./layout.ts";

interface ScrapeConfig {
  readonly job_name: string;
  readonly [setting: string]: unknown;
}

/** Often, so that a test soon has the two points that a rate needs. */
const SCRAPE_INTERVAL = "2s";

/** Where a job of compose/prometheus.yml is found on this stack; `null` for what does not exist here. */
function targetOf(job: string, ports: StackLayout["ports"]): number | null {
  switch (job) {
    case "weir":
      return ports.weir;
    case "kafka":
      return ports.kafkaMetrics;
    case "debezium":
      return ports.connectMetrics;
    case "postgres":
      return ports.postgresMetrics;
    case "prometheus":
      return ports.prometheus;
    case "clickhouse":
      // The library behind the HTTP front shows its metrics in tables alone.
      return null;
    default:
      throw new TypeError(`Cannot scrape "${job}" on this stack: it is not known where it listens`);
  }
}

/** compose/prometheus.yml with its own rules, on this stack's addresses. */
export function prometheusConfig({ ports }: StackLayout): Record<string, unknown> {
  const config = parse(Deno.readTextFileSync(projectPath("compose/prometheus.yml")));
  const jobs = (config.scrape_configs as ScrapeConfig[]).flatMap(({ job_name }) => {
    const port = targetOf(job_name, ports);
    return port === null ? [] : [{ job_name, static_configs: [{ targets: [`127.0.0.1:${port}`] }] }];
  });
  return {
    ...config,
    global: { ...config.global, scrape_interval: SCRAPE_INTERVAL, evaluation_interval: SCRAPE_INTERVAL },
    rule_files: config.rule_files.map((file: string) => projectPath(`compose/prometheus/${file}`)),
    scrape_configs: jobs,
  };
}
