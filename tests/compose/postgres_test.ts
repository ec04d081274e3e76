import { assert, assertEquals, assertRejects } from "@std/assert";
import { passwordNames } from "../../tools/secrets/passwords.ts";
import { postgresPrograms } from "../postgres_programs.ts";
import { allowed, hasProgram } from "./compose_files.ts";
import { type Cluster, startCluster } from "./postgres_cluster.ts";

// As any other user than root the server would run under a name that its peer authentication does not know.
const missing = !allowed
  ? "needs -A"
  : postgresPrograms() === null
  ? "PostgreSQL is missing: apt-get install postgresql-15"
  : Deno.uid() !== 0 || !hasProgram("setpriv")
  ? "needs root and setpriv, to run the server as user postgres"
  : null;
const ignore = missing !== null;
const suffix = ignore ? ` (${missing})` : "";

let cluster: Cluster;

Deno.test.beforeAll(async () => {
  if (!ignore) cluster = await startCluster();
});

Deno.test.afterAll(async () => {
  if (!ignore) await cluster.close();
});

/** SQL that a role must be refused, and the code of the refusal: 42501 is insufficient privilege. */
type Refused = readonly (readonly [sql: string, code: string])[];

async function assertRefused(role: string, cases: Refused, t: Deno.TestContext): Promise<void> {
  for (const [sql, code] of cases) {
    await t.step(sql, async () => {
      const error = await assertRejects(() => cluster.query(role, sql));
      assertEquals((error as unknown as { code: string }).code, code, (error as Error).message);
    });
  }
}

Deno.test({
  name: `role debezium can do what a connector does${suffix}`,
  ignore,
  async fn(t) {
    const can = [
      "SELECT count(*) FROM users",
      "SELECT count(*) FROM sellers",
      "SELECT count(*) FROM products",
      "SELECT count(*) FROM orders",
      "SELECT count(*) FROM order_items",
      "SELECT pg_create_logical_replication_slot('a_slot', 'pgoutput')",
      "SELECT active, confirmed_flush_lsn FROM pg_replication_slots",
      "SELECT pg_drop_replication_slot('a_slot')",
      "INSERT INTO debezium_signal VALUES ('window-1', 'snapshot-window-open', NULL)",
      "UPDATE public.debezium_heartbeat SET beats = beats + 1, ts = now() WHERE id = 1",
    ];
    for (const sql of can) await t.step(sql, async () => void await cluster.query("debezium", sql));
  },
});

Deno.test({
  name: `role debezium can do nothing else${suffix}`,
  ignore,
  async fn(t) {
    await cluster.query("postgres", "CREATE TABLE salaries (id int PRIMARY KEY)");
    await assertRefused("debezium", [
      ["SELECT * FROM salaries", "42501"],
      ["INSERT INTO orders (user_id, total_amount) VALUES (1, 1)", "42501"],
      ["UPDATE products SET price = 0", "42501"],
      ["DELETE FROM order_items", "42501"],
      ["TRUNCATE users", "42501"],
      ["DELETE FROM debezium_signal", "42501"],
      ["INSERT INTO debezium_heartbeat (id) VALUES (2)", "42501"],
      ["ALTER TABLE orders ADD COLUMN x int", "42501"],
      ["DROP TABLE orders", "42501"],
      ["CREATE TABLE mine (id int)", "42501"],
      ["CREATE PUBLICATION mine FOR TABLE orders", "42501"],
      ["ALTER PUBLICATION dbz_publication ADD TABLE salaries", "42501"],
      ["SELECT rolpassword FROM pg_authid", "42501"],
      ["CREATE ROLE other", "42501"],
      ["SET ROLE postgres", "42501"],
      ["COPY orders TO PROGRAM 'cat'", "42501"],
      ["SELECT pg_read_file('/etc/passwd')", "42501"],
      ["ALTER SYSTEM SET wal_level = 'minimal'", "42501"],
    ], t);
    const attributes = "rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication";
    assertEquals(await cluster.query("postgres", `SELECT ${attributes} FROM pg_roles WHERE rolname = 'debezium'`), [
      { rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolbypassrls: false, rolreplication: true },
    ]);
  },
});

Deno.test({
  name: `role verifier reads the store's tables and how far the slots are, and writes nothing${suffix}`,
  ignore,
  async fn(t) {
    for (const table of ["users", "sellers", "products", "orders", "order_items"]) {
      await cluster.query("verifier", `SELECT count(*) FROM ${table}`);
    }
    await cluster.query(
      "verifier",
      "SELECT confirmed_flush_lsn, pg_current_wal_insert_lsn() FROM pg_replication_slots",
    );
    await assertRefused("verifier", [
      ["UPDATE products SET price = 0", "42501"],
      ["DELETE FROM order_items", "42501"],
      ["SELECT * FROM debezium_signal", "42501"],
      ["SELECT pg_create_logical_replication_slot('c_slot', 'pgoutput')", "42501"],
      ["CREATE TABLE mine (id int)", "42501"],
      ["SELECT rolpassword FROM pg_authid", "42501"],
    ], t);
  },
});

Deno.test({
  name: `role postgres_exporter sees the slot and no row of the store${suffix}`,
  ignore,
  async fn(t) {
    const sql =
      "SELECT slot_name, active, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) FROM pg_replication_slots";
    await cluster.query("postgres_exporter", sql);
    await cluster.query("postgres_exporter", "SELECT numbackends FROM pg_stat_database");
    await assertRefused("postgres_exporter", [
      ["SELECT * FROM orders", "42501"],
      ["SELECT * FROM users", "42501"],
      ["SELECT pg_create_logical_replication_slot('b_slot', 'pgoutput')", "42501"],
      ["CREATE TABLE mine (id int)", "42501"],
      ["SELECT rolpassword FROM pg_authid", "42501"],
    ], t);
  },
});

Deno.test({
  name: `nobody logs in without the password that was made${suffix}`,
  ignore,
  async fn() {
    for (const role of ["postgres", "debezium", "verifier", "postgres_exporter"]) {
      for (const wrong of ["", role, "postgres", "debezium", "dbz", "password"]) {
        await assertRejects(() => cluster.query(role, "SELECT 1", wrong));
      }
      const [{ rolpassword }] = await cluster.query(
        "postgres",
        `SELECT rolpassword FROM pg_authid WHERE rolname = '${role}'`,
      );
      assert(String(rolpassword).startsWith("SCRAM-SHA-256$"), role);
    }
    const without = "SELECT rolname FROM pg_authid WHERE rolcanlogin AND rolpassword IS NULL";
    assertEquals(await cluster.query("postgres", without), []);
  },
});

Deno.test({
  name:
    `start-up files: publication, tables of the connector, limit of the slot, TRUNCATE refused with a reason${suffix}`,
  ignore,
  async fn() {
    const published = await cluster.query(
      "postgres",
      "SELECT tablename FROM pg_publication_tables WHERE pubname = 'dbz_publication' ORDER BY 1",
    );
    const tables = ["debezium_heartbeat", "debezium_signal", "order_items", "orders", "products", "sellers", "users"];
    assertEquals(published.map(({ tablename }) => tablename), tables);
    const [settings] = await cluster.query(
      "postgres",
      "SELECT current_setting('wal_level') AS level, current_setting('max_slot_wal_keep_size') AS keep, " +
        "current_setting('data_checksums') AS sums",
    );
    assertEquals(settings, { level: "logical", keep: "4GB", sums: "on" });
    const full = "SELECT count(*)::int AS n FROM pg_class WHERE relreplident = 'f' AND relname IN " +
      "('users','sellers','products','orders','order_items')";
    assertEquals(await cluster.query("postgres", full), [{ n: 5 }]);
    await assertRejects(
      () => cluster.query("postgres", "TRUNCATE order_items"),
      Error,
      "use DELETE: TRUNCATE is not replicated",
    );
  },
});

Deno.test({
  name: `05_passwords.sh changes passwords again, and neither it nor its failure puts one into the log${suffix}`,
  ignore,
  async fn() {
    const file = `${cluster.secrets}/debezium_password`;
    const before = await Deno.readTextFile(file);
    await Deno.remove(file);
    await Deno.writeTextFile(file, "canary-of-the-new-password");
    await Deno.chmod(file, 0o644);
    await cluster.setPasswords();
    await assertRejects(() => cluster.query("debezium", "SELECT 1", before));
    await cluster.query("debezium", "SELECT 1");
    // The last role is gone, so the script fails after it has read everything.
    await cluster.query("postgres", "ALTER ROLE postgres_exporter RENAME TO renamed");
    const error = await assertRejects(() => cluster.setPasswords()) as Error;
    await cluster.query("postgres", "ALTER ROLE renamed RENAME TO postgres_exporter");
    await cluster.setPasswords();
    const written = cluster.log() + error.message;
    assert(written.includes("SET log_statement TO none"), "the log has no statements in it, so it shows nothing");
    const passwords = passwordNames.map((name) => Deno.readTextFileSync(`${cluster.secrets}/${name}`));
    for (const password of [...passwords, before, "canary-of-the-new-password"]) {
      assert(!written.includes(password), "a password is in the log or in the script's output");
    }
  },
});
