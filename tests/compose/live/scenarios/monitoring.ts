import { ABSENT, allUp, answered, namesExist, raisedAlerts, rulesHold } from "../../../stack/e2e/monitored.ts";
import type { Prometheus } from "../../../stack/e2e/prometheus.ts";
import { allPanels } from "../../../stack/e2e/panels.ts";
import { until } from "../../../stack/e2e/steps.ts";
import { prometheusOf } from "../prometheus.ts";
import { verify } from "../proof.ts";
import type { Stage } from "../stage.ts";
import { changeStore, visitShop, visitShopAgain } from "../store.ts";
import type { Scenario } from "./scenario.ts";

/** All jobs of compose/prometheus.yml. */
const JOBS = ["clickhouse", "debezium", "kafka", "postgres", "prometheus", "weir"];
/** Prometheus reads every 15 s, and a rate needs two looks. */
const READ_MS_MAX = 120_000;
const ANSWERED_MS_MAX = 240_000;

/** Metrics that images which are made by hand, without a registry, may lack; those of `compose/` have them. */
const IMITATED = [
  "pg_replication_slot_safe_wal_size_bytes",
  "ClickHouseAsyncMetrics_MemoryResident",
  "ClickHouseProfileEvents_DelayedInserts",
  "ClickHouseProfileEvents_FailedInsertQuery",
  "ClickHouseProfileEvents_FailedSelectQuery",
  "ClickHouseProfileEvents_QueryMemoryLimitExceeded",
  "ClickHouseProfileEvents_RejectedInserts",
];

/** Prometheus reads everybody, its rules and Grafana's panels are answered, and no alert is raised. */
export const monitoring: Scenario = {
  title: "Prometheus, and what Grafana's panels ask",
  async run(stage) {
    const { steps } = stage;
    const prometheus = prometheusOf(stage);
    await steps.step("Prometheus reads every service", (signal) => allUp(prometheus, { jobs: JOBS, signal }), {
      withinMs: READ_MS_MAX,
    });
    await steps.step("every rule is evaluated without error", (signal) => rulesHold(prometheus, signal), {
      withinMs: READ_MS_MAX,
    });
    await steps.step("the store changes, and people visit it", async () => {
      await changeStore(stage);
      await visitShop(stage);
    });
    // In the order of time: what comes much later than the newest counts no more.
    await verify(stage, "after their visit");
    await steps.step("they come again", () => visitShopAgain(stage));
    await verify(stage, "after the second visit");
    const absent = await imitated(stage, prometheus);
    const excused = (name: string) => name in ABSENT || absent.has(name);
    await steps.step(
      "every metric asked for exists",
      (signal) => namesExist(prometheus, { signal, excused }),
      { withinMs: READ_MS_MAX },
    );
    await steps.step(
      "every expression of dashboards and rules is answered, and no panel is empty",
      (signal) => answered(prometheus, { signal, excused }),
      { withinMs: ANSWERED_MS_MAX },
    );
    await steps.step("Grafana's reader may run every panel's query, and none is empty", async () => {
      const { executed, empty } = await allPanels({ look: (sql) => lookAsReader(stage, sql) });
      if (empty.length > 0) throw new Error(`empty: ${empty.join(", ")}`);
      return `${executed} queries`;
    }, { withinMs: ANSWERED_MS_MAX });
    await steps.step("no alert is raised", async (signal) => {
      let names: string[] = [];
      const none = async () => (names = await raisedAlerts(prometheus)).length === 0;
      // What a crash or a restart before this has raised goes as soon as it is over.
      await until(none, { signal, everyMs: 1_000, lastWords: () => `${names} are raised` });
    }, { withinMs: READ_MS_MAX });
  },
};

/** Those that the images here lack. */
async function imitated(stage: Stage, prometheus: Prometheus): Promise<ReadonlySet<string>> {
  const found = await Promise.all(IMITATED.map((name) => prometheus.query(`count(${name})`)));
  const absent = IMITATED.filter((_, index) => found[index].length === 0);
  if (absent.length > 0) stage.notShown.add(`Prometheus reads ${absent.join(", ")}: the images here do not have them`);
  return new Set(absent);
}

/** Rows of a statement, asked as Grafana's data source does. @throws Error with ClickHouse's words */
async function lookAsReader(stage: Stage, sql: string): Promise<Record<string, unknown>[]> {
  const query = new URLSearchParams({ database: "online_store", default_format: "JSONEachRow" });
  const response = await fetch(`http://127.0.0.1:${stage.port(8123)}/?${query}`, {
    method: "POST",
    body: sql,
    headers: { authorization: `Basic ${btoa(`grafana_reader:${stage.secret("grafana_reader_password")}`)}` },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${text.slice(0, 1_000)} of ${sql.slice(0, 500)}`);
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}
