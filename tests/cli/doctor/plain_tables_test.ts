import { assertEquals } from "@std/assert";
import { z } from "zod";
import { checkConnector } from "../../../src/cli/doctor/connector_checks.ts";
import { needsOf } from "../../../src/cli/doctor/needs.ts";
import { clickhouse, debezium, jsonTable, topology } from "../../../src/mod.ts";
import { withConnect } from "./connect_server.ts";

const row = z.object({ id: z.int() });
const sink = (name: string) => clickhouse(name, { key: ["id"], columns: { id: "Int64" } });
const rates = jsonTable("shop.public.rates", { key: ["id"], row });
const orders = debezium("shop.public.orders", { key: ["id"], row, registry: "all" });

Deno.test("topics of plain JSON are asked of no connector and no database", async () => {
  const both = topology("both", (builder) => {
    builder.table(rates).to(sink("rates"));
    builder.table(orders).to(sink("orders"));
  });
  const needs = needsOf([both], { generation: 1 });
  assertEquals([[...needs.tables.keys()], [...needs.captured.keys()]], [
    ["shop.public.rates", "shop.public.orders"],
    ["shop.public.orders"],
  ]);
  const avro = "io.confluent.connect.avro.AvroConverter";
  await withConnect({ "topic.prefix": "shop", "key.converter": avro, "value.converter": avro }, async (url) => {
    const { findings } = await checkConnector(url, needs);
    const found = findings.filter(({ check }) => check === "connector.converters").map(({ verdict }) => verdict);
    assertEquals(found, ["ok", "ok"]);
    const alone = needsOf([topology("one", (builder) => builder.table(rates).to(sink("rates")))], { generation: 1 });
    const present = (await checkConnector(url, alone)).findings.find(({ check }) => check === "connector.present");
    assertEquals(present?.verdict, "not checked");
  });
});
