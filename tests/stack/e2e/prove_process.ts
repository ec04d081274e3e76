import { projectPath } from "../layout.ts";
import { foreignEnvironment } from "../process.ts";
import { PASSWORD } from "./asked_instance.ts";
import type { Stage } from "./stage.ts";

/** `weir prove` as a process of its own, with no more rights than the Compose stack gives it. */
export class ProveProcess {
  readonly #child: Deno.ChildProcess;
  readonly #done: Promise<unknown>;
  /** All that it has printed. */
  printed = "";

  constructor(stage: Stage, { urls, environment }: {
    readonly urls: readonly string[];
    readonly environment: Readonly<Record<"VERIFY_DATABASE_URL" | "VERIFY_DATABASE_PASSWORD", string>>;
  }) {
    const { environment: { KAFKA_BROKERS, WEIR_TOPOLOGIES }, cwd } = stage.settings;
    const clickhouse = stage.clickhouse.readerUrl;
    const hosts = [clickhouse, environment.VERIFY_DATABASE_URL, ...urls].map((url) => new URL(url).host);
    const root = projectPath(".");
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--cached-only", `--config=${projectPath("deno.json")}`],
        ...[`--allow-read=${root},${cwd}`, `--allow-net=${hosts.join()}`, "--allow-sys=hostname,osRelease,setPriority"],
        ...["--allow-env=KAFKA_BROKERS,CLICKHOUSE_*,VERIFY_*,PG*,WEIR_*,NODE_ENV", "--ignore-env"],
        ...[projectPath("src/main.ts"), "prove", "--url", urls.join()],
      ],
      env: {
        ...foreignEnvironment(),
        ...{ KAFKA_BROKERS, WEIR_TOPOLOGIES, ...environment },
        ...{ CLICKHOUSE_URL: clickhouse, WEIR_STORE_PASSWORD: PASSWORD },
      },
      ...{ clearEnv: true, cwd, stdin: "null", stdout: "piped", stderr: "piped" },
    }).spawn();
    this.#done = Promise.all([this.#child.status, this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.#child.kill(signal);
    await this.#done;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.printed += text;
  }
}
