import { projectPath } from "../../layout.ts";
import { psql } from "../psql.ts";
import { until } from "../steps.ts";
import type { Scenario } from "./scenario.ts";

const TOPOLOGY = (door: string) => `
import { clickhouse, debezium, int8, topology } from "${door}";
import { z } from "npm:zod@^4";

const products = debezium("online_store.public.products", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string(), brand: z.string().nullable().default(null) }),
});
const sink = clickhouse("brands", { key: ["id"], columns: { id: "Int64", name: "String", brand: "Nullable(String)" } });

export default topology("brands", (builder) => {
  builder.table(products).to(sink);
});
`;

/** "Adding a column" and "Sending a table again" of docs/operations.md. */
export const column: Scenario = {
  title: "a column is added and used",
  async run(stage) {
    const { steps } = stage;
    const text = TOPOLOGY(`file://${projectPath("src/mod.ts")}`);
    const environment = await stage.writeTopologies("with_column", { brands: text });
    await steps.step("ALTER TABLE ADD COLUMN with a default that old rows have at once", async () => {
      // PostgreSQL writes no row for this, so nothing is captured.
      await psql(stage, "ALTER TABLE products ADD COLUMN IF NOT EXISTS brand text DEFAULT 'none'");
      await psql(stage, "UPDATE products SET brand = 'Acme' WHERE id = 21");
    });
    const weir = stage.startWeir(["brands"], environment);
    await steps.step("a topology that reads the column starts on records without it", async (signal) => {
      await weir.ready(signal);
      const brands =
        "SELECT count() AS rows, countIf(brand = 'Acme') AS acme, countIf(brand IS NULL) AS unknown FROM brands";
      await until(async () => (await stage.query(brands))[0].acme === "1", { signal });
      const [{ rows, unknown }] = await stage.query(brands);
      if (Number(unknown) !== Number(rows) - 1) throw new Error(`${unknown} of ${rows} rows have no brand`);
      return `${unknown} rows without a brand`;
    });
    await steps.step("verify tells the rows whose value was never sent", async () => {
      const { status, report: { sinks: [{ view }] } } = await stage.compare(["brands"], { environment, waitS: 1 });
      if (status !== 1 || view.different !== view.rows - 1) {
        throw new Error(`status ${status}, ${JSON.stringify(view)}`);
      }
    });
    await steps.step("the table is sent again", async () => {
      const data = JSON.stringify({ type: "incremental", "data-collections": ["public.products"] });
      await psql(
        stage,
        `INSERT INTO debezium_signal (id, type, data) VALUES (gen_random_uuid(), 'execute-snapshot', '${data}')`,
      );
    });
    await stage.verify("the added column", ["brands"], { environment });
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
  },
};
