import { assertEquals, assertStringIncludes } from "@std/assert";
import { needsOf } from "../../../src/cli/doctor/needs.ts";
import { checkPostgres } from "../../../src/cli/doctor/postgres_checks.ts";
import type { PostgresConfiguration } from "../../../src/cli/config/database_variables.ts";
import { clickhouse, debezium, int8, topology } from "../../../src/mod.ts";
import { z } from "zod";
import { hasPostgres15, startPostgres } from "../../values/postgres_server.ts";

const visits = debezium("shop.public.visits", { key: ["id"], row: z.object({ id: int8() }) });
const needs = needsOf([
  topology(
    "visits",
    (builder) => builder.table(visits).to(clickhouse("visits", { key: ["id"], columns: { id: "Int64" } })),
  ),
], { generation: 1 });

/** A server of this machine, but for its port. */
const SERVER: PostgresConfiguration = {
  ...{ url: undefined, host: "127.0.0.1", port: undefined, database: "postgres", user: "postgres" },
  ...{ password: undefined, sslMode: undefined, ca: null },
};

Deno.test({
  name: "checkPostgres() asks each partition for its replica identity, as PostgreSQL does, and not their root",
  ignore: !hasPostgres15(),
  async fn() {
    const server = await startPostgres();
    try {
      await server.query(`
        CREATE TABLE visits (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (10);
        CREATE TABLE "Visits 2" PARTITION OF visits FOR VALUES FROM (10) TO (20);
        ALTER TABLE visits REPLICA IDENTITY FULL;
        ALTER TABLE "Visits 2" REPLICA IDENTITY NOTHING`);
      const look = async () => {
        const { findings } = await checkPostgres({ ...SERVER, port: server.port }, { needs, settings: null });
        const rest = findings.find(({ check }) => check === "postgres.rest");
        assertEquals(rest?.text, undefined);
        return findings.find(({ check }) => check === "postgres.replica_identity");
      };
      const found = await look();
      assertEquals(found?.verdict, "wrong", JSON.stringify(found));
      assertStringIncludes(found!.text, "it is NOTHING: PostgreSQL refuses UPDATE and DELETE");
      assertEquals(
        found!.repair!.statement,
        'ALTER TABLE public.visits_1 REPLICA IDENTITY FULL; ALTER TABLE public."Visits 2" REPLICA IDENTITY FULL',
      );
      await server.query('ALTER TABLE "Visits 2" REPLICA IDENTITY FULL');
      const rest = await look();
      assertEquals([rest?.verdict, rest?.repair?.statement], [
        "warning",
        "ALTER TABLE public.visits_1 REPLICA IDENTITY FULL",
      ]);
      await server.query("ALTER TABLE visits_1 REPLICA IDENTITY FULL");
      assertEquals((await look())?.verdict, "ok");
    } finally {
      await server.close();
    }
  },
});
