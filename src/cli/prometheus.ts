import { Counter, Gauge, Histogram, Registry } from "prom-client";
import process from "node:process";
import type { Labels, Metrics } from "../ports/metrics.ts";
import { type MetricInfo, METRICS } from "../runtime/metric_names.ts";

/** The Metrics port in Prometheus' format. */
export interface PrometheusMetrics extends Metrics {
  /** Sum of a counter over all labels but these; 0 before the first count. */
  total(name: string, labels: Labels): number;
  /** What a counter has counted, by its labels; without those that stand at 0. */
  counts(name: string): readonly { readonly labels: Labels; readonly value: number }[];
  /** Removes the gauges of a topology: what they say is over, and an old value would pass for a new one. */
  forgetGauges(topology: string): void;
  readonly contentType: string;
  /** All metrics as text, those of the process included. */
  text(): Promise<string>;
}

/** One series, bound to its labels: looking it up by label values costs more than counting. */
interface Series {
  readonly add: (value: number) => void;
  readonly labels: Labels;
  /** What was counted, of a counter. */
  value: number;
}

interface Family {
  readonly info: MetricInfo;
  readonly names: readonly string[];
  readonly metric: Counter | Gauge | Histogram;
  readonly series: Map<string, Series>;
}

/** Makes an empty set of metrics: those of {@link METRICS}, and memory, processor time and start of the process. */
export function createPrometheusMetrics(): PrometheusMetrics {
  const registry = new Registry();
  const families = new Map(Object.entries(METRICS).map(([name, info]) => [name, familyOf(registry, { name, info })]));
  addProcessMetrics(registry);

  const seriesOf = (name: string, labels: Labels): Series => {
    const family = families.get(name);
    if (family === undefined) throw new TypeError(`Cannot report "${name}" as a metric: it is not among METRICS`);
    const values = family.names.map((label) => labels[label] ?? "");
    const id = values.join("\n");
    let series = family.series.get(id);
    if (series === undefined) {
      series = { add: bind(family, values), labels: { ...labels }, value: 0 };
      family.series.set(id, series);
    }
    return series;
  };
  /** What each series of a counter has counted. */
  const totals = (name: string) => [...families.get(name)?.series.values() ?? []];

  return {
    count(name, labels, value = 1) {
      const series = seriesOf(name, labels);
      series.add(value);
      series.value += value;
    },
    gauge: (name, labels, value) => seriesOf(name, labels).add(value),
    observe: (name, labels, value) => seriesOf(name, labels).add(value),
    total(name, labels) {
      const matching = totals(name).filter((entry) =>
        Object.entries(labels).every(([label, text]) => entry.labels[label] === text)
      );
      return matching.reduce((sum, entry) => sum + entry.value, 0);
    },
    counts: (name) => totals(name).filter(({ value }) => value > 0),
    forgetGauges(topology) {
      for (const { metric, names, series } of families.values()) {
        if (!(metric instanceof Gauge)) continue;
        for (const id of [...series.keys()]) {
          const values = id.split("\n");
          if (values[names.indexOf("topology")] !== topology) continue;
          metric.remove(...values);
          series.delete(id);
        }
      }
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

function familyOf(registry: Registry, { name, info }: { name: string; info: MetricInfo }): Family {
  const names = ["topology", ...info.labels];
  const configuration = { name, help: info.help, labelNames: names, registers: [registry] };
  const metric = info.kind === "counter"
    ? new Counter(configuration)
    : info.kind === "gauge"
    ? new Gauge(configuration)
    : new Histogram({ ...configuration, ...(info.buckets === undefined ? {} : { buckets: [...info.buckets] }) });
  return { info, names, metric, series: new Map() };
}

function bind({ metric }: Family, values: readonly string[]): (value: number) => void {
  if (metric instanceof Counter) {
    const child = metric.labels(...values);
    return (value) => child.inc(value);
  }
  if (metric instanceof Gauge) {
    const child = metric.labels(...values);
    return (value) => child.set(value);
  }
  const child = metric.labels(...values);
  return (value) => child.observe(value);
}

/** Under the names that dashboards of every language know. */
function addProcessMetrics(registry: Registry): void {
  const registers = [registry];
  const startSeconds = Math.round(Date.now() - performance.now()) / 1000;
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Memory of this process, the embedded ClickHouse not included.",
    registers,
    collect() {
      this.set(Deno.memoryUsage().rss);
    },
  });
  new Gauge({
    name: "process_heap_bytes",
    help: "JavaScript heap in use.",
    registers,
    collect() {
      this.set(Deno.memoryUsage().heapUsed);
    },
  });
  let counted = 0;
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Processor time of this process, user and system.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      const seconds = (user + system) / 1e6;
      this.inc(Math.max(0, seconds - counted));
      counted = seconds;
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "Start of this process in seconds since the epoch.",
    registers,
    collect() {
      this.set(startSeconds);
    },
  });
}
