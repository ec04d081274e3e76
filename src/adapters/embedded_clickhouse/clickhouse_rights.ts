/**
 * Who may do what in the engine. It knows one user, and its library has no call to name others; so the user has rights
 * to read alone, and a role with all others, which a session gives up (`SET ROLE NONE`) before it serves whoever only
 * reads. So ClickHouse itself refuses files, addresses and dictionaries, in tables' places and in views over them.
 */
const USERS = `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <roles><everything><grants><query>GRANT ALL ON *.*</query></grants></everything></roles>
  <users>
    <default>
      <password/>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SELECT, SHOW ON *.*</query>
        <query>GRANT everything</query>
      </grants>
    </default>
  </users>
</clickhouse>
`;

/** What a session must run before it serves whoever only reads; nobody who may run one statement can take it back. */
export const READING_ONLY = "SET ROLE NONE";

/**
 * Writes the rights beside the data, and gives the arguments that make the engine keep to them. Since these name a
 * file, the engine takes no settings from a `config.xml` that happens to lie in the current directory.
 */
export function rightsArguments(path: string): string[] {
  const directory = `${path}/rights`;
  const config = `${directory}/config.xml`;
  const users = `${directory}/users.xml`;
  Deno.mkdirSync(directory, { recursive: true });
  Deno.writeTextFileSync(config, "<clickhouse/>\n");
  Deno.writeTextFileSync(users, USERS);
  return [`--config-file=${config}`, `--users_config=${users}`];
}
