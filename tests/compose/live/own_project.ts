import { stringify } from "yaml";
import { pack } from "../../../tools/pack.ts";
import { freePort } from "../../free_port.ts";
import { denoIn, downloads, manifestOf } from "../../package/package_user.ts";
import { serveRegistry } from "../../package/registry.ts";
import { until } from "../../stack/e2e/steps.ts";
import { type Container, containersOf } from "./container.ts";
import { docker, type RunOptions } from "./engine.ts";
import type { Stage } from "./stage.ts";

/** Networks of the stack in which Kafka, ClickHouse and PostgreSQL are. */
const NETWORKS = ["streaming", "analytics", "capture"] as const;
/** Those that the proof needs. */
const PROOF_NETWORKS = ["analytics", "capture"] as const;

/**
 * A project that somebody has made from this package, who has Kafka and ClickHouse already: those of the stack. Its own
 * Dockerfile and compose.yaml run as they were written, on a free port and in the stack's networks.
 */
export class OwnProject implements AsyncDisposable {
  readonly folder: string;
  readonly port = freePort();
  /** The stack beside which it runs. */
  readonly stage: Stage;
  /** As Compose calls those of its two services. */
  readonly #images: readonly string[];

  private constructor(stage: Stage, folder: string) {
    this.stage = stage;
    this.folder = folder;
    this.#images = ["weir", "weir-proof"].map((service) => `${this.name}-${service}`);
  }

  /** Made by the command that the README names, and its image built at once, before anything else was run there. */
  static async make(stage: Stage, signal: AbortSignal): Promise<OwnProject> {
    const root = `${stage.root}/own`;
    await Deno.mkdir(root);
    const tarball = await pack(`${root}/weir.tgz`);
    await using registry = serveRegistry(await Deno.readFile(tarball), await manifestOf(tarball));
    const { all, own } = await downloads(registry.port);
    try {
      await Deno.writeTextFile(`${root}/.npmrc`, registry.npmrc);
      const { status, text } = await denoIn(root, { HOME: root, DENO_DIR: all })(
        ...["run", "-A", "npm:@weir/weir/create", "shop"],
      );
      if (status !== 0) throw new Error(text);
      const project = new OwnProject(stage, `${root}/shop`);
      await Deno.copyFile(`${root}/.npmrc`, `${project.folder}/.npmrc`);
      // In the machine's own network: the registry is there.
      const build = ["build", "--quiet", "--network", "host", ...project.#images.flatMap((name) => ["--tag", name])];
      await docker([...build, project.folder], { signal });
      return project;
    } finally {
      await Deno.remove(own, { recursive: true }).catch(() => {});
    }
  }

  get name(): string {
    return `${this.stage.options.project}-shop`;
  }

  /** `.env`, as compose.yaml asks for it, and what puts the containers into the stack's networks. */
  async configure(): Promise<void> {
    const networks = NETWORKS.map((name) => [name, { external: true, name: `${this.stage.options.project}_${name}` }]);
    const port = `    ports: !override ["127.0.0.1:${this.port}:8686"]\n`;
    const joined = `    networks: [default, ${NETWORKS.join(", ")}]\n`;
    const proof = `  weir-proof:\n    networks: [default, ${PROOF_NETWORKS.join(", ")}]\n`;
    const rest = stringify({ networks: Object.fromEntries(networks) });
    await Deno.writeTextFile(this.#override, `services:\n  weir:\n${port}${joined}${proof}${rest}`);
    await this.#writeEnvironment(".env", this.#environment);
  }

  /** What the README says to have the tables compared while all runs. */
  async configureProof(): Promise<void> {
    await this.#writeEnvironment(".env", { ...this.#environment, COMPOSE_PROFILES: "proof", WEIR_PROOF: "service" });
    await this.#writeEnvironment("proof.env", {
      CLICKHOUSE_USER: "weir_proof",
      CLICKHOUSE_PASSWORD: this.stage.secret("weir_proof_password"),
      VERIFY_DATABASE_URL: "postgres://verifier@postgres:5432/online_store",
      VERIFY_DATABASE_PASSWORD: this.stage.secret("verifier_password"),
    });
  }

  get #environment(): Readonly<Record<string, string>> {
    return {
      KAFKA_BROKERS: "kafka:29092",
      CLICKHOUSE_URL: "http://clickhouse:8123",
      CLICKHOUSE_DATABASE: "online_store",
      CLICKHOUSE_USER: "weir_writer",
      CLICKHOUSE_PASSWORD: this.stage.secret("weir_writer_password"),
      WEIR_STORE_PASSWORD: this.stage.secret("weir_store_password"),
    };
  }

  async #writeEnvironment(file: string, values: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
    await Deno.writeTextFile(`${this.folder}/${file}`, lines.join(""));
  }

  /** What stands before a subcommand of `docker compose`. */
  get command(): readonly string[] {
    const files = [`${this.folder}/compose.yaml`, this.#override].flatMap((file) => ["--file", file]);
    return ["compose", "--project-name", this.name, ...files];
  }

  /** Runs `docker compose` there; what it printed. @throws Error when it fails */
  compose(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return docker([...this.command, ...args], options);
  }

  /** Its container of a service. @throws Error when there is none, or more */
  async container(service = "weir"): Promise<Container> {
    const found = await containersOf(this.name, this.stage.options.signal);
    const own = found.filter((one) => one.service === service);
    if (own.length !== 1) throw new Error(`there are ${own.length} containers of ${service} in ${this.name}`);
    return own[0];
  }

  /** Resolves when its container is healthy. */
  async healthy(signal: AbortSignal): Promise<Container> {
    const lastWords = () => this.compose(["logs", "--no-log-prefix", "--tail", "5"]);
    return await until(async () => {
      const container = await this.container();
      return container.state === "running" && container.health === "healthy" && container;
    }, { signal, everyMs: 500, lastWords });
  }

  /** Events of its log since its container was started last, or all. */
  async events(container: Container): Promise<Record<string, unknown>[]> {
    const started = await docker(["inspect", "--format", "{{.State.StartedAt}}", container.id]);
    const text = await docker(["logs", "--since", started.trim(), container.id]);
    return text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  /** Removes its container, volume, network and image. */
  async [Symbol.asyncDispose](): Promise<void> {
    const signal = AbortSignal.timeout(120_000);
    await this.compose(["down", "--volumes", "--remove-orphans"], { signal });
    await docker(["image", "rm", "--force", ...this.#images], { signal });
    await Deno.remove(`${this.stage.root}/own`, { recursive: true });
  }

  get #override(): string {
    return `${this.stage.root}/own/networks.yaml`;
  }
}
