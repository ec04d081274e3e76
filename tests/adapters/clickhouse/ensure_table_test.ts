import { assertRejects, assertStringIncludes } from "@std/assert";
import { connect } from "../../../src/adapters/clickhouse/connection.ts";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import { ConfigError } from "../../../src/record/errors.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";
import { PLAIN } from "../../ports/warehouse_fixtures.ts";

const server = clickHouseOfFile();

Deno.test("ensureTable() says how a person runs each statement that it names", async () => {
  const database = "advised";
  const advise = (statement: string) => `run <${statement}>`;
  const warehouse = openClickHouse({ url: server().url, database, advise });
  const connection = connect({ url: server().url, database });
  try {
    await warehouse.ensure(PLAIN);
    const columns = PLAIN.columns.map((column) => ({ ...column, type: "UInt256" }));
    const shape = await assertRejects(() => warehouse.ensure({ ...PLAIN, columns }), ConfigError);
    const rows = "`advised`.`sales_rows`";
    assertStringIncludes(shape.message, `with: run <RENAME TABLE ${rows} TO \`advised\`.\`sales_rows_old\`>; it is`);
    assertStringIncludes(shape.message, `with: run <ALTER TABLE ${rows} MODIFY COLUMN \`amount\` UInt256>`);
    await connection.command("test", "CREATE TABLE advised.mine (id Int64) ENGINE = MergeTree ORDER BY id");
    const view = await assertRejects(() => warehouse.ensure({ ...PLAIN, name: "mine" }), ConfigError);
    assertStringIncludes(view.message, "with: run <RENAME TABLE `advised`.`mine` TO `advised`.`mine_old`>");
  } finally {
    await connection.close();
    await warehouse.close();
  }
});
