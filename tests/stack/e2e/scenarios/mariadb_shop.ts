import { projectPath } from "../../layout.ts";
import { connectorState, removeConnector } from "../../connector.ts";
import { mariadb, mariadbMissing, mariadbUrl, registerMysqlConnector } from "../../mariadb.ts";
import { startService } from "../../mod.ts";
import { endProcess } from "../../process.ts";
import { stackSecrets } from "../../secrets.ts";
import { examine, type Misconfiguration, nameAndRepair } from "../misconfigurations.ts";
import { pullAndRead } from "../pulled_sources.ts";
import type { Stage } from "../stage.ts";
import { until } from "../steps.ts";
import type { Scenario } from "./scenario.ts";

const NAME = "maria";
const TOPOLOGIES = ["maria_shop"];
const CUSTOMERS = 500;
const ORDERS = 3_000;
const CHANGES = 400;

const SCHEMA = [
  "CREATE DATABASE shop",
  "SET sql_mode = ''",
  `CREATE TABLE shop.customers (
    id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) NOT NULL, vip BOOLEAN NOT NULL,
    interests SET('books', 'music', 'games') NOT NULL, born DATE, seen DATETIME(6), since TIMESTAMP(3) NULL,
    profile JSON) CHARACTER SET utf8mb4`,
  `CREATE TABLE shop.orders (
    id BIGINT UNSIGNED PRIMARY KEY, customer_id INT UNSIGNED NOT NULL, status ENUM('new', 'paid', 'sent') NOT NULL,
    total DECIMAL(12, 2) NOT NULL, weight FLOAT, flags BIT(12) NOT NULL, took TIME, model YEAR, token VARBINARY(8),
    great DECIMAL(40, 0) NOT NULL)`,
];

const TOPOLOGY = `
import { clickhouse, count, debezium, sum, topology } from "file://${projectPath("src/mod.ts")}";
import * as mysql from "file://${projectPath("src/mysql.ts")}";
import { z } from "npm:zod@^4";

const customers = debezium("${NAME}.shop.customers", {
  key: ["id"],
  row: z.object({
    id: mysql.int(), name: z.string(), vip: mysql.bool(), interests: mysql.set("books", "music", "games"),
    born: mysql.date().nullable(), seen: mysql.datetime(6).nullable(), since: mysql.timestamp(3).nullable(),
    profile: mysql.json().nullable(),
  }),
});
const orders = debezium("${NAME}.shop.orders", {
  key: ["id"],
  format: { unsignedBigints: "precise" },
  row: z.object({
    id: mysql.bigint("unsigned"), customer_id: mysql.int(), status: z.enum(["new", "paid", "sent"]),
    total: mysql.decimal(12, 2), weight: mysql.float().nullable(), flags: mysql.bit(12), took: mysql.time().nullable(),
    model: mysql.year().nullable(), token: mysql.varbinary().nullable(), great: mysql.decimal(40),
  }),
});

export default topology("maria_shop", (builder) => {
  const facts = builder.table(orders).join("customer", builder.table(customers), (order) => order.customer_id)
    .mapValues(({ customer, ...order }) => ({
      ...order, name: customer.name, vip: customer.vip, interests: customer.interests, born: customer.born,
      seen: customer.seen, since: customer.since, profile: customer.profile,
    }));
  facts.to(clickhouse("maria_orders", {
    key: ["id"],
    columns: {
      id: "UInt64", customer_id: "UInt32", status: "LowCardinality(String)", total: "Decimal(12, 2)",
      weight: "Nullable(Float64)", flags: "UInt16", took: "Nullable(Int64)", model: "Nullable(UInt16)",
      token: "Nullable(String)", great: "Int256", name: "String", vip: "Bool", interests: "Array(String)",
      born: "Nullable(Date32)", seen: "Nullable(DateTime64(6))", since: "Nullable(DateTime64(3))",
      profile: "Nullable(String)",
    },
  }));
  facts.groupBy(({ status }) => ({ status })).aggregate("maria-totals", {
    revenue: sum(({ total }) => total), orders: count(),
  }).to(clickhouse("maria_totals", {
    key: ["status"], columns: { status: "String", revenue: "Decimal(38, 2)", orders: "UInt64" },
  }));
});
`;

/** MariaDB -> Debezium's MySQL connector -> Kafka -> Weir -> ClickHouse, with values at the ends of every type. */
export const mariadbShop: Scenario = {
  title: "MariaDB is the source",
  async run(stage) {
    const { steps, layout } = stage;
    const missing = mariadbMissing();
    if (missing !== null) return steps.say(`      ${missing}`);
    const environment = {
      ...await stage.writeTopologies("maria", { maria_shop: TOPOLOGY }),
      ...{ POSTGRES_URL: "", POSTGRES_PASSWORD: "" },
      ...{ MYSQL_URL: mariadbUrl(layout), MYSQL_PASSWORD: stackSecrets(layout).debezium },
    };
    await steps.step("MariaDB has a shop", async () => {
      await startService("mariadb", stage.options);
      await mariadb(layout, { statements: [...SCHEMA, ...seed(stage)] });
      return `${CUSTOMERS} customers, ${ORDERS} orders`;
    });
    await steps.step("the connector takes its snapshot", async (signal) => {
      await registerMysqlConnector(layout, { name: NAME, database: "shop" });
      await until(async () => (await connectorState(layout, NAME)).state === "RUNNING", { signal });
    });
    let weir = stage.startWeir(TOPOLOGIES, environment);
    await steps.step("the topology runs", (signal) => until(() => weir.isReady(), { signal }).then(() => {}));
    await stage.verify("the snapshot of MariaDB", TOPOLOGIES, { environment });
    await misconfigure(stage, environment);
    await steps.step(`kill -9 amid ${CHANGES} changes`, async (signal) => {
      const changing = mariadb(layout, { database: "shop", statements: changes(stage) });
      await weir.kill();
      weir = stage.startWeir(TOPOLOGIES, environment);
      await changing;
      await weir.ready(signal);
    });
    await stage.verify("changes, deletes and new keys of MariaDB", TOPOLOGIES, { environment });
    await steps.step("a row that is changed behind the connector's back is a difference", async () => {
      // Not in the binary log, so nobody is told.
      const statements = ["SET sql_log_bin = 0", "UPDATE orders SET took = '-00:00:07' LIMIT 1"];
      await mariadb(layout, { database: "shop", statements });
      const { status, report } = await stage.compare(TOPOLOGIES, { environment, waitS: 1 });
      const [{ view }] = report.sinks;
      if (status !== 1 || view.different !== 1) throw new Error(`status ${status}, ${JSON.stringify(view)}`);
    });
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
    await removeConnector(layout, NAME);
    await endProcess(layout, "mariadb", { signal: "SIGTERM", deadlineMs: 20_000 });
  },
};

const global = (statement: string) => ({ layout }: Stage) =>
  mariadb(layout, { statements: [`SET GLOBAL ${statement}`] });

const misconfigurations: readonly Misconfiguration[] = [
  { check: "mysql.binlog_format", subject: "binlog_format", make: global("binlog_format = 'STATEMENT'") },
  { check: "mysql.binlog_row_image", subject: "binlog_row_image", make: global("binlog_row_image = 'MINIMAL'") },
  {
    check: "mysql.binlog_retention",
    subject: "binlog_expire_logs_seconds",
    make: global("binlog_expire_logs_seconds = 7200"),
  },
  // The connector's.
  { check: "mysql.server_id", subject: "database.server.id", make: global("server_id = 4711") },
];

async function misconfigure(stage: Stage, environment: Readonly<Record<string, string>>): Promise<void> {
  const { layout, steps } = stage;
  const database = { SOURCE_DATABASE_URL: mariadbUrl(layout), SOURCE_DATABASE_PASSWORD: stackSecrets(layout).debezium };
  const look = () => examine(stage, { ...environment, ...database });
  await steps.step("a MariaDB that is right has nothing wrong", async () => {
    const wrong = (await look()).filter(({ check, verdict }) => /^(mysql|records)\./.test(check) && verdict !== "ok");
    if (wrong.length > 0) throw new Error(`It names ${JSON.stringify(wrong)}`);
  });
  await steps.step("sources pull from MariaDB: every newest record is read", () =>
    pullAndRead(stage, {
      args: ["--from", "mysql", "--schema", "shop", "--prefix", NAME],
      names: ["customers", "orders"],
      environment: database,
      // As the comment of the unsigned column says.
      change: (text) => text.replaceAll('key: ["id"],', 'key: ["id"],\n  format: { unsignedBigints: "precise" },'),
    }));
  await steps.step(`${misconfigurations.length} misconfigurations of MariaDB are made`, async () => {
    for (const { make } of misconfigurations) await make(stage);
  });
  await nameAndRepair(stage, { misconfigurations, look });
  await steps.step("the connector runs with its new id", async (signal) => {
    await until(async () => (await connectorState(layout, NAME)).state === "RUNNING", { signal });
  });
}

/** Rows with values at the ends of their types among them. */
function seed({ random }: Stage): string[] {
  const customers = Array.from({ length: CUSTOMERS }, (_, index) => {
    const interests = ["books", "music", "games"].filter(() => random.chance(0.5)).join(",");
    const born = random.of(["NULL", "'1990-02-28'", "'0000-00-00'", "'1970-01-02'"]);
    const seen = random.of(["NULL", "'2024-02-29 12:34:56.123456'", "'1969-12-31 23:59:59.999999'"]);
    const since = random.of(["NULL", "'2024-06-01 10:00:00.700'", "'2038-01-19 03:14:07.999'"]);
    const profile = random.of(["NULL", `'{"a": 1,  "b": [1.0, "x  y"]}'`, "'null'"]);
    const vip = random.int(2);
    return `(NULL, 'Grüße 😀 ${index}', ${vip}, '${interests}', ${born}, ${seen}, ${since}, ${profile})`;
  });
  const orders = Array.from({ length: ORDERS }, (_, index) => order(random, orderId(index)));
  return [
    `INSERT INTO shop.customers VALUES ${customers.join(", ")}`,
    `INSERT INTO shop.orders VALUES ${orders.join(", ")}`,
  ];
}

/** Every other one is beyond what a signed BIGINT holds. */
function orderId(index: number): bigint {
  return index % 2 === 0 ? BigInt(index) : 2n ** 64n - 1n - BigInt(index);
}

function order(random: Stage["random"], id: bigint): string {
  const total = `${random.int(10 ** 9)}.${random.int(100)}`;
  const took = random.of(["NULL", "'838:59:59'", "'-838:59:59'", "'00:00:01'"]);
  const great = random.of(["9", "-9"]) + String(random.int(10 ** 9)).padStart(39, "7");
  return `(${id}, ${1 + random.int(CUSTOMERS)}, '${random.of(["new", "paid", "sent"])}', ${total}, ` +
    `${random.of(["NULL", "16777217", "0.1", "-1.5e-5"])}, ${random.int(4_096)}, ${took}, ` +
    `${random.of(["NULL", "1901", "2155"])}, ${random.of(["NULL", "x'00ff00'", "x''"])}, ${great})`;
}

function changes({ random }: Stage): string[] {
  const id = () => orderId(random.int(ORDERS));
  const statements = Array.from({ length: CHANGES }, (_, index) => {
    switch (random.int(5)) {
      case 0:
        return `REPLACE INTO orders VALUES ${order(random, id())}`;
      case 1:
        return `DELETE FROM orders WHERE id = ${id()}`;
      case 2:
        return `UPDATE orders SET id = ${2n ** 63n + BigInt(10_000 + index)} WHERE id = ${id()}`;
      case 3:
        return `UPDATE customers SET vip = NOT vip, interests = 'games' WHERE id = ${1 + random.int(CUSTOMERS)}`;
      default:
        return `UPDATE orders SET total = total + 0.01, customer_id = ${1 + random.int(CUSTOMERS)} WHERE id = ${id()}`;
    }
  });
  return ["SET sql_mode = ''", ...statements];
}
