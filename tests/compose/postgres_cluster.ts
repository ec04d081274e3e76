import pg from "pg";
import { makeSecrets } from "../../tools/secrets/make_secrets.ts";
import { projectPath, readCompose } from "./compose_files.ts";

const folders = ["/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin"];
const START_MS = 60_000;

/** Folder of PostgreSQL's server programs, or `null`. */
export function postgresPrograms(): string | null {
  return folders.find((folder) => {
    try {
      return Deno.statSync(`${folder}/initdb`).isFile;
    } catch {
      return false;
    }
  }) ?? null;
}

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
    ...asServer("initdb", [
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
  const local = { PGHOST: data, PGPORT: String(port), SECRETS: secrets, PATH: Deno.env.get("PATH") ?? "" };
  const psql = ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--username", "postgres"];
  await run(...asServer("psql", [...psql, "--dbname", "postgres", "--command", "CREATE DATABASE online_store"]), local);
  const files = [...Deno.readDirSync(`${root}/init`)].map(({ name }) => name).sort();
  for (const file of files.filter((name) => name.endsWith(".sql"))) {
    await run(...asServer("psql", [...psql, "--dbname", "online_store", "--file", `${root}/init/${file}`]), local);
  }
  const setPasswords = () => run(...asServer("bash", [`${root}/init/05_passwords.sh`]), local);
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
  const [program, args] = asServer("postgres", ["-D", data, ...options, ...own]);
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

/** PostgreSQL refuses to run as root. */
function asServer(program: string, args: readonly string[]): [string, string[]] {
  const own = `${postgresPrograms()}/${program}`;
  const path = program === "bash" ? "bash" : own;
  if (Deno.uid() !== 0) return [path, [...args]];
  return ["setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", path, ...args]];
}

async function run(program: string, args: readonly string[], env?: Record<string, string>): Promise<string> {
  const options = {
    args: [...args],
    cwd: "/",
    stdin: "null" as const,
    ...(env === undefined ? {} : { env, clearEnv: true }),
  };
  const { success, stdout, stderr } = await new Deno.Command(program, options).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`Cannot run ${program} ${args.join(" ")}: ${text}`);
  return text;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
