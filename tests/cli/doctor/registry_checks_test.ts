import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import type { Finding } from "../../../src/cli/doctor/finding.ts";
import { checkConnector } from "../../../src/cli/doctor/connector_checks.ts";
import { needsOf } from "../../../src/cli/doctor/needs.ts";
import { checkRegistry } from "../../../src/cli/doctor/registry_checks.ts";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { SmallRegistry } from "../../adapters/schema_registry/small_registry.ts";
import { encoded, registryAt } from "../../adapters/schema_registry/support.ts";
import { openStepLog } from "../../runtime/step_run.ts";
import { run } from "../../stack/artifacts.ts";
import { withConnect } from "./connect_server.ts";

const TOPIC = "shop.public.orders";

function needsFor(registry: "all" | "values" | undefined) {
  const source = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int() }), registry });
  const sink = clickhouse("orders", { key: ["id"], columns: { id: "Int64" } });
  return needsOf([topology("t", (builder) => builder.table(source).to(sink))], { generation: 1 });
}

function framed(id: number): Uint8Array {
  return encoded(id, new Uint8Array(1));
}

interface Looked {
  readonly records?: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
  readonly partitions?: number;
  readonly registry?: "all" | "values";
}

async function look(server: SmallRegistry, { records = [], partitions = 2, registry = "all" }: Looked = {}) {
  const { log } = await openStepLog({ [TOPIC]: partitions });
  const batch = records.map(([key, value]) => ({ key, value }));
  if (batch.length > 0) await log.append([{ topic: TOPIC, partition: 0, records: batch }]);
  const opened = registryAt(server.url);
  try {
    return await checkRegistry({
      registry: opened,
      ...{ url: server.url, log, needs: needsFor(registry), partitions: new Map([[TOPIC, partitions]]) },
    });
  } finally {
    opened.close();
    await log.close();
  }
}

function told(findings: readonly Finding[]): string[] {
  return findings.filter(({ verdict }) => verdict !== "ok").map(({ check, verdict }) => `${verdict} ${check}`);
}

/** Types what is printed. */
async function repair(findings: readonly Finding[]): Promise<void> {
  for (const { repair } of findings) {
    if (repair !== undefined) await run("sh", ["-ec", `${repair.statement} -sS --fail`]);
  }
}

Deno.test("checkRegistry() names schemas and what may follow them, and its statements repair it", async () => {
  await using server = new SmallRegistry();
  const one = server.register(`${TOPIC}-key`, { schema: '"int"' });
  server.register(`${TOPIC}-key`, { schema: '"long"' });
  const value = server.register(`${TOPIC}-value`, { schema: '"string"' });
  server.compatibility.set("", "NONE");
  const records = [[framed(one), framed(value)]] as const;
  const found = await look(server, { records });
  assertEquals(told(found), ["wrong registry.key_schema", "warning registry.compatibility"]);
  assertStringIncludes(found.find(({ check }) => check === "registry.key_schema")!.text, "ids 1, 2");
  assertEquals(told(await look(server, { records, partitions: 1 })), ["warning registry.compatibility"]);
  assertEquals(told(await look(server, { records, registry: "values" })), ["warning registry.compatibility"]);
  await repair(found);
  assertEquals(told(await look(server, { records })), []);
  assertEquals(server.registered()[`${TOPIC}-key`].map(({ id }) => id), [one]);
});

Deno.test("checkRegistry() proposes no deletion of a schema that keys may have", async () => {
  await using server = new SmallRegistry();
  const ids = ['"int"', '"long"'].map((schema) => server.register(`${TOPIC}-key`, { schema }));
  const value = server.register(`${TOPIC}-value`, { schema: '"string"' });
  const finding = (await look(server, { records: ids.map((id) => [framed(id), framed(value)] as const) }))
    .find(({ check }) => check === "registry.key_schema")!;
  assertEquals([finding.verdict, finding.repair], ["wrong", undefined]);
  assertStringIncludes(finding.text, "Write the topic anew");
});

Deno.test("checkRegistry() tells schemas that cannot be had, and a registry that does not answer", async () => {
  await using server = new SmallRegistry();
  const none = server.register(`${TOPIC}-value`, { schema: "{" });
  const key = server.register(`${TOPIC}-key`, { schema: '"int"' });
  const found = await look(server, { records: [[framed(key), framed(4_711)], [framed(key), framed(none)]] });
  const texts = found.filter(({ check }) => check === "registry.schema").map(({ text }) => text);
  assertStringIncludes(texts[0], "id 4711, is not there");
  assertStringIncludes(texts[1], "cannot be used");
  assertEquals(told(await look(new SmallRegistry())), ["not checked registry.schema", "wrong registry.key_schema"]);
  server.login = "a:b";
  const refused = await look(server);
  assertEquals(told(refused), ["wrong registry.reachable"]);
  assertStringIncludes(refused[0].text, "SCHEMA_REGISTRY_PASSWORD");
  server.login = null;
  server.mood = "down";
  assertEquals(told(await look(server)), ["wrong registry.reachable"]);
  const unset = { registry: null, url: "", log: null as never, partitions: new Map() };
  assertEquals(told(await checkRegistry({ ...unset, needs: needsFor("all") })), ["wrong registry.reachable"]);
  assertEquals(await checkRegistry({ ...unset, needs: needsFor(undefined) }), []);
});

const AVRO = "io.apicurio.registry.utils.converter.AvroConverter";

async function connectorTold(
  settings: Readonly<Record<string, string>>,
  registry: "all" | "values" | undefined,
): Promise<string[]> {
  let found: readonly Finding[] = [];
  await withConnect({ "topic.prefix": "shop", ...settings }, async (url) => {
    found = (await checkConnector(url, needsFor(registry))).findings;
  });
  const kinds = /converters|registry_ids|values|heartbeat/;
  return found.filter(({ check, verdict }) => kinds.test(check) && verdict === "wrong")
    .map(({ check, subject }) => `${check} ${subject.replace("shop ", "")}`);
}

Deno.test("checkConnector() compares converters with what sources declare, and knows their settings", async () => {
  const avro = { "key.converter": AVRO, "value.converter": AVRO };
  const ids = (part: string) =>
    ["as-confluent", "use-id", "headers.enabled"].map((name) =>
      `connector.registry_ids ${part}.converter.apicurio.registry.${name}`
    );
  assertEquals(await connectorTold(avro, undefined), [
    ...ids("key"),
    ...ids("value"),
    "connector.converters key.converter",
    "connector.converters value.converter",
  ]);
  const right = Object.fromEntries(
    ["key", "value"].flatMap((part) =>
      Object.entries({ "as-confluent": "true", "use-id": "contentId", "headers.enabled": "false" })
        .map(([name, value]) => [`${part}.converter.apicurio.registry.${name}`, value])
    ),
  );
  assertEquals(await connectorTold({ ...avro, ...right }, "all"), []);
  assertEquals(await connectorTold({ ...avro, ...right }, "values"), ["connector.converters key.converter"]);
  const confluent = "io.confluent.connect";
  const protobuf = { "key.converter": AVRO, ...right, "value.converter": `${confluent}.protobuf.ProtobufConverter` };
  assertEquals(await connectorTold(protobuf, "all"), [
    "connector.values value.converter.optional.for.nullables",
  ]);
  const nulls = { ...protobuf, "value.converter": `${confluent}.avro.AvroConverter` };
  assertEquals(await connectorTold(nulls, "all"), ["connector.values value.converter.ignore.default.for.nullables"]);
});

Deno.test("checkConnector() asks of a connector of MySQL nothing that PostgreSQL alone has", async () => {
  const config = { "topic.prefix": "shop", "connector.class": "io.debezium.connector.mysql.MySqlConnector" };
  await withConnect(config, async (url) => {
    const { findings, patch } = await checkConnector(url, needsFor(undefined));
    const beats = findings.filter(({ check }) => check.startsWith("connector.heartbeat"));
    assertEquals(beats.map(({ check, verdict }) => `${check} ${verdict}`), ["connector.heartbeat warning"]);
    assertStringIncludes(beats[0].text, "binlog");
    assert(patch!({ a: "b" }).statement.includes("/connectors/shop/config"));
  });
});
