import { createHash } from "node:crypto";
import { projectPath, readText } from "./compose_files.ts";

/** The embedded ClickHouse, answering as one of the users of compose/init/clickhouse/users.xml. */
export interface ClickHouseAs {
  /** ClickHouse's HTTP interface. */
  readonly url: string;
  /** Runs one statement; the answer's text, or ClickHouse's error. */
  ask(sql: string): Promise<{ readonly text: string; readonly code: string | null }>;
  close(): Promise<void>;
}

/**
 * Starts it on a data directory with the real users.xml beside the passwords that the secrets tool writes. Every query
 * of the embedded engine runs as user `default`, so that one is given what `user` has: its profile, its quota and its
 * grants; `administrator` leaves it as it is.
 *
 * One thing is left out: the engine, unlike a server, does not know `settings_constraints_replace_previous`, without
 * which it refuses `changeable_in_readonly`.
 */
export async function startClickHouseAs(path: string, user: string): Promise<ClickHouseAs> {
  const configuration = await Deno.makeTempDir({ prefix: "weir-clickhouse-users-" });
  await writeConfiguration(configuration, user);
  const root = new URL("../../", import.meta.url);
  const args = ["run", "-A", "--no-prompt", "--cached-only", `--config=${new URL("deno.json", root).pathname}`];
  const server = projectPath("src/adapters/embedded_clickhouse/clickhouse_server.ts");
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args, server, `--path=${path}`, `--config-file=${configuration}/config.xml`],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const { url, error } = JSON.parse(await firstLine(child.stdout));
  if (url === undefined) throw new Error(`Cannot start ClickHouse as ${user}: ${error}`);
  return {
    url,
    async ask(sql) {
      const response = await fetch(url, { method: "POST", body: sql });
      return { text: await response.text(), code: response.headers.get("x-clickhouse-exception-code") };
    },
    async close() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(configuration, { recursive: true });
    },
  };
}

async function writeConfiguration(folder: string, user: string): Promise<void> {
  const users = readText("compose/init/clickhouse/users.xml").replace(/\s*<changeable_in_readonly\s*\/>/, "");
  const [, section] = /<users>([\s\S]*)<\/users>/.exec(users)!;
  const own = new RegExp(`<${user}>([\\s\\S]*?)</${user}>`).exec(section);
  if (own === null && user !== "administrator") throw new Error(`users.xml has no user ${user}`);
  const asDefault = own === null ? users : users.replace(
    /<default>[\s\S]*?<\/default>/,
    `<default replace="replace"><password></password>${own[1]}</default>`,
  );
  const hash = createHash("sha256").update("not used").digest("hex");
  const passwords = ["weir_writer", "weir_proof", "grafana_reader"].map((name) =>
    `<${name}><password_sha256_hex>${hash}</password_sha256_hex></${name}>`
  );
  await Deno.mkdir(`${folder}/users.d`);
  await Promise.all([
    Deno.writeTextFile(
      `${folder}/config.xml`,
      `<clickhouse><users_config>${folder}/users.xml</users_config></clickhouse>`,
    ),
    // What the image brings: an administrator whose files users.d change.
    Deno.writeTextFile(
      `${folder}/users.xml`,
      `<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users><default><password></password>` +
        `<networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>` +
        "</default></users></clickhouse>",
    ),
    Deno.writeTextFile(
      `${folder}/users.d/clickhouse_passwords.xml`,
      `<clickhouse><users>${passwords.join("")}</users></clickhouse>`,
    ),
    Deno.writeTextFile(`${folder}/users.d/online_store.xml`, asDefault),
  ]);
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) return `{"error": "its process ended without a word"}`;
    text += value;
  }
  (async () => {
    while (!(await reader.read()).done);
  })().catch(() => {});
  return text.slice(0, text.indexOf("\n"));
}
