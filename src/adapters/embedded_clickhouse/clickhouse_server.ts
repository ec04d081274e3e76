/**
 * The embedded ClickHouse: `deno run --allow-ffi ... clickhouse_server.ts --path <directory> [--port n]
 * [--memory-bytes-max n] [--config-file <file>]`. Serves ClickHouse's HTTP interface on the loopback address, and a
 * second, read-only one. Made to be a child process: prints one JSON line when it is ready or cannot be, and ends with
 * its standard input, so that it never outlives its parent. `EMBEDDED_CLICKHOUSE_ACCOUNTS` names who may use it:
 * `{"writer":{"user":..., "password":...},"reader":{...}}`; empty or absent: everybody. With a configuration of its own
 * the engine keeps to the rights of that.
 */
import { parseArgs } from "node:util";
import { ConfigError } from "../../record/errors.ts";
import { openEngine } from "./clickhouse_engine.ts";
import { exceptionOf } from "./clickhouse_exception.ts";
import { type Accounts, clickhouseHandler, DEFAULT_HTTP_LIMITS } from "./clickhouse_http.ts";

const HOST = "127.0.0.1";
const SHUTDOWN_MS = 5_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      path: { type: "string" },
      port: { type: "string", default: "0" },
      "reader-port": { type: "string", default: "0" },
      "memory-bytes-max": { type: "string", default: String(2 ** 31) },
      "config-file": { type: "string" },
    },
  });
  if (values.path === undefined) {
    throw new ConfigError(['Cannot start without a data directory: add "--path <directory>"']);
  }
  const parent = Deno.ppid;
  const engine = await openEngine({
    path: values.path,
    memoryBytesMax: Number(values["memory-bytes-max"]),
    configFile: values["config-file"] ?? null,
    onStuck: () => {
      console.error("The embedded ClickHouse does not end queries that were given up: it is started again");
      endAtOnce();
    },
  });
  const handle = clickhouseHandler({ engine, limits: DEFAULT_HTTP_LIMITS, accounts: accounts() });
  const serve = (port: string | undefined, access: "writer" | "reader") =>
    Deno.serve({ hostname: HOST, port: Number(port), onListen: () => {} }, (request) => handle(request, access));
  const writer = serve(values.port, "writer");
  const reader = serve(values["reader-port"], "reader");

  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    // What is acknowledged is on disk; whoever has no answer yet will ask again.
    const late = setTimeout(endAtOnce, SHUTDOWN_MS);
    engine.giveUpReads();
    await Promise.all([writer.shutdown(), reader.shutdown()]);
    if (!await engine.close()) endAtOnce();
    clearTimeout(late);
    Deno.exit(0);
  };
  Deno.addSignalListener("SIGTERM", end);
  setInterval(() => Deno.ppid !== parent && end(), 1_000);
  const url = (port: number) => `http://${HOST}:${port}`;
  announce({
    url: url(writer.addr.port),
    readerUrl: url(reader.addr.port),
    pid: Deno.pid,
    version: engine.version,
  });
  for await (const _ of Deno.stdin.readable) {
    // Nothing is said to this process; its input only shows that the parent lives.
  }
  await end();
}

/** Without waiting for what the engine does: an exit would. */
function endAtOnce(): void {
  Deno.kill(Deno.pid, "SIGKILL");
}

function accounts(): Accounts | null {
  const text = Deno.env.get("EMBEDDED_CLICKHOUSE_ACCOUNTS") ?? "";
  return text === "" ? null : JSON.parse(text);
}

function announce(line: Record<string, unknown>): void {
  try {
    Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  } catch {
    // The parent has ended meanwhile.
    Deno.exit(1);
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    announce({ error: exceptionOf(error).message });
    Deno.exit(1);
  }
}
