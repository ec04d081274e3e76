import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";
import { readCompose, readText } from "./compose_files.ts";

const secure = readCompose("compose.secure.yaml");

Deno.test("compose.secure.yaml leaves no way into Kafka or ClickHouse without TLS and a password", () => {
  const { kafka, clickhouse, weir, debezium, zookeeper } = secure.services;
  assertEquals(kafka.environment!.KAFKA_LISTENER_SECURITY_PROTOCOL_MAP, "INTERNAL:SASL_SSL,EXTERNAL:SASL_SSL");
  assertEquals(kafka.environment!.KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND, "false");
  assertEquals(zookeeper.ports, []);
  assertEquals(clickhouse.ports, ["127.0.0.1:8443:8443", "127.0.0.1:9440:9440"]);
  const listen = readText("compose/init/clickhouse/listen.secure.xml");
  assertStringIncludes(listen, "<listen_host>127.0.0.1</listen_host>");
  assert(weir.environment!.CLICKHOUSE_URL.startsWith("https://") && weir.environment!.KAFKA_TLS === "true");
  for (const prefix of ["CONNECT_", "CONNECT_PRODUCER_"]) {
    assertEquals(debezium.environment![`${prefix}SECURITY_PROTOCOL`], "SASL_SSL");
  }
  const users = kafka.environment!.SCRAM_USERS.split(" ");
  for (const user of users) assert(kafka.secrets!.includes(`kafka_${user}_password`), user);
  const acls: { user: string; topics?: { prefix: string; operations: string[] } }[] = JSON.parse(
    readText("compose/kafka/acls.json"),
  );
  assertEquals([...new Set(acls.map(({ user }) => user))].sort(), ["debezium", "weir"]);
  // Who may delete records may delete the topic.
  const deleting = acls.filter(({ topics }) => topics?.operations.includes("DELETE"));
  assertEquals(deleting.map(({ user, topics }) => [user, topics!.prefix]), [["weir", "weir."]]);
});

Deno.test("compose/grafana/datasources.secure.yaml is the default's, but for how ClickHouse is reached", () => {
  const read = (
    file: string,
  ): { datasources: { jsonData: Record<string, unknown>; secureJsonData?: Record<string, string> }[] } =>
    parse(readText(file));
  const secured = read("compose/grafana/datasources.secure.yaml");
  const { port, secure: tls, tlsAuthWithCACert, ...jsonData } = secured.datasources[0].jsonData;
  const { tlsCACert, ...secureJsonData } = secured.datasources[0].secureJsonData!;
  assertEquals([port, tls, tlsAuthWithCACert, tlsCACert], [9440, true, true, "$__file{/run/secrets/ca.crt}"]);
  const plain = read("grafana/provisioning/datasources/datasources.yaml");
  const rest = { ...secured.datasources[0], jsonData: { ...jsonData, port: 9000, secure: false }, secureJsonData };
  assertEquals({ ...secured, datasources: [rest, ...secured.datasources.slice(1)] }, plain);
});
