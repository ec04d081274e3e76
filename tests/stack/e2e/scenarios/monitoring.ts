import { SOURCES } from "../../../../tools/dashboards/known_metrics.ts";
import { startService } from "../../mod.ts";
import { notStartable } from "../../services.ts";
import { ABSENT, allUp, answered, namesExist, raisedAlerts, rulesHold } from "../monitored.ts";
import { openPrometheus, type Prometheus } from "../prometheus.ts";
import type { Stage } from "../stage.ts";
import { until } from "../steps.ts";
import type { WeirProcess } from "../weir.ts";
import type { Scenario } from "./scenario.ts";

/** Metrics that are not here, each with why. */
const MISSING: Readonly<Record<string, string>> = {
  weir_proof_equal_rows: "VERIFY_DATABASE_URL is not set",
  weir_proof_differing_rows: "VERIFY_DATABASE_URL is not set",
  weir_proof_checked_timestamp_seconds: "VERIFY_DATABASE_URL is not set",
  weir_proof_left_out: "VERIFY_DATABASE_URL is not set",
  weir_stream_events_dropped_total: "no topology of these has streams",
  weir_stream_records_lost_total: "no topology of these has streams",
  pg_replication_slot_safe_wal_size_bytes: "newer than Debian's exporter",
};

const excused = (name: string) => name in ABSENT || name in MISSING || SOURCES.clickhouse.includes(name);

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
      return await allUp(prometheus, { jobs: JOBS, signal });
    });
    await steps.step("every rule is evaluated without error", (signal) => rulesHold(prometheus, signal));
    await steps.step("every metric asked for exists", async (signal) => {
      // Prometheus is told of rows only when there are some.
      await stage.sql("UPDATE orders SET updated_at = now() WHERE id = (SELECT min(id) FROM orders)");
      return await namesExist(prometheus, { signal, excused });
    });
    await steps.step("every expression of dashboards and rules is answered, and no panel is empty", async (signal) => {
      const figures = await answered(prometheus, { signal, excused });
      stage.figures.push(figures);
      return figures;
    });
    await alerts(stage, { weir, prometheus });
  },
};

/** What goes wrong is noticed: nothing is, while all is well, and that Weir has ended. */
async function alerts({ steps }: Stage, { weir, prometheus }: { weir: WeirProcess; prometheus: Prometheus }) {
  await steps.step("no alert is raised", async (signal) => {
    let names: string[] = [];
    // A moment in which a busy machine does not answer is forgiven; an alert that is wrong stays.
    await until(async () => (names = await raisedAlerts(prometheus)).length === 0, {
      signal,
      everyMs: 500,
      lastWords: () => `${names} are raised`,
    });
  });
  await steps.step("Ctrl-C ends Weir in order", (signal) => weir.end(signal));
  await steps.step("an alert is raised about it", async (signal) => {
    await until(async () => (await raisedAlerts(prometheus)).includes("WeirDown"), { signal, everyMs: 200 });
  });
}
