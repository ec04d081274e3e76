import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { readConfiguration } from "../../../src/cli/config/configuration.ts";
import { serverOptions } from "../../../src/cli/clickhouse_client.ts";
import { ConfigError } from "../../../src/record/errors.ts";

const REAL = { KAFKA_BROKERS: "kafka:9092", CLICKHOUSE_URL: "http://a:8123, http://b:8123" };

const readFile = (path: string): string => {
  throw new Deno.errors.NotFound(path);
};
const read = (environment: Record<string, string>) => readConfiguration({ environment, readFile });
const problemOf = (environment: Record<string, string>) =>
  assertThrows(() => read({ ...REAL, ...environment }), ConfigError).message;

Deno.test("CLICKHOUSE_URL is one address or several, of one protocol", () => {
  const { url, others } = serverOptions(read(REAL));
  assertEquals([url, others], ["http://a:8123", ["http://b:8123"]]);
  assertEquals(serverOptions(read({ ...REAL, CLICKHOUSE_URL: "https://a:1" })).others, undefined);
  for (const wrong of ["http://a:1,https://b:1", "http://a:1,b", ",", "ftp://a"]) {
    assertStringIncludes(problemOf({ CLICKHOUSE_URL: wrong }), "Cannot use CLICKHOUSE_URL as an address such as");
  }
  assert(!problemOf({ CLICKHOUSE_URL: "http://u:secret@a:1,ftp://u:other@b" }).includes("secret"));
});

Deno.test("CLICKHOUSE_TOKEN_FILE is read again at each request, and no user stands beside it", () => {
  let token = "first";
  const environment = { ...REAL, CLICKHOUSE_TOKEN_FILE: "/token" };
  const options = serverOptions(readConfiguration({ environment, readFile: () => `${token}\n` }));
  assertEquals(options.token!(), "first");
  token = "second";
  assertEquals(options.token!(), "second");
  assertEquals(options.password, undefined);
  assertStringIncludes(problemOf({ CLICKHOUSE_TOKEN: "t", CLICKHOUSE_USER: "u" }), "the token says who you are");
});

Deno.test("CLICKHOUSE_CLUSTER names a cluster, and its path in Keeper tells tables apart", () => {
  assertEquals(serverOptions(read({ ...REAL, CLICKHOUSE_CLUSTER: "main" })).cluster, { name: "main" });
  const path = "/weir/{shard}/{database}.{table}";
  const cluster = serverOptions(read({ ...REAL, CLICKHOUSE_CLUSTER: "main", CLICKHOUSE_CLUSTER_PATH: path })).cluster;
  assertEquals(cluster, { name: "main", path });
  assertStringIncludes(problemOf({ CLICKHOUSE_CLUSTER_PATH: path }), "without CLICKHOUSE_CLUSTER");
  assertStringIncludes(problemOf({ CLICKHOUSE_CLUSTER: "main", CLICKHOUSE_CLUSTER_PATH: "/weir/{table}" }), "Keeper");
  assertStringIncludes(problemOf({ CLICKHOUSE_CLUSTER: "it's" }), "system.clusters");
});
