import { choice, dashboard } from "./build.ts";
import { type Dashboard, PROMETHEUS } from "./model.ts";
import { keeping, operators } from "./operators.ts";
import { numbers, overTime } from "./panels.ts";
import { proved } from "./proved.ts";
import { CHOSEN_TOPOLOGIES as T, counted, expressions, instants } from "./queries.ts";
import { trouble } from "./trouble.ts";

const rate = (metric: string, labels = T) => `rate(${metric}{${labels}}[$__rate_interval])`;
const quantile = (share: number, { of: histogram, by }: { readonly of: string; readonly by: string }) =>
  `histogram_quantile(${share}, sum by (${by}) (${rate(`${histogram}_bucket`)}))`;
const waitingShare = (unit: "rows" | "bytes") =>
  `max by (topology, sink) (weir_sink_pending_${unit}{${T}} / weir_sink_pending_limit_${unit}{${T}})`;
/** Debezium says -1 while it does not know. */
const CAPTURE_SECONDS = "clamp_min(max(debezium_streaming_millisecondsbehindsource), 0) / 1000";

const topologies = choice({
  name: "topology",
  label: "Topology",
  description: "Topologies that report.",
  datasource: PROMETHEUS,
  query: "label_values(weir_ready, topology)",
});

const now = {
  title: null,
  panels: [
    numbers({
      title: "Not ready",
      description:
        "Topologies on instances whose tasks do not all run, or that wait for something. /readyz says for what.",
      width: 4,
      limits: [[1, "red"]],
      targets: instants([`count(weir_ready{${T}} == 0) or vector(0)`, "Not ready"]),
    }),
    numbers({
      title: "Behind",
      description: "Age of the newest record taken while others wait; 0 when there is nothing to take.",
      width: 4,
      unit: "s",
      limits: [[60, "orange"], [300, "red"]],
      targets: instants([`max(weir_source_lag_seconds{${T}})`, "Behind"]),
    }),
    numbers({
      title: "Waiting changes",
      description: "Records of source topics that have not been read yet.",
      width: 4,
      unit: "locale",
      limits: [[10_000, "orange"], [100_000, "red"]],
      targets: instants([`sum(weir_source_lag_records{${T}})`, "Waiting"]),
    }),
    numbers({
      title: "Changes in",
      description: "Change records taken per second.",
      width: 4,
      unit: "cps",
      targets: instants([`sum(rate(weir_source_records_total{${T}}[5m]))`, "Changes"]),
    }),
    numbers({
      title: "Rows out",
      description: "Rows and tombstones that ClickHouse acknowledged per second.",
      width: 4,
      unit: "cps",
      targets: instants([`sum(rate(weir_sink_rows_total{${T}}[5m]))`, "Rows"]),
    }),
    numbers({
      title: "Dead letters, 24 hours",
      description: "Records and rows set aside: ClickHouse lacks what they say. `deno task dlq` lists them.",
      width: 4,
      unit: "locale",
      decimals: 0,
      limits: [[1, "red"]],
      targets: instants([
        `${counted(`weir_dead_letters_total{${T}}`, { range: "24h" })} or vector(0)`,
        "Dead letters",
      ]),
    }),
  ],
};

const lag = {
  title: "Lag",
  panels: [
    overTime({
      title: "From PostgreSQL to ClickHouse",
      description: "From the commit to the acknowledged insert: Debezium's delay and Weir's " +
        "(from the record in Kafka to its row in ClickHouse).",
      width: 12,
      unit: "s",
      targets: expressions(
        [
          `${quantile(0.5, { of: "weir_visible_delay_seconds", by: "le" })} + on () ${CAPTURE_SECONDS}`,
          "half of the changes",
        ],
        [
          `${quantile(0.99, { of: "weir_visible_delay_seconds", by: "le" })} + on () ${CAPTURE_SECONDS}`,
          "99 of 100 changes",
        ],
        [CAPTURE_SECONDS, "Debezium's share"],
      ),
    }),
    overTime({
      title: "From Kafka to ClickHouse, 99 of 100 changes",
      description: "From the record in the source topic to the acknowledgement of the insert that shows it, by sink.",
      width: 12,
      unit: "s",
      targets: expressions([
        quantile(0.99, { of: "weir_visible_delay_seconds", by: "le, topology, sink" }),
        "{{topology}}: {{sink}}",
      ]),
    }),
    overTime({
      title: "Waiting changes by partition",
      description: "Records of source partitions that have not been read yet.",
      width: 12,
      targets: expressions([
        `sum by (topology, table, partition) (weir_source_lag_records{${T}})`,
        "{{topology}}: {{table}} {{partition}}",
      ]),
    }),
    overTime({
      title: "Behind by partition",
      description: "Age of the newest record taken while others wait.",
      width: 12,
      unit: "s",
      targets: expressions([
        `max by (topology, table, partition) (weir_source_lag_seconds{${T}})`,
        "{{topology}}: {{table}} {{partition}}",
      ]),
    }),
  ],
};

const flow = {
  title: "Rates",
  panels: [
    overTime({
      title: "Changes in",
      description: "Change records taken from source topics.",
      width: 8,
      unit: "cps",
      targets: expressions([
        `sum by (topology, table) (${rate("weir_source_records_total")})`,
        "{{topology}}: {{table}}",
      ]),
    }),
    overTime({
      title: "Messages between tasks",
      description: "Records appended to inbox topics: what joins across partitions cost.",
      width: 8,
      unit: "cps",
      targets: expressions([`sum by (topology) (${rate("weir_internal_records_total")})`, "{{topology}}"]),
    }),
    overTime({
      title: "Rows out",
      description: "Rows and tombstones that ClickHouse acknowledged.",
      width: 8,
      unit: "cps",
      targets: expressions([`sum by (topology, sink) (${rate("weir_sink_rows_total")})`, "{{topology}}: {{sink}}"]),
    }),
    overTime({
      title: "Duration of an insert",
      description: "99 of 100 inserts take at most this long, repetitions included.",
      width: 6,
      unit: "s",
      targets: expressions([
        quantile(0.99, { of: "weir_sink_insert_seconds", by: "le, topology, sink" }),
        "{{topology}}: {{sink}}",
      ]),
    }),
    overTime({
      title: "Rows of an insert",
      description: "On average. Few rows in many inserts make parts faster than ClickHouse merges them.",
      width: 6,
      targets: expressions([
        `sum by (topology, sink) (${rate("weir_sink_insert_rows_sum")}) / ` +
        `sum by (topology, sink) (${rate("weir_sink_insert_rows_count")})`,
        "{{topology}}: {{sink}}",
      ]),
    }),
    overTime({
      title: "Rows waiting for ClickHouse",
      description: "At the limit (WEIR_SINK_ROWS_MAX) reading stops until ClickHouse has taken some.",
      width: 6,
      targets: expressions([`sum by (topology, sink) (weir_sink_pending_rows{${T}})`, "{{topology}}: {{sink}}"]),
    }),
    overTime({
      title: "Waiting, as a share of the limit",
      description: "Of WEIR_SINK_ROWS_MAX rows and of WEIR_SINK_BYTES_MAX bytes, on the fullest instance. " +
        "At the line reading stops until ClickHouse has taken some.",
      width: 6,
      unit: "percentunit",
      limits: [[0.5, "orange"], [1, "red"]],
      targets: expressions(
        [waitingShare("rows"), "{{topology}}: {{sink}} rows"],
        [waitingShare("bytes"), "{{topology}}: {{sink}} bytes"],
      ),
    }),
  ],
};

const state = {
  title: "State",
  panels: [
    overTime({
      title: "Rows in memory by table",
      description: "Rows that tasks hold, right rows of joins included.",
      width: 8,
      style: "stacked areas",
      targets: expressions([`sum by (topology, table) (weir_stored_rows{${T}})`, "{{topology}}: {{table}}"]),
    }),
    overTime({
      title: "Rows of global tables",
      description: "Each instance holds them whole.",
      width: 8,
      targets: expressions([`weir_global_rows{${T}}`, "{{topology}} on {{instance}}"]),
    }),
    overTime({
      title: "Memory",
      description: "Resident memory of each instance, and the JavaScript heap within it.",
      width: 8,
      unit: "bytes",
      targets: expressions(
        ['process_resident_memory_bytes{job="weir"}', "{{instance}}"],
        ['process_heap_bytes{job="weir"}', "{{instance}} heap"],
      ),
    }),
    overTime({
      title: "Rows in memory by partition",
      description: "A partition with far more rows than the others makes one task the slowest.",
      width: 12,
      targets: expressions([
        `sum by (topology, table, partition) (weir_stored_rows{${T}})`,
        "{{topology}}: {{table}} {{partition}}",
      ]),
    }),
    overTime({
      title: "Tasks by state",
      description: "Anything but running is on its way there; waiting needs something that is not there.",
      width: 6,
      style: "stacked areas",
      targets: expressions([`sum by (state) (weir_tasks{${T}})`, "{{state}}"]),
    }),
    overTime({
      title: "Processor",
      description: "Cores in use by each instance.",
      width: 6,
      targets: expressions(['rate(process_cpu_seconds_total{job="weir"}[$__rate_interval])', "{{instance}}"]),
    }),
  ],
};

/** From Kafka's topics to ClickHouse's tables. */
export const pipeline: Dashboard = dashboard({
  uid: "store-pipeline",
  title: "Pipeline",
  description: "Weir: how far behind, how fast, how large, and what went wrong.",
  from: "now-1h",
  refresh: "10s",
  variables: [topologies],
  sections: [now, lag, flow, operators, state, keeping, proved, trouble],
});
