import { connectorRunning, registerConnector } from "../../connector.ts";
import { projectPath } from "../../layout.ts";
import { configureTopics } from "../../topics.ts";
import type { Finding } from "../../../../src/cli/doctor/finding.ts";
import { examine, type Misconfiguration, nameAndRepair } from "../misconfigurations.ts";
import { pullAndRead } from "../pulled_sources.ts";
import type { Stage } from "../stage.ts";
import type { Scenario } from "./scenario.ts";

/** Tables of the store, and one that is partitioned, each into a sink of its own. */
const TOPOLOGY = `
import { clickhouse, date, debezium, int8, topology } from "file://${projectPath("src/mod.ts")}";
import { z } from "npm:zod@^4";

const of = (table: string) => debezium("online_store.public." + table, { key: ["id"], row: z.object({ id: int8() }) });
const to = (table: string) => clickhouse("doctor_" + table, { key: ["id"], columns: { id: "Int64" } });
const visits = debezium("online_store.public.doctor_visits", {
  key: ["id", "day"],
  row: z.object({ id: int8(), day: date() }),
});

export default topology("doctor", (builder) => {
  for (const table of ["users", "sellers", "products"]) builder.table(of(table)).to(to(table));
  builder.table(visits).to(clickhouse("doctor_visits", { key: ["id", "day"], columns: { id: "Int64", day: "Date" } }));
});
`;

const STORE = ["users", "sellers", "products", "orders", "orderItems"];

const topic = (table: string, changes: Readonly<Record<string, string>>) => (stage: Stage) =>
  configureTopics(stage.layout, { prefix: `online_store.public.${table}`, changes });

/** Settings of the connector, all changed at once. */
const SETTINGS: Readonly<Record<string, readonly [check: string, wrong: string]>> = {
  "key.converter.schemas.enable": ["keys", "true"],
  "value.converter.replace.null.with.default": ["values", "true"],
  "decimal.handling.mode": ["decimals", "precise"],
  "tombstones.on.delete": ["tombstones", "false"],
  "heartbeat.interval.ms": ["heartbeat", "0"],
  "skipped.operations": ["truncate", "none"],
};

// While nobody reads the slot, its role's rights are not known.
const isWrongRight = ({ check, verdict }: Finding) => check === "postgres.rights" && verdict === "wrong";

const misconfigurations: readonly Misconfiguration[] = [
  {
    check: "postgres.replica_identity",
    subject: "public.sellers",
    make: (stage) => stage.sql("ALTER TABLE sellers REPLICA IDENTITY NOTHING"),
  },
  {
    check: "postgres.published",
    subject: "public.users",
    make: (stage) => stage.sql("ALTER PUBLICATION dbz_publication DROP TABLE users"),
  },
  {
    check: "postgres.rights",
    subject: "public.products",
    make: (stage) => stage.sql("REVOKE SELECT ON products FROM debezium"),
  },
  {
    check: "postgres.partition_root",
    subject: "public.doctor_visits",
    make: (stage) =>
      stage.sql(
        "CREATE TABLE doctor_visits (id bigint, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);" +
          "CREATE TABLE doctor_visits_2024 PARTITION OF doctor_visits " +
          "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');" +
          "ALTER PUBLICATION dbz_publication ADD TABLE doctor_visits",
      ),
  },
  {
    check: "postgres.slot_limit",
    subject: "max_slot_wal_keep_size",
    make: (stage) => stage.sql("SELECT current_setting('max_slot_wal_keep_size')"),
  },
  { check: "kafka.cleanup_policy", subject: "public.sellers", make: topic("sellers", { "cleanup.policy": "delete" }) },
  { check: "kafka.replicas", subject: "public.users", make: topic("users", { "min.insync.replicas": "2" }) },
  {
    check: "kafka.tombstones",
    subject: "public.products",
    make: topic("products", { "delete.retention.ms": "60000" }),
  },
  ...Object.entries(SETTINGS).map(([setting, [check]], index) => ({
    check: `connector.${check}`,
    subject: setting,
    make: (stage: Stage) => index === 0 ? misconfigureConnector(stage) : Promise.resolve(),
  })),
  {
    check: "clickhouse.table",
    subject: "doctor_sellers",
    make: (stage) =>
      stage.command("CREATE TABLE default.doctor_sellers_rows (id Int64) ENGINE = MergeTree ORDER BY id"),
  },
];

async function misconfigureConnector({ layout }: Stage): Promise<void> {
  const wrong = Object.fromEntries(Object.entries(SETTINGS).map(([setting, [, value]]) => [setting, value]));
  await registerConnector(layout, (config) => ({ ...config, ...wrong }));
}

/** Every misconfiguration is named with a statement, which, typed as it is printed, repairs it. */
export const doctor: Scenario = {
  title: "doctor names what is wrong, and its statements repair it",
  async run(stage) {
    const { steps } = stage;
    const environment = await stage.writeTopologies("doctor", { doctor: TOPOLOGY });
    const look = () => examine(stage, environment);
    for (const from of ["postgres", "topics"]) {
      await steps.step(
        `sources pull from ${from}: every newest record is read`,
        () => pullAndRead(stage, { args: ["--from", from, "--prefix", "online_store"], names: STORE }),
      );
    }
    await steps.step("a store that is right has nothing wrong but its limit", async () => {
      // The partitioned table comes later.
      const wrong = (await look()).filter((found) =>
        found.verdict !== "ok" && found.verdict !== "not checked" && !found.subject.includes("doctor_visits")
      );
      const names = wrong.map(({ check }) => check);
      if (names.join() !== "postgres.slot_limit") throw new Error(`It names ${JSON.stringify(wrong)}`);
    });
    try {
      await steps.step(`${misconfigurations.length} misconfigurations are made`, async () => {
        for (const { make } of misconfigurations) await make(stage);
        await connectorRunning(stage.layout, 50_000);
      });
      await nameAndRepair(stage, { misconfigurations, look, complete: (found) => found.some(isWrongRight) });
    } finally {
      await steps.step("the stack is as it was", () => putBack(stage));
    }
  },
};

async function putBack(stage: Stage): Promise<void> {
  await stage.sql(
    "ALTER PUBLICATION dbz_publication DROP TABLE doctor_visits; DROP TABLE doctor_visits; " +
      "ALTER PUBLICATION dbz_publication SET (publish_via_partition_root = false)",
  );
  await stage.sql("ALTER SYSTEM RESET max_slot_wal_keep_size");
  await stage.sql("SELECT pg_reload_conf()");
  await stage.command("DROP TABLE IF EXISTS default.doctor_sellers_rows_old");
  await registerConnector(stage.layout);
  await connectorRunning(stage.layout, 50_000);
}
