import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { derivedFiles, passwordNames, type Passwords } from "../../tools/secrets/passwords.ts";
import { allowed } from "./compose_files.ts";
import { type Answer, askConfigured, type Files, usersXml } from "./clickhouse_configured.ts";

const ignore = !allowed;

/** The image's users.xml, without its comments. */
const IMAGE_USERS = `<clickhouse>
  <profiles><default/><readonly><readonly>1</readonly></readonly></profiles>
  <users>
    <default>
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <access_management>1</access_management>
    </default>
  </users>
  <quotas><default><interval><duration>3600</duration><queries>0</queries></interval></default></quotas>
</clickhouse>`;

const passwords = derivedFiles(
  Object.fromEntries(passwordNames.map((name) => [name, `not used: ${name}`])) as Passwords,
)["clickhouse_passwords.xml"];

/** As the container sees them; the engine, unlike a server, does not take `changeable_in_readonly`. */
function configured(users: string): Files {
  return {
    "config.xml": "<clickhouse><users_config>/etc/clickhouse-server/users.xml</users_config></clickhouse>",
    "users.xml": IMAGE_USERS,
    "users.d/clickhouse_passwords.xml": passwords,
    "users.d/online_store.xml": users.replace(/\s*<changeable_in_readonly\s*\/>/, ""),
  };
}

async function ask(...statements: string[]): Promise<readonly Answer["rows"][]> {
  const answers = await askConfigured(configured(usersXml), statements);
  assertEquals(answers.map(({ error }) => error), statements.map(() => null));
  return answers.map(({ rows }) => rows);
}

Deno.test({
  name:
    "users.xml and the passwords are merged into the image's users: hashes, networks, profiles, quotas are in effect",
  ignore,
  fn: async () => {
    const [users, profiles, quotas, limits] = await ask(
      "SELECT name, auth_type, host_ip, host_names FROM system.users ORDER BY name",
      "SELECT user_name, inherit_profile FROM system.settings_profile_elements " +
        "WHERE user_name IS NOT NULL ORDER BY user_name",
      "SELECT name, apply_to_list FROM system.quotas ORDER BY name",
      "SELECT quota_name, duration, max_queries, max_errors, max_execution_time FROM system.quota_limits " +
        "WHERE quota_name != 'default' ORDER BY quota_name",
    );
    assertEquals(users, [
      // The engine's word for 127.0.0.1 and ::1.
      { name: "default", auth_type: ["plaintext_password"], host_ip: [], host_names: ["localhost"] },
      { name: "grafana_reader", auth_type: ["sha256_password"], host_ip: ["::/0"], host_names: [] },
      { name: "weir_proof", auth_type: ["sha256_password"], host_ip: ["::/0"], host_names: [] },
      { name: "weir_writer", auth_type: ["sha256_password"], host_ip: ["::/0"], host_names: [] },
    ]);
    assertEquals(
      profiles,
      ["default", "grafana_reader", "weir_proof", "weir_writer"].map((name) => ({
        user_name: name,
        inherit_profile: name,
      })),
    );
    const names = ["default", "grafana_reader", "weir_proof", "weir_writer"];
    assertEquals(quotas, names.map((name) => ({ name, apply_to_list: [name] })));
    assertEquals(limits, [
      { quota_name: "grafana_reader", duration: 60, max_queries: 3000, max_errors: 500, max_execution_time: 900 },
      { quota_name: "weir_proof", duration: 60, max_queries: 3000, max_errors: 500, max_execution_time: null },
      { quota_name: "weir_writer", duration: 60, max_queries: null, max_errors: 1000, max_execution_time: null },
    ]);
  },
});

Deno.test({
  name:
    "users.xml names settings that exist: the engine does not start with a misspelt setting, limit, grant or profile",
  ignore,
  fn: async (t) => {
    const wrong: Record<string, [from: string, to: string, error: string]> = {
      setting: ["max_result_rows", "max_result_row", "Unknown setting 'max_result_row'"],
      limit: ["<max>60</max>", "<most>60</most>", "most value for max_execution_time isn't supported"],
      grant: ["GRANT SELECT, SHOW ON", "GRANT SELECT, SHOWS ON", "Failed to parse grant query"],
      profile: ["<profile>grafana_reader", "<profile>grafana_readers", "Profile grafana_readers was not found"],
    };
    for (const [name, [from, to, error]] of Object.entries(wrong)) {
      await t.step(name, async () => {
        assertStringIncludes(usersXml, from);
        const start = () => askConfigured(configured(usersXml.replaceAll(from, to)), ["SELECT 1"]);
        await assertRejects(start, Error, error);
      });
    }
  },
});
