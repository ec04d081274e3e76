import { expressions, rules } from "../../grafana/expressions.ts";
import { metricNames } from "../../grafana/metric_names.ts";
import type { Prometheus } from "./prometheus.ts";
import { until } from "./steps.ts";

/** Metrics that need not exist while all is well, or whose panels may stay empty, each with why. */
export const ABSENT: Readonly<Record<string, string>> = {
  weir_dead_letters_total: "nothing was set aside",
  weir_dead_letters_open: "nothing was set aside",
  weir_task_restarts_total: "no task began again",
  weir_repaired_rows_total: "nothing was altered by hand",
  weir_horizon_timestamp_seconds: "no topology here declares a retention",
};

interface Watched {
  readonly signal: AbortSignal;
  /** Whether a metric need not exist here, so that panels of it may stay empty. */
  readonly excused: (name: string) => boolean;
}

/** Every target is read, and their jobs are these. @throws Error for one that cannot be, or other jobs */
export async function allUp(
  prometheus: Prometheus,
  { jobs, signal }: { readonly jobs: readonly string[]; readonly signal: AbortSignal },
): Promise<string> {
  const found = await until(async () => {
    const targets = await prometheus.targets();
    const down = targets.filter(({ health }) => health === "down");
    if (down.length > 0) throw new Error(`${down[0].labels.job} cannot be read: ${down[0].lastError}`);
    const all = targets.length > 0 && targets.every(({ health }) => health === "up");
    return all && targets.map(({ labels }) => labels.job).sort();
  }, { signal, everyMs: 200 });
  if (found.join() !== jobs.join()) throw new Error(`it reads ${found}`);
  const [{ value }] = await prometheus.query("sum(scrape_samples_scraped)");
  return `${found.length} services, ${value![1]} series`;
}

/** Prometheus has every rule of compose/, and evaluates it. @throws Error with Prometheus' words */
export async function rulesHold(prometheus: Prometheus, signal: AbortSignal): Promise<string> {
  const states = await until(async () => {
    const all = await prometheus.rules();
    const broken = all.find(({ health }) => health === "err");
    if (broken !== undefined) throw new Error(`${broken.name}: ${broken.lastError}`);
    return all.every(({ health }) => health === "ok") && all;
  }, { signal, everyMs: 200 });
  if (states.length !== rules().length) throw new Error(`it has ${states.length} rules of ${rules().length}`);
  return `${states.length} rules`;
}

/** Each name in the expressions of dashboards and rules stands for series. @throws Error naming those that do not */
export async function namesExist(prometheus: Prometheus, { signal, excused }: Watched): Promise<string> {
  const recorded = rules().flatMap(({ record }) => record ?? []);
  const asked = new Set(expressions().flatMap(({ text }) => metricNames(text)));
  const wanted = [...asked].filter((name) => !recorded.includes(name));
  let absent: string[] = [];
  await until(async () => {
    const series = await Promise.all(wanted.map((name) => prometheus.query(`count(${name})`)));
    absent = wanted.filter((name, index) => series[index].length === 0 && !excused(name));
    return absent.length === 0;
  }, { signal, everyMs: 500, lastWords: () => `there is no ${absent.join(", ")}` });
  return `${wanted.filter((name) => !excused(name)).length} names`;
}

/** Every expression is answered, and no panel stays empty. @throws Error with where it stands */
export async function answered(prometheus: Prometheus, { signal, excused }: Watched): Promise<string> {
  const all = expressions();
  for (const { where, text } of all) {
    const isPanel = where.startsWith('"');
    const mayBeEmpty = !isPanel || metricNames(text).every(excused);
    // What shows troubles alone is empty while there are none; what it counts is there.
    const asked = text.replace(/ > 0$/, "");
    // A rate needs two looks at what is counted.
    await until(async () => {
      await prometheus.query(text);
      return (await prometheus.graph(asked, { seconds: 60, step: 2 })).length > 0 || mayBeEmpty;
    }, { signal, everyMs: 500 }).catch((error) => {
      throw new Error(`${where}: ${(error as Error).message}`);
    });
  }
  return `${all.length} PromQL expressions evaluated on Prometheus`;
}

/** Names of the alerts that are pending or firing. */
export async function raisedAlerts(prometheus: Prometheus): Promise<string[]> {
  const all = await prometheus.rules();
  return all.filter(({ state }) => state !== undefined && state !== "inactive").map(({ name }) => name);
}
