import { projectPath } from "../../layout.ts";
import { addTopics } from "../../topics.ts";
import { captureTables } from "../added_tables.ts";
import { endSteady } from "../procedures.ts";
import type { Stage } from "../stage.ts";
import type { Scenario } from "./scenario.ts";

const NAME = "visits";
const TOPIC = "online_store.public.visits";

/** Visits of users, and how many each month has. */
const TOPOLOGY = `
import { clickhouse, count, debezium, int8, topology } from "file://${projectPath("src/mod.ts")}";
import { z } from "npm:zod@^4";

const visits = debezium("${TOPIC}", {
  key: ["id", "month"],
  row: z.object({ id: int8(), month: int8(), user_id: int8(), page: z.string() }),
});
const users = debezium("online_store.public.users", { key: ["id"], row: z.object({ id: int8(), email: z.string() }) });

export default topology("${NAME}", (builder) => {
  const told = builder.table(visits)
    .join("user", builder.table(users), (visit) => visit.user_id)
    .mapValues(({ id, month, page, user }) => ({ id, month, page, email: user.email }));
  told.to(clickhouse("visits", {
    key: ["id", "month"],
    columns: { id: "Int64", month: "Int64", page: "String", email: "String" },
  }));
  told.groupBy(({ month }) => ({ month })).aggregate("visits-by-month", { visits: count() })
    .to(clickhouse("visits_by_month", { key: ["month"], columns: { month: "Int64", visits: "UInt64" } }));
});
`;

/** A partition of a month; REPLICA IDENTITY is of each partition, and not handed down. */
const month = (number: number) => `
  CREATE TABLE visits_${number} PARTITION OF visits FOR VALUES FROM (${number}) TO (${number + 1});
  ALTER TABLE visits_${number} REPLICA IDENTITY FULL;`;

/** A table in partitions is one topic and one table, whichever partition a row is in. */
export const partitioned: Scenario = {
  title: "a partitioned table is one table",
  async run(stage) {
    const { steps } = stage;
    await steps.step("a partitioned table is captured by its root", () => openVisits(stage), { withinMs: 120_000 });
    const environment = await stage.writeTopologies(NAME, { [NAME]: TOPOLOGY });
    const weir = stage.startWeir([NAME], environment);
    await steps.step("Weir runs", (signal) => weir.ready(signal), { withinMs: 120_000 });
    await stage.verify("of three partitions", [NAME], { environment });
    await steps.step("rows change, go, and move to another partition", async () => {
      await stage.sql(`
        UPDATE visits SET page = page || '?' WHERE id % 7 = 0;
        DELETE FROM visits WHERE id % 11 = 0;
        UPDATE visits SET month = month % 3 + 1 WHERE id % 5 = 0;`);
    });
    await stage.verify("after rows have moved", [NAME], { environment });
    await steps.step("a partition is added and filled", async () => {
      await stage.sql(
        `${month(4)} INSERT INTO visits SELECT 1000 + n, 4, 1 + n % 20, 'late' FROM generate_series(1, 50) n`,
      );
      await stage.sql("UPDATE visits SET month = 4 WHERE id % 13 = 0");
    });
    await stage.verify("with a partition more", [NAME], { environment });
    await steps.step("all of it is in one topic", async () => {
      const [{ rows }] = await stage.sql("SELECT count(*)::int AS rows FROM visits");
      const [{ shown }] = await stage.query("SELECT count() AS shown FROM visits");
      if (Number(rows) !== Number(shown) || Number(rows) < 100) throw new Error(`${rows} rows, ${shown} shown`);
      return `${rows} rows`;
    });
    await endSteady(stage, weir);
    await steps.step("the stack is as it was", () => closeVisits(stage), { withinMs: 120_000 });
  },
};

async function openVisits(stage: Stage): Promise<void> {
  await stage.sql(`
    CREATE TABLE visits (
      id bigint, month bigint, user_id bigint NOT NULL, page text NOT NULL, PRIMARY KEY (id, month)
    ) PARTITION BY RANGE (month);
    ${month(1)} ${month(2)} ${month(3)}
    GRANT SELECT ON visits TO debezium;
    ALTER PUBLICATION dbz_publication SET (publish_via_partition_root = true);
    ALTER PUBLICATION dbz_publication ADD TABLE visits;`);
  await addTopics(stage.layout, [{ name: TOPIC, partitions: 6, config: { "cleanup.policy": "compact" } }]);
  await captureTables(stage, { tables: [NAME] });
  await stage.sql(
    "INSERT INTO visits SELECT n, n % 3 + 1, 1 + n % 20, 'page ' || n FROM generate_series(1, 300) n",
  );
}

async function closeVisits(stage: Stage): Promise<void> {
  await stage.sql(`
    ALTER PUBLICATION dbz_publication DROP TABLE visits;
    DROP TABLE visits;
    ALTER PUBLICATION dbz_publication SET (publish_via_partition_root = false);`);
  await captureTables(stage);
}
