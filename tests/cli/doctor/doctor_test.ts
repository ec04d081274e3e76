import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { checkConnector } from "../../../src/cli/doctor/connector_checks.ts";
import type { Finding } from "../../../src/cli/doctor/finding.ts";
import { needsOf } from "../../../src/cli/doctor/needs.ts";
import { checkClocks } from "../../../src/cli/doctor/weir_checks.ts";
import mirror from "../../../topologies/mirror.ts";
import { hasPostgres15, startPostgres } from "../../values/postgres_server.ts";
import { withConnect } from "./connect_server.ts";
import { runWeir } from "../sources/run_sources.ts";

const TOPOLOGIES = new URL("../../../topologies", import.meta.url).pathname;
const needs = needsOf([mirror], { generation: 1 });

/** Verdicts by check and subject. */
function verdicts(findings: readonly Finding[]): Record<string, string> {
  return Object.fromEntries(findings.map(({ check, subject, verdict }) => [`${check} ${subject}`, verdict]));
}

async function doctor(env: Readonly<Record<string, string>>, ...args: string[]) {
  const cwd = await Deno.makeTempDir({ prefix: "weir-doctor-" });
  try {
    const said = await runWeir(["doctor", "mirror", "--json", ...args], {
      cwd,
      env: { WEIR_TOPOLOGIES: TOPOLOGIES, ...env },
    });
    assertEquals([...Deno.readDirSync(cwd)], [], "it has made nothing");
    return { ...said, findings: said.out === "" ? [] : JSON.parse(said.out).findings as Finding[] };
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test({
  name: "doctor says what a PostgreSQL lacks that was never prepared, and its statements put it right",
  ignore: !hasPostgres15(),
  async fn() {
    const server = await startPostgres();
    try {
      const url = `postgres://postgres@127.0.0.1:${server.port}/postgres`;
      for (const table of ["users", "sellers", "products", "orders"]) {
        await server.query(`CREATE TABLE ${table} (id int PRIMARY KEY)`);
      }
      const { status, findings } = await doctor({ SOURCE_DATABASE_URL: url });
      assertEquals(status, 1);
      const found = verdicts(findings);
      assertEquals(found["postgres.wal_level wal_level"], "wrong");
      assertEquals(found["postgres.publication dbz_publication"], "wrong");
      assertEquals(found["postgres.replica_identity public.users"], "warning");
      assertEquals(found["postgres.table public.order_items"], "wrong");
      const rights = findings.find(({ check, subject }) => `${check} ${subject}` === "postgres.rights public.users");
      assertEquals(rights?.verdict, "not checked", "its own role may read it, which tells nothing of the connector's");
      assertStringIncludes(rights!.text, "nobody reads");
      assertEquals(found["postgres.slot a logical slot"], "wrong");
      assertEquals(found["kafka.reachable Kafka"], "not checked");
      assertEquals(found["clickhouse.reachable ClickHouse"], "not checked");
      await server.query("CREATE TABLE order_items (id int)");
      for (const { repair } of findings) {
        if (repair?.where !== "postgres") continue;
        for (const statement of repair.statement.split("; ")) await server.query(statement);
      }
      const again = verdicts((await doctor({ SOURCE_DATABASE_URL: url })).findings);
      assertEquals(again["postgres.publication dbz_publication"], "ok");
      assertEquals(again["postgres.replica_identity public.users"], "ok");
      assertEquals(again["postgres.published public.users"], "ok");
      assertEquals(again["postgres.replica_identity public.order_items"], "wrong", "it has no primary key");
      assertEquals(again["postgres.slot_limit max_slot_wal_keep_size"], "ok");
    } finally {
      await server.close();
    }
  },
});

Deno.test("doctor tells what cannot be reached, and no password", async () => {
  const { status, out, findings } = await doctor({
    SOURCE_DATABASE_URL: "postgres://v:geheim@127.0.0.1:1/x",
    CONNECT_URL: "http://v:geheim@127.0.0.1:1",
    KAFKA_BROKERS: "127.0.0.1:1",
    CLICKHOUSE_URL: "http://v:geheim@127.0.0.1:1",
    WEIR_DATA: "/dev/null/data",
  });
  assertEquals(status, 1);
  const wrong = findings.filter(({ verdict }) => verdict === "wrong").map(({ check }) => check).sort();
  assertEquals(wrong, [
    "clickhouse.reachable",
    "connector.reachable",
    "kafka.reachable",
    "postgres.reachable",
    "weir.data_directory",
  ]);
  assert(!out.includes("geheim"), out);
});

Deno.test("doctor tells wrong variables as findings", async () => {
  const { status, findings } = await doctor({ WEIR_FLUSH_INTERVAL_MS: "soon", WEIR_STORE_PASSWORD_FILE: "/none" });
  assertEquals(status, 1);
  assertEquals(findings.map(({ check, verdict }) => `${check} ${verdict}`), [
    "weir.variables wrong",
    "weir.variables wrong",
  ]);
  assertStringIncludes(findings[0].text + findings[1].text, "WEIR_STORE_PASSWORD_FILE");
});

Deno.test("checkConnector() judges what is set and what is left to defaults", async () => {
  const json = "org.apache.kafka.connect.json.JsonConverter";
  const config = { "topic.prefix": "online_store", "value.converter": json, "database.password": "geheim" };
  await withConnect(config, async (url) => {
    const { findings } = await checkConnector(url, needs);
    const found = verdicts(findings);
    assertEquals(found["connector.running shop"], "wrong");
    assertEquals(found["connector.keys shop key.converter.schemas.enable"], "not checked");
    assertEquals(found["connector.values shop value.converter.replace.null.with.default"], "wrong");
    assertEquals(
      found["connector.decimals shop decimal.handling.mode"],
      "ok",
      "a schema is attached, which has the scale",
    );
    assertEquals(found["connector.heartbeat shop heartbeat.interval.ms"], "warning");
    assertEquals(found["connector.truncate shop skipped.operations"], "ok");
    assert(!JSON.stringify(findings).includes("geheim"));
  });
  await withConnect({ "topic.prefix": "another" }, async (url) => {
    const { findings, settings } = await checkConnector(url, needs);
    assertEquals([findings.at(-1)?.check, findings.at(-1)?.verdict, settings], ["connector.present", "wrong", null]);
  });
});

Deno.test("checkClocks() knows nothing within the time that an answer took", () => {
  const at = (timeMs: number) => checkClocks([{ server: "S", timeMs, askedMs: 10_000, answeredMs: 11_000 }])[0].verdict;
  assertEquals([at(10_500), at(8_500), at(14_000), at(80_000)], ["ok", "ok", "warning", "wrong"]);
});

Deno.test("docs/doctor.md has every check, and no other", async () => {
  const folder = new URL("../../../src/cli/doctor/", import.meta.url);
  const areas: Readonly<Record<string, string>> = {
    connector_checks: "connector",
    connector_rules: "connector",
    converter_checks: "connector",
    mysql_checks: "mysql",
    mysql_rights: "mysql",
    registry_checks: "registry",
    postgres_checks: "postgres",
    table_checks: "postgres",
    slot_checks: "postgres",
    kafka_checks: "kafka",
    record_checks: "records",
    clickhouse_checks: "clickhouse",
  };
  const made = new Set([
    "weir.variables",
    "weir.topologies",
    "weir.data_directory",
    "weir.disk",
    "weir.memory",
    "clocks.skew",
  ]);
  for (const [file, area] of Object.entries(areas)) {
    const text = await Deno.readTextFile(new URL(`${file}.ts`, folder));
    for (const [, name] of text.matchAll(/(?:findings\.\w+\(\[|check: )\s*"(\w+)"/g)) made.add(`${area}.${name}`);
  }
  // Their names are those of the variables that they look at.
  for (const name of ["binlog_format", "binlog_row_image"]) made.add(`mysql.${name}`);
  const page = await Deno.readTextFile(new URL("../../../docs/doctor.md", import.meta.url));
  const listed = [...page.matchAll(/^\| `(\w+\.\w+)`/gm)].map(([, name]) => name);
  assertEquals(listed.sort(), [...made].sort());
});
