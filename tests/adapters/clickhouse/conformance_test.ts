import { createClient } from "@clickhouse/client";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import type { OpenedWarehouse } from "../../ports/warehouse_fixtures.ts";
import { warehouseConformance } from "../../ports/warehouse_conformance.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";

const server = clickHouseOfFile();
let databases = 0;

async function open(): Promise<OpenedWarehouse> {
  const database = `conformance_${++databases}`;
  const warehouse = openClickHouse({ url: server().url, database });
  const client = createClient({ url: server().url });
  await client.command({ query: `CREATE DATABASE ${database}` });
  return {
    warehouse,
    database,
    command: async (query) => void await client.command({ query }),
    close: async () => {
      await warehouse.close();
      await client.command({ query: `DROP DATABASE ${database} SYNC` });
      await client.close();
    },
  };
}

warehouseConformance("openClickHouse on the embedded server", open);
