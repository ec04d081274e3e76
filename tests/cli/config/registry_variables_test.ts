import { assertEquals, assertThrows } from "@std/assert";
import { type Configuration, readConfiguration } from "../../../src/cli/config/configuration.ts";
import { ConfigError } from "../../../src/record/errors.ts";
import { ownCertificate } from "./own_certificate.ts";

const REAL = { KAFKA_BROKERS: "kafka:9092", CLICKHOUSE_URL: "http://clickhouse:8123" };

function read(environment: Record<string, string>, files: Record<string, string> = {}): Configuration {
  return readConfiguration({
    environment,
    readFile(path) {
      if (!(path in files)) throw new Deno.errors.NotFound(path);
      return files[path];
    },
  });
}

function problemsOf(environment: Record<string, string>): readonly string[] {
  return assertThrows(() => read(environment), ConfigError).problems;
}

Deno.test("readConfiguration() reads how the registry is reached, and its password file again", () => {
  const files = { "/run/password": "first\n" };
  const { registry } = read({
    ...REAL,
    SCHEMA_REGISTRY_URL: "http://a:8081, https://b/apis/ccompat/v7",
    SCHEMA_REGISTRY_USER: "weir",
    SCHEMA_REGISTRY_PASSWORD_FILE: "/run/password",
  }, files);
  assertEquals(registry!.urls, ["http://a:8081", "https://b/apis/ccompat/v7"]);
  assertEquals(registry!.authorization()?.reveal(), `Basic ${btoa("weir:first")}`);
  files["/run/password"] = "second";
  assertEquals(registry!.authorization()?.reveal(), `Basic ${btoa("weir:second")}`);
  assertEquals(String(registry!.authorization()), "***");
  assertEquals(registry!.tls(), {});
  assertEquals(read(REAL).registry, null);
});

Deno.test("readConfiguration() takes a token and certificates for the registry", async () => {
  const { certificate, key } = await ownCertificate("weir");
  const { registry } = read({
    ...REAL,
    SCHEMA_REGISTRY_URL: "https://registry",
    SCHEMA_REGISTRY_TOKEN: "abc",
    SCHEMA_REGISTRY_CA: certificate,
    SCHEMA_REGISTRY_CERT: certificate,
    SCHEMA_REGISTRY_KEY: key,
  });
  assertEquals(registry!.authorization()?.reveal(), "Bearer abc");
  const { ca, client } = registry!.tls();
  assertEquals([ca, client?.certificate, client?.key.reveal()], [certificate, certificate, key]);
});

Deno.test("readConfiguration() tells all that is wrong with the registry's variables", () => {
  assertEquals(problemsOf({ ...REAL, SCHEMA_REGISTRY_USER: "weir" }), [
    "Cannot use SCHEMA_REGISTRY_USER without SCHEMA_REGISTRY_URL: it is missing. Set it, or unset the others",
  ]);
  assertEquals(problemsOf({ SCHEMA_REGISTRY_URL: "http://a" }), [
    "Cannot use SCHEMA_REGISTRY_URL in embedded mode, whose records are JSON: KAFKA_BROKERS is missing. Set it, or " +
    "unset the other",
  ]);
  assertEquals(problemsOf({ ...REAL, SCHEMA_REGISTRY_URL: "http://weir:secret@a" }), [
    "Cannot use SCHEMA_REGISTRY_URL as addresses such as https://registry:8081, separated by commas, without names " +
    'and passwords: current value is "http://weir:***@a"',
  ]);
  const url = { ...REAL, SCHEMA_REGISTRY_URL: "http://a" };
  assertEquals(problemsOf({ ...url, SCHEMA_REGISTRY_USER: "weir" }), [
    "Cannot use SCHEMA_REGISTRY_USER alone: SCHEMA_REGISTRY_PASSWORD (or SCHEMA_REGISTRY_PASSWORD_FILE) is missing",
  ]);
  const both = { SCHEMA_REGISTRY_USER: "weir", SCHEMA_REGISTRY_PASSWORD: "p", SCHEMA_REGISTRY_TOKEN: "t" };
  assertEquals(problemsOf({ ...url, ...both }), [
    "Cannot log in to the schema registry by SCHEMA_REGISTRY_TOKEN and by a password: unset one of them",
  ]);
  const ca = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----";
  assertEquals(problemsOf({ ...url, SCHEMA_REGISTRY_CA: ca }), [
    "Cannot use SCHEMA_REGISTRY_CA with an http:// address: certificates are for https. Change SCHEMA_REGISTRY_URL",
  ]);
});
