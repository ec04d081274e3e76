import { expressions, rules } from "../../../grafana/expressions.ts";
import { metricNames } from "../../../grafana/metric_names.ts";
import { SOURCES } from "../../../../tools/dashboards/known_metrics.ts";
import { startService } from "../../mod.ts";
import { notStartable } from "../../services.ts";
import { openPrometheus, type Prometheus } from "../prometheus.ts";
import type { Stage } from "../stage.ts";
import { until } from "../steps.ts";
import type { WeirProcess } from "../weir.ts";
import type { Scenario } from "./scenario.ts";

/** Metrics that need not exist here, or whose panels may stay empty, each with why. */
const ABSENT: Readonly<Record<string, string>> = {
  weir_dead_letters_total: "nothing was set aside",
  weir_dead_letters_open: "nothing was set aside",
  weir_task_restarts_total: "no task began again",
  weir_repaired_rows_total: "nothing was altered by hand",
  weir_proof_differing_rows: "VERIFY_DATABASE_URL is not set",
  weir_proof_checked_timestamp_seconds: "VERIFY_DATABASE_URL is not set",
  weir_proof_left_out: "VERIFY_DATABASE_URL is not set",
  pg_replication_slot_safe_wal_size_bytes: "newer than Debian's exporter",
};

/** Jobs of compose/prometheus.yml that this stack has: all but ClickHouse, whose library has no endpoint of its own. */
const JOBS = ["debezium", "kafka", "postgres", "prometheus", "weir"];

/** A real Prometheus with the configuration and the rules of compose/ reads the real services. */
export const monitoring: Scenario = {
  title: "Prometheus",
  async run(stage) {
    const { steps, layout, options } = stage;
    const missing = (["prometheus", "postgres-exporter"] as const).map(notStartable).filter((why) => why !== null);
    if (missing.length > 0) return missing.forEach((why) => steps.say(`SKIP  ${why}`));
    const weir = stage.startWeir(undefined, { WEIR_PORT: String(layout.ports.weir) });
    await steps.step("Weir runs", (signal) => weir.ready(signal), { withinMs: 120_000 });
    const prometheus = openPrometheus(layout);
    await steps.step("it reads Weir, Kafka's and Debezium's JMX, and PostgreSQL", async (signal) => {
      await startService("postgres-exporter", options);
      await startService("prometheus", options);
      return await allUp(prometheus, signal);
    });
    await steps.step("every rule is evaluated without error", (signal) => rulesHold(prometheus, signal));
    await steps.step("every metric asked for exists", (signal) => metricsExist(stage, prometheus, { signal }));
    await steps.step("every expression of dashboards and rules is answered, and no panel is empty", async (signal) => {
      const figures = await answered(prometheus, signal);
      stage.figures.push(figures);
      return figures;
    });
    await alerts(stage, { weir, prometheus });
  },
};

async function allUp(prometheus: Prometheus, signal: AbortSignal): Promise<string> {
  const jobs = await until(async () => {
    const targets = await prometheus.targets();
    const down = targets.filter(({ health }) => health === "down");
    if (down.length > 0) throw new Error(`${down[0].labels.job} cannot be read: ${down[0].lastError}`);
    const all = targets.length > 0 && targets.every(({ health }) => health === "up");
    return all && targets.map(({ labels }) => labels.job).sort();
  }, { signal, everyMs: 200 });
  if (jobs.join() !== JOBS.join()) throw new Error(`it reads ${jobs}`);
  const [{ value }] = await prometheus.query("sum(scrape_samples_scraped)");
  return `${jobs.length} services, ${value![1]} series`;
}

async function rulesHold(prometheus: Prometheus, signal: AbortSignal): Promise<string> {
  const states = await until(async () => {
    const all = await prometheus.rules();
    const broken = all.find(({ health }) => health === "err");
    if (broken !== undefined) throw new Error(`${broken.name}: ${broken.lastError}`);
    return all.every(({ health }) => health === "ok") && all;
  }, { signal, everyMs: 200 });
  if (states.length !== rules().length) throw new Error(`it has ${states.length} rules of ${rules().length}`);
  return `${states.length} rules`;
}

/** Whether each name in the expressions stands for series of this stack. */
async function metricsExist(
  stage: Stage,
  prometheus: Prometheus,
  { signal }: { readonly signal: AbortSignal },
): Promise<string> {
  const recorded = rules().flatMap(({ record }) => record ?? []);
  const asked = new Set(expressions().flatMap(({ text }) => metricNames(text)));
  const wanted = [...asked].filter((name) => !SOURCES.clickhouse.includes(name) && !recorded.includes(name));
  // Prometheus is told of rows only when there are some.
  await stage.sql("UPDATE orders SET updated_at = now() WHERE id = (SELECT min(id) FROM orders)");
  let absent: string[] = [];
  await until(async () => {
    const series = await Promise.all(wanted.map((name) => prometheus.query(`count(${name})`)));
    absent = wanted.filter((name, index) => series[index].length === 0 && !(name in ABSENT));
    return absent.length === 0;
  }, { signal, everyMs: 500, lastWords: () => `there is no ${absent.join(", ")}` });
  return `${wanted.length} names`;
}

async function answered(prometheus: Prometheus, signal: AbortSignal): Promise<string> {
  const all = expressions();
  for (const { where, text } of all) {
    const isPanel = where.startsWith('"');
    const mayBeEmpty = !isPanel ||
      metricNames(text).every((name) => name in ABSENT || SOURCES.clickhouse.includes(name));
    // A rate needs two looks at what is counted.
    await until(async () => {
      await prometheus.query(text);
      return (await prometheus.graph(text, { seconds: 60, step: 2 })).length > 0 || mayBeEmpty;
    }, { signal, everyMs: 500 }).catch((error) => {
      throw new Error(`${where}: ${(error as Error).message}`);
    });
  }
  return `${all.length} PromQL expressions evaluated on Prometheus`;
}

/** What goes wrong is noticed: nothing is, while all is well, and that Weir has ended. */
async function alerts({ steps }: Stage, { weir, prometheus }: { weir: WeirProcess; prometheus: Prometheus }) {
  const raised = async () =>
    (await prometheus.rules()).filter(({ state }) => state !== undefined && state !== "inactive");
  await steps.step("no alert is raised", async (signal) => {
    let names: string[] = [];
    // A moment in which a busy machine does not answer is forgiven; an alert that is wrong stays.
    await until(async () => (names = (await raised()).map(({ name }) => name)).length === 0, {
      signal,
      everyMs: 500,
      lastWords: () => `${names} are raised`,
    });
  });
  await steps.step("Ctrl-C ends Weir in order", (signal) => weir.end(signal));
  await steps.step("an alert is raised about it", async (signal) => {
    await until(async () => (await raised()).some(({ name }) => name === "WeirDown"), { signal, everyMs: 200 });
  });
}
