import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { allowed, projectPath } from "./compose_files.ts";
import { serveRefusingKafka } from "./fake_kafka.ts";
import { freePort } from "../free_port.ts";

const ignore = !allowed;
const START_MS = 60_000;

/** A secret that is found wherever it goes. */
function canary(name: string): string {
  return `canary-${name}-${crypto.randomUUID()}`;
}

/** The forms in which a secret may turn up: as it is, in an address, in a header. */
function formsOf(secret: string, user: string): string[] {
  const base64 = [secret, `${user}:${secret}`, `\0${user}\0${secret}`].map((text) =>
    Buffer.from(text).toString("base64")
  );
  return [secret, encodeURIComponent(secret), ...base64, Buffer.from(secret).toString("hex")];
}

function assertAbsent(secrets: readonly string[], where: Record<string, string>): void {
  for (const [name, text] of Object.entries(where)) {
    for (const secret of secrets) {
      for (const form of formsOf(secret, "someone")) {
        assert(!text.includes(form), `${secret} is in ${name}:\n${text.slice(0, 4_000)}`);
      }
    }
  }
}

interface Run {
  readonly code: number;
  readonly output: string;
}

/** The command line in a folder of its own, with these variables and no others. */
function spawn(folder: string, args: readonly string[], environment: Record<string, string>): Deno.ChildProcess {
  const own = ["PATH", "HOME", "DENO_DIR"].flatMap((name) =>
    Deno.env.get(name) === undefined ? [] : [[name, Deno.env.get(name)!]]
  );
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-prompt",
      "--no-check",
      `--config=${projectPath("deno.json")}`,
      projectPath("src/main.ts"),
      ...args,
    ],
    cwd: folder,
    env: {
      ...Object.fromEntries(own),
      NO_COLOR: "1",
      WEIR_TOPOLOGIES: projectPath("topologies"),
      WEIR_LOG: "debug",
      ...environment,
    },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(folder: string, args: readonly string[], environment: Record<string, string>): Promise<Run> {
  const { code, stdout, stderr } = await spawn(folder, args, environment).output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir-canary-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Everything below a folder but the named files, as text. */
function contents(folder: string, without: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) Object.assign(found, contents(path, without));
    else if (!without.includes(path)) found[path] = new TextDecoder("latin1").decode(Deno.readFileSync(path));
  }
  return found;
}

/** A ClickHouse that says what the real one says to a wrong password, or breaks in other ways. */
function serveBrokenClickHouse(
  mode: "refuse" | "garbage" | "reset",
): { url: string; asked: () => number; close(): Promise<void> } {
  let asked = 0;
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    onError: () => new Response(null, { status: 500 }),
  }, () => {
    asked++;
    if (mode === "garbage") return new Response("<html>502 Bad Gateway</html>", { status: 502 });
    if (mode === "reset") throw new Error("broken");
    const text = "Code: 516. DB::Exception: someone: Authentication failed: password is incorrect, " +
      "or there is no user with such name. (AUTHENTICATION_FAILED)";
    return new Response(text, { status: 403, headers: { "x-clickhouse-exception-code": "516" } });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, asked: () => asked, close: () => server.shutdown() };
}

Deno.test({
  name: "canary: an instance that Kafka refuses shows its passwords in no log, page, metric, dead letter or file",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      const kafka = serveRefusingKafka();
      const secrets = [canary("kafka"), canary("clickhouse"), canary("postgres")];
      const given = ["kafka", "clickhouse"].map((name) => `${folder}/${name}`);
      await Deno.writeTextFile(given[0], `${secrets[0]}\n`);
      // Over .env, which the program reads itself.
      await Deno.writeTextFile(
        `${folder}/.env`,
        `POSTGRES_URL=postgres://someone:${secrets[2]}@127.0.0.1:1/online_store\n`,
      );
      const port = freePort();
      const child = spawn(folder, ["start"], {
        KAFKA_BROKERS: kafka.address,
        KAFKA_SASL_MECHANISM: "plain",
        KAFKA_SASL_USERNAME: "someone",
        KAFKA_SASL_PASSWORD_FILE: given[0],
        CLICKHOUSE_URL: "http://127.0.0.1:1",
        CLICKHOUSE_USER: "someone",
        CLICKHOUSE_PASSWORD: secrets[1],
        WEIR_PORT: String(port),
      });
      const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
      const deadline = Date.now() + START_MS;
      while (kafka.logins() < 2 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
      const pages: Record<string, string> = {};
      for (const path of ["/metrics", "/readyz", "/livez", "/", "/rest"]) {
        const response = await fetch(`http://127.0.0.1:${port}${path}`);
        pages[path] = JSON.stringify([...response.headers]) + await response.text();
      }
      child.kill("SIGTERM");
      await child.status;
      kafka.close();
      const text = (await output).join("\n");
      assert(kafka.logins() >= 2, `the broker was asked ${kafka.logins()} times:\n${text}`);
      assert(/authentication failed/i.test(text), text);
      assertAbsent(secrets, { output: text, ...pages, ...contents(folder, [...given, `${folder}/.env`]) });
    }),
});

Deno.test({
  name: "canary: commands that ClickHouse or PostgreSQL refuses show no password",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      const secrets = [canary("clickhouse"), canary("postgres"), canary("address")];
      for (const mode of ["refuse", "garbage", "reset"] as const) {
        const clickhouse = serveBrokenClickHouse(mode);
        const environment = {
          KAFKA_BROKERS: "127.0.0.1:1",
          CLICKHOUSE_URL: clickhouse.url,
          CLICKHOUSE_USER: "someone",
          CLICKHOUSE_PASSWORD: secrets[0],
        };
        const { code, output } = await run(folder, ["query", "SELECT 1"], environment);
        assert(clickhouse.asked() > 0 && code !== 0, `${mode}: ${output}`);
        assertAbsent(secrets, { [mode]: output });
        // The same with the password in the address.
        const url = clickhouse.url.replace("//", `//someone:${secrets[2]}@`);
        const inAddress = await run(folder, ["query", "SELECT 1"], {
          KAFKA_BROKERS: "127.0.0.1:1",
          CLICKHOUSE_URL: url,
        });
        assert(inAddress.code !== 0);
        assertAbsent(secrets, { [`${mode} in the address`]: inAddress.output });
        await clickhouse.close();
      }
      const verify = await run(folder, ["verify"], {
        KAFKA_BROKERS: "127.0.0.1:1",
        CLICKHOUSE_URL: `http://someone:${secrets[0]}@127.0.0.1:1`,
        POSTGRES_URL: `postgres://someone:${secrets[1]}@127.0.0.1:1/online_store`,
      });
      assert(verify.code !== 0);
      assertAbsent(secrets, { verify: verify.output, ...contents(folder, []) });
    }),
});

Deno.test({
  name: "canary: a configuration that is wrong is told without the secrets in it",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      const secret = canary("wrong");
      await Deno.writeTextFile(`${folder}/pem`, secret);
      const wrong: Record<string, string>[] = [
        { KAFKA_CA: secret },
        { KAFKA_CA_FILE: `${folder}/pem` },
        { CLICKHOUSE_CA: secret },
        { KAFKA_SASL_PASSWORD: secret },
        { KAFKA_SASL_PASSWORD: secret, KAFKA_SASL_PASSWORD_FILE: `${folder}/pem` },
        { CLICKHOUSE_PASSWORD: secret, CLICKHOUSE_USER: "someone" },
        { CLICKHOUSE_URL: `htp://someone:${secret}@host`, KAFKA_BROKERS: "127.0.0.1:1" },
        { CLICKHOUSE_URL: `http://someone:${secret}@ho st`, KAFKA_BROKERS: "127.0.0.1:1" },
        { POSTGRES_URL: `mysql://someone:${secret}@host/db` },
        { POSTGRES_PASSWORD: secret, PGPASSWORD: secret, PGHOST: "127.0.0.1" },
      ];
      for (const environment of wrong) {
        const { code, output } = await run(folder, ["query", "SELECT 1"], environment);
        assertEquals(code, 1, output);
        assertAbsent([secret], { [Object.keys(environment).join()]: output });
      }
    }),
});
