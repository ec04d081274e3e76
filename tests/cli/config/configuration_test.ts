import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Configuration, readConfiguration } from "../../../src/cli/config/configuration.ts";
import { withoutPassword } from "../../../src/cli/config/secret.ts";
import { ConfigError } from "../../../src/record/errors.ts";
import { defaultRunOptions } from "../../../src/runtime/options.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----";
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

function problemsOf(environment: Record<string, string>, files: Record<string, string> = {}): readonly string[] {
  return assertThrows(() => read(environment, files), ConfigError).problems;
}

Deno.test("readConfiguration() without variables is embedded, with every default", () => {
  const configuration = read({});
  assertEquals([configuration.kafka, configuration.clickhouse, configuration.postgres], [null, null, null]);
  assertEquals([configuration.host, configuration.port, configuration.dataDirectory], ["127.0.0.1", 8686, ".data"]);
  assertEquals(configuration.deadLetters, "file");
  assertEquals(configuration.run, defaultRunOptions);
});

Deno.test("readConfiguration() takes an empty variable for an absent one", () => {
  assertEquals(read({ KAFKA_BROKERS: "", CLICKHOUSE_URL: " ", WEIR_PORT: "", KAFKA_CA_FILE: "" }), read({}));
});

Deno.test("readConfiguration() reads everything about the real services", () => {
  const { kafka, clickhouse, postgres, run, database } = read({
    ...REAL,
    KAFKA_BROKERS: "a:9092, b:9093",
    KAFKA_SASL_MECHANISM: "SCRAM-SHA-512",
    KAFKA_SASL_USERNAME: "weir",
    KAFKA_SASL_PASSWORD_FILE: "/run/kafka",
    KAFKA_CA_FILE: "/run/ca",
    KAFKA_REPLICATION_FACTOR: "3",
    CLICKHOUSE_USER: "writer",
    CLICKHOUSE_PASSWORD: "open sesame",
    CLICKHOUSE_DATABASE: "shop",
    PGHOST: "postgres",
    PGPORT: "5433",
    POSTGRES_PASSWORD_FILE: "/run/postgres",
    WEIR_GENERATION: "7",
    WEIR_TAKE_OVER: "old, older_one",
    WEIR_FLUSH_INTERVAL_MS: "50",
    WEIR_INSERTS_PER_SECOND: "5",
    WEIR_DELETES_MAX_SHARE: "0.25",
    WEIR_ALLOW_RETENTION: "true",
  }, { "/run/kafka": "secret one\n", "/run/ca": PEM, "/run/postgres": "secret two" });
  assertEquals(kafka!.brokers, ["a:9092", "b:9093"]);
  assertEquals([kafka!.tls!().ca, kafka!.replicationFactor, kafka!.clientId], [PEM, 3, "weir"]);
  const login = kafka!.login!;
  assert(login.mechanism === "scram-sha-512");
  assertEquals([login.username, login.password.reveal()], ["weir", "secret one"]);
  assertEquals([clickhouse!.user, clickhouse!.password!.reveal(), database], ["writer", "open sesame", "shop"]);
  assertEquals([postgres!.host, postgres!.port, postgres!.password!.reveal()], ["postgres", 5433, "secret two"]);
  assertEquals(run, {
    ...defaultRunOptions,
    generation: 7,
    takeOver: ["old", "older_one"],
    flushIntervalMs: 50,
    insertsPerSecond: 5,
    deletesMaxShare: 0.25,
    allowRetention: true,
  });
});

Deno.test("readConfiguration() reads a secret that nothing shows", () => {
  const configuration = read({ ...REAL, CLICKHOUSE_PASSWORD: "open sesame", CLICKHOUSE_USER: "u" });
  const shown = [
    JSON.stringify(configuration),
    Deno.inspect(configuration, { depth: 9 }),
    `${configuration.clickhouse!.password}`,
  ];
  for (const text of shown) {
    assert(!text.includes("sesame"), text);
    assert(text.includes("***"), text);
  }
});

/** Each case, and what its problems say, one text each. */
const REFUSED: readonly {
  readonly name: string;
  readonly environment: Record<string, string>;
  readonly files?: Record<string, string>;
  readonly says: readonly string[];
}[] = [
  { name: "Kafka without ClickHouse", environment: { KAFKA_BROKERS: "a:1" }, says: ["CLICKHOUSE_URL is missing"] },
  {
    name: "ClickHouse without Kafka",
    environment: { CLICKHOUSE_URL: "http://a:1" },
    says: ["KAFKA_BROKERS is missing"],
  },
  {
    name: "Kafka's details without Kafka",
    environment: { KAFKA_TLS: "true" },
    says: ["KAFKA_TLS without KAFKA_BROKERS"],
  },
  {
    name: "ClickHouse's details without ClickHouse",
    environment: { CLICKHOUSE_PASSWORD: "x" },
    says: ["CLICKHOUSE_PASSWORD without CLICKHOUSE_URL"],
  },
  {
    name: "a broker without a port",
    environment: { ...REAL, KAFKA_BROKERS: "kafka" },
    says: ['current value is "kafka"'],
  },
  {
    name: "half of the credentials",
    environment: { ...REAL, KAFKA_SASL_USERNAME: "u" },
    says: ["MECHANISM and KAFKA_SASL_PASSWORD missing"],
  },
  {
    name: "an unknown mechanism",
    environment: { ...REAL, KAFKA_SASL_MECHANISM: "md5" },
    says: ["plain, scram-sha-256", "missing"],
  },
  {
    name: "certificates without TLS",
    environment: { ...REAL, KAFKA_TLS: "no", KAFKA_CA: PEM },
    says: ["KAFKA_CA with KAFKA_TLS=false"],
  },
  {
    name: "certificates for http",
    environment: { ...REAL, CLICKHOUSE_CA: PEM },
    says: ["CLICKHOUSE_CA with an http:// address"],
  },
  {
    name: "an address for other instances that they could not use",
    environment: { ...REAL, WEIR_APPLICATION_SERVER: "weir-1:8686" },
    says: ["WEIR_APPLICATION_SERVER without WEIR_STORE_PASSWORD"],
  },
  {
    name: "dead letters in topics where there are none",
    environment: { WEIR_DEAD_LETTERS: "topic" },
    says: ["Cannot keep dead letters in topics (WEIR_DEAD_LETTERS=topic) in embedded mode"],
  },
  {
    name: "dead letters in neither",
    environment: { ...REAL, WEIR_DEAD_LETTERS: "kafka" },
    says: ['Cannot use WEIR_DEAD_LETTERS as file or topic: current value is "kafka"'],
  },
  {
    name: "an address for other instances where there are none",
    environment: { WEIR_APPLICATION_SERVER: "weir-1:8686", WEIR_STORE_PASSWORD: "secret" },
    says: ["WEIR_APPLICATION_SERVER in embedded mode"],
  },
  {
    name: "an address for other instances that is none",
    environment: { ...REAL, WEIR_APPLICATION_SERVER: "http://weir-1:8686", WEIR_STORE_PASSWORD: "secret" },
    says: ["WEIR_APPLICATION_SERVER as host:port"],
  },
  {
    name: "a machine's name in the middle of an address",
    environment: { ...REAL, WEIR_APPLICATION_SERVER: "weir.*.shop:8686", WEIR_STORE_PASSWORD: "secret" },
    says: ["WEIR_APPLICATION_SERVER as host:port, or *:port or *.domain:port"],
  },
  { name: "a certificate that is none", environment: { ...REAL, KAFKA_CA: "/etc/ca.pem" }, says: ["KAFKA_CA_FILE"] },
  {
    name: "a file that is not there",
    environment: { ...REAL, KAFKA_CA_FILE: "/none" },
    says: ['"/none", there is no such file'],
  },
  {
    name: "an empty file",
    environment: { CLICKHOUSE_PASSWORD_FILE: "/e" },
    files: { "/e": "\n" },
    says: ["is empty", "without CLICKHOUSE_URL"],
  },
  {
    name: "a secret and its file",
    environment: { ...REAL, CLICKHOUSE_PASSWORD: "a", CLICKHOUSE_PASSWORD_FILE: "/b" },
    says: ["both CLICKHOUSE_PASSWORD and CLICKHOUSE_PASSWORD_FILE"],
  },
  { name: "a misspelt variable", environment: { WEIR_GENERATOIN: "2" }, says: ['Did you mean "WEIR_GENERATION"'] },
  {
    name: "names without commas",
    environment: { WEIR_TAKE_OVER: "old older" },
    says: ['WEIR_TAKE_OVER as names with commas between them: current value is "old older"'],
  },
  { name: "a generation of 0", environment: { WEIR_GENERATION: "0" }, says: ["from 1 to 8191"] },
  { name: "a share above 1", environment: { WEIR_DELETES_MAX_SHARE: "1.5" }, says: ["between 0 and 1"] },
  { name: "a switch that is neither", environment: { WEIR_ALLOW_DELETES: "maybe" }, says: ["true or false"] },
  { name: "an unknown log level", environment: { WEIR_LOG: "loud" }, says: ["error, warn, info, debug"] },
  {
    name: "all that is wrong at once",
    environment: { KAFKA_BROKERS: "kafka", WEIR_PORT: "x", WEIR_NONE: "1", KAFKA_SASL_USERNAME: "u" },
    says: ["KAFKA_BROKERS as brokers", "WEIR_PORT", "WEIR_NONE", "CLICKHOUSE_URL is missing", "KAFKA_SASL_MECHANISM"],
  },
];

Deno.test("readConfiguration() refuses", async (t) => {
  for (const { name, environment, files, says } of REFUSED) {
    await t.step(name, () => {
      const problems = problemsOf(environment, files);
      assertEquals(problems.length, says.length, problems.join("\n"));
      for (const text of says) {
        assert(problems.some((problem) => problem.includes(text)), `${text} in ${problems.join("\n")}`);
      }
    });
  }
});

Deno.test("readConfiguration() puts the machine's name in front of an address that begins with a star", () => {
  const { run } = read({ ...REAL, WEIR_APPLICATION_SERVER: "*.weir.shop.svc:8686", WEIR_STORE_PASSWORD: "secret" });
  assertEquals(run.applicationServer, `${Deno.hostname()}.weir.shop.svc:8686`);
  const bare = read({ ...REAL, WEIR_APPLICATION_SERVER: "*:8686", WEIR_STORE_PASSWORD: "secret" });
  assertEquals(bare.run.applicationServer, `${Deno.hostname()}:8686`);
});

Deno.test("readConfiguration() leaves the variables of the project's tools alone", () => {
  assertEquals(read({ WEIR_STACK: "/tmp/x", WEIR_STACK_PORT_OFFSET: "1" }), read({}));
});

Deno.test("readConfiguration() never repeats a password in a problem", () => {
  const [problem] = problemsOf({ ...REAL, CLICKHOUSE_URL: "ftp://user:p@ss:w/rd@host:1" });
  assert(problem.includes("***") && !problem.includes("p@ss"), problem);
});

Deno.test("withoutPassword() hides a password in addresses of every form", () => {
  const cases = {
    "http://u:secret@h:1/x": "http://u:***@h:1/x",
    "http://u:se:c/r@et@h:1": "http://u:***@h:1",
    "u:secret@h": "u:***@h",
    "http://h:8123": "http://h:8123",
    "postgres://u@h/db": "postgres://u@h/db",
  };
  for (const [url, shown] of Object.entries(cases)) assertEquals(withoutPassword(url), shown);
});
