import pg from "pg";
import { makeSecrets } from "../../tools/secrets/make_secrets.ts";
import { freePort } from "../free_port.ts";
import { asServer, postgresPrograms, run } from "../postgres_programs.ts";
import { projectPath, readCompose } from "./compose_files.ts";

const START_MS = 60_000;

export interface Cluster {
  /** Runs SQL as a role with its password; `password` instead of the right one where given. */
  query(role: string, sql: string, password?: string): Promise<Record<string, unknown>[]>;
  /** Everything that the server has written to its log. */
  log(): string;
  /** Runs init/postgres/05_passwords.sh once more. */
  setPasswords(): Promise<string>;
  readonly secrets: string;
  close(): Promise<void>;
}

/**
 * A PostgreSQL of its own, made as compose.yaml makes it: its server options, its authentication, its start-up files in
 * order. All statements go to the log.
 */
export async function startCluster(): Promise<Cluster> {
  const programs = postgresPrograms();
  const root = await Deno.makeTempDir({ prefix: "weir-pg-" });
  const secrets = `${root}/secrets`;
  await makeSecrets(root);
  await run("cp", ["-r", projectPath("compose/init/postgres"), `${root}/init`]);
  // The server runs as another user, which the image solves by mounting the files one by one.
  await run("chmod", ["-R", "a+rX", root]);
  const data = `${root}/data`;
  await Deno.mkdir(data, { mode: 0o700 });
  if (Deno.uid() === 0) await run("chown", ["postgres", data]);
  const environment = readCompose("compose.yaml").services.postgres.environment!;
  const password = [`--pwfile=${secrets}/postgres_password`];
  await run(
    ...asServer(`${programs}/initdb`, [
      "-D",
      data,
      "-U",
      "postgres",
      "--no-sync",
      ...environment.POSTGRES_INITDB_ARGS.split(" "),
      ...password,
    ]),
  );
  const port = freePort();
  const server = await serve(data, port);
  const env = { PGHOST: data, PGPORT: String(port), SECRETS: secrets, PATH: Deno.env.get("PATH") ?? "" };
  const settings = ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--username", "postgres"];
  const psql = (...args: string[]) => run(...asServer(`${programs}/psql`, [...settings, ...args]), { env });
  await psql("--dbname", "postgres", "--command", "CREATE DATABASE online_store");
  const files = [...Deno.readDirSync(`${root}/init`)].map(({ name }) => name).sort();
  for (const file of files.filter((name) => name.endsWith(".sql"))) {
    await psql("--dbname", "online_store", "--file", `${root}/init/${file}`);
  }
  const setPasswords = () => run(...asServer("bash", [`${root}/init/05_passwords.sh`]), { env });
  await setPasswords();

  return {
    secrets,
    setPasswords,
    log: server.log,
    async query(role, sql, password) {
      const client = new pg.Client({
        host: "127.0.0.1",
        port,
        database: "online_store",
        user: role,
        password: password ?? (await Deno.readTextFile(`${secrets}/${role}_password`)).trim(),
      });
      client.on("error", () => {});
      await client.connect();
      try {
        const result = await client.query(sql);
        return (Array.isArray(result) ? result.at(-1) : result).rows;
      } finally {
        await client.end();
      }
    },
    async close() {
      server.child.kill("SIGINT");
      await server.child.status;
      await Deno.remove(root, { recursive: true });
    },
  };
}

interface Server {
  readonly child: Deno.ChildProcess;
  /** What it has written so far. */
  readonly log: () => string;
}

async function serve(data: string, port: number): Promise<Server> {
  const own = ["-p", String(port), "-c", "listen_addresses=127.0.0.1", "-k", data, "-F", "-c", "log_statement=all"];
  const options = readCompose("compose.yaml").services.postgres.command!.slice(1);
  const [program, args] = asServer(`${postgresPrograms()}/postgres`, ["-D", data, ...options, ...own]);
  const child = new Deno.Command(program, { args, cwd: "/", stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  let text = "";
  const reading = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) text += chunk;
  })();
  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
  while (!text.includes("ready to accept connections")) {
    const ended = await Promise.race([
      reading.then(() => true),
      new Promise<false>((resolve) => setTimeout(resolve, 20, false)),
    ]);
    if (ended) throw new Error(`Cannot start PostgreSQL: ${text}`);
  }
  clearTimeout(timer);
  return { child, log: () => text };
}
