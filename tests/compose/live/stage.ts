import { certificateNames } from "../../../tools/secrets/certificates.ts";
import { makeSecrets } from "../../../tools/secrets/make_secrets.ts";
import { passwordNames } from "../../../tools/secrets/passwords.ts";
import { type Steps, until } from "../../stack/e2e/steps.ts";
import { projectPath } from "../compose_files.ts";
import type { Profile } from "../networks.ts";
import { type Container, containersOf } from "./container.ts";
import { docker, type Ran, requireImage, tryDocker } from "./engine.ts";
import { movedPort, overrideText, type Plan } from "./override.ts";

export interface StageOptions {
  readonly project: string;
  readonly portOffset: number;
  readonly addresses: string;
  readonly signal: AbortSignal;
}

/** Which files are laid over each other. */
export interface Shape {
  readonly profile: Profile;
  /** With compose.scale.yaml: ports for several instances of Weir. */
  readonly scale?: boolean;
}

/** How long all services may take to become healthy. */
const WELL_MS_MAX = 300_000;
/**
 * The files that name every network and volume: compose.secure.yaml does without one, which `down` with it would leave
 * behind.
 */
const EVERYTHING: Shape = { profile: "plain" };
const TOOLS_IMAGE = "busybox:latest";

/** The stack of compose/ under a name, on ports and with secrets of its own, and what the scenarios do with it. */
export class Stage {
  readonly steps: Steps;
  readonly options: StageOptions;
  /** Of the files that run now, or ran last. */
  profile: Profile = "plain";
  /** What could not be shown on these images, a line each. */
  readonly notShown = new Set<string>();
  #root = "";
  readonly #plans = new Map<string, Plan>();
  #openFilesMax = Infinity;

  constructor(steps: Steps, options: StageOptions) {
    this.steps = steps;
    this.options = options;
  }

  /** A folder for this run, gone at its end. */
  get root(): string {
    return this.#root;
  }

  /** Removes what an earlier run has left, and makes secrets; or takes over a stack that `--keep` has left. */
  async open(kept: string | null): Promise<void> {
    this.#root = kept ?? await Deno.makeTempDir({ prefix: "weir-compose-" });
    if (kept === null) await makeSecrets(this.#root);
    await requireImage(TOOLS_IMAGE, this.options.signal);
    const asked = ["run", "--rm", "--network", "none", TOOLS_IMAGE, "sh", "-c", "ulimit -Hn"];
    const limit = (await docker(asked, { signal: this.options.signal })).trim();
    if (limit !== "unlimited") this.#openFilesMax = await this.#mayRaise() ? Infinity : Number(limit);
    if (kept === null) await this.compose(EVERYTHING, ["down", "--volumes", "--remove-orphans"]);
  }

  /** Removes the containers, networks, volumes and images of this run. @throws Error when something is left */
  async close(): Promise<void> {
    const signal = AbortSignal.timeout(180_000);
    await this.compose(EVERYTHING, ["down", "--volumes", "--remove-orphans"], { signal });
    for (const { image, build } of Object.values((await this.plan({ profile: "plain" })).services)) {
      if (build !== undefined) await tryDocker(["image", "rm", "--force", image], { signal });
    }
    const filter = ["--filter", `label=com.docker.compose.project=${this.options.project}`, "--quiet"];
    for (const list of [["ps", "--all"], ["network", "ls"], ["volume", "ls"]]) {
      const left = (await docker([...list, ...filter], { signal })).trim();
      if (left !== "") throw new Error(`Cannot remove everything: docker ${list[0]} still has ${left}`);
    }
    await Deno.remove(this.#root, { recursive: true });
  }

  /** Makes the named secrets anew, all of them by default. The containers still have the old ones. */
  async rotateSecrets(names: readonly string[] = [...passwordNames, ...certificateNames]): Promise<void> {
    await makeSecrets(this.#root, { rotate: names });
  }

  /** The text of a secret. */
  secret(name: string): string {
    return Deno.readTextFileSync(`${this.#root}/secrets/${name}`);
  }

  /** What Compose makes of the files and this run's override. */
  async plan(shape: Shape): Promise<Plan> {
    const key = JSON.stringify(shape);
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const { project, portOffset, addresses } = this.options;
    const config = (files: readonly string[]) =>
      docker([...this.#base(files), "config", "--format", "json"], { environment: this.#environment });
    const bare: Plan = JSON.parse(await config(this.#files(shape)));
    const openFilesMax = this.#openFilesMax;
    await Deno.writeTextFile(
      this.#override(shape),
      overrideText(bare, { project, portOffset, addresses, openFilesMax }),
    );
    const plan: Plan = JSON.parse(await config([...this.#files(shape), this.#override(shape)]));
    this.#plans.set(key, plan);
    return plan;
  }

  /** Runs `docker compose`; what it printed. @throws Error when it fails */
  async compose(shape: Shape, args: readonly string[], options: { signal?: AbortSignal; input?: string } = {}) {
    const { status, stdout, stderr } = await this.tryCompose(shape, args, options);
    if (status === 0) return stdout;
    const said = stderr.split("\n").filter((line) => /error|failed|unhealthy|exited/i.test(line)).slice(-10).join("\n");
    throw new Error(`Cannot run "docker compose ${args.join(" ")}": status ${status}\n${said || stderr.slice(-2_000)}`);
  }

  /** Runs `docker compose`, whatever its status. */
  async tryCompose(
    shape: Shape,
    args: readonly string[],
    { signal = this.options.signal, input }: { signal?: AbortSignal; input?: string } = {},
  ): Promise<Ran> {
    const command = await this.composeCommand(shape);
    return await tryDocker([...command.args, ...args], { environment: command.environment, signal, input });
  }

  /** `docker compose` with this run's files: what stands before the subcommand, and its environment. */
  async composeCommand(
    shape: Shape,
  ): Promise<{ readonly args: readonly string[]; readonly environment: Readonly<Record<string, string>> }> {
    await this.plan(shape);
    const files = [...this.#files(shape), this.#override(shape)];
    return { args: this.#base(files), environment: this.#environment };
  }

  /** `up --detach`, and waits until all is well; which containers are new. */
  async up(shape: Shape, args: readonly string[], signal: AbortSignal): Promise<string> {
    this.profile = shape.profile;
    const before = new Set((await this.containers()).map(({ id }) => id));
    const startedMs = performance.now();
    await this.compose(shape, ["up", "--detach", "--no-build", ...args], { signal });
    const tookS = ((performance.now() - startedMs) / 1000).toFixed(1);
    await this.well(signal);
    const fresh = (await this.containers()).filter(({ id }) => !before.has(id));
    return `up ${tookS} s, ${fresh.length} new containers`;
  }

  containers(): Promise<Container[]> {
    return containersOf(this.options.project, this.options.signal);
  }

  /** Names of the volumes of this project that are there. */
  async volumes(): Promise<string[]> {
    const filter = `label=com.docker.compose.project=${this.options.project}`;
    return (await docker(["volume", "ls", "--quiet", "--filter", filter])).split("\n").filter((name) => name !== "");
  }

  /** Prints how the containers are and the end of what the unwell ones have said, to find out why a step failed. */
  async tell(): Promise<void> {
    const { services } = await this.plan({ profile: this.profile });
    const containers = await containersOf(this.options.project, AbortSignal.timeout(30_000));
    for (const line of unwellIn(containers, services)) this.steps.say(`      ${line}`);
    for (const { id, service, health, state, exitCode } of containers) {
      if ((state === "running" && health !== "unhealthy") || (state === "exited" && exitCode === 0)) continue;
      const { stdout, stderr } = await tryDocker(["logs", "--tail", "8", id]);
      for (const line of `${stdout}${stderr}`.trim().split("\n")) console.log(`    ${service}: ${line.slice(0, 300)}`);
    }
  }

  /** The containers of a service, in their order. @throws Error when there is none */
  async of(service: string): Promise<Container[]> {
    const found = (await this.containers()).filter((container) => container.service === service);
    if (found.length === 0) throw new Error(`Cannot find a container of "${service}"`);
    return found;
  }

  /** Resolves when every service is healthy and every task has ended with 0. @throws Error saying who is not */
  async well(signal: AbortSignal): Promise<void> {
    let unwell: string[] = [];
    const timeout = AbortSignal.timeout(WELL_MS_MAX);
    const { services } = await this.plan({ profile: this.profile });
    try {
      await until(async () => (unwell = unwellIn(await this.containers(), services)).length === 0, {
        signal: AbortSignal.any([signal, timeout]),
        everyMs: 500,
      });
    } catch (error) {
      throw new Error(`Not well: ${unwell.join(", ")}`, { cause: error });
    }
  }

  /** Port on this machine under which a service's port is published. */
  port(published: number): number {
    return Number(movedPort(String(published), this.options.portOffset));
  }

  /** Runs SQL in PostgreSQL as its administrator; the rows as lines, columns separated by `|`. */
  async sql(text: string): Promise<string> {
    const psql = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"];
    const [{ id }] = await this.of("postgres");
    const args = ["exec", "--interactive", id, ...psql, "--dbname", "online_store"];
    return (await docker(args, { input: text, signal: this.options.signal })).trim();
  }

  /** Runs a command with the tools of busybox, with options of `docker run` before it. */
  tools(options: readonly string[], command: readonly string[]): Promise<string> {
    return docker(["run", "--rm", "--network", "none", ...options, TOOLS_IMAGE, ...command], {
      signal: this.options.signal,
    });
  }

  async #mayRaise(): Promise<boolean> {
    const wanted = Object.values((await this.plan({ profile: "plain" })).services)
      .map(({ ulimits }) => ulimits?.nofile?.hard ?? 0);
    this.#plans.clear();
    const most = Math.max(...wanted);
    const args = ["run", "--rm", "--network", "none", "--ulimit", `nofile=${most}:${most}`, TOOLS_IMAGE, "true"];
    return (await tryDocker(args, { signal: this.options.signal })).status === 0;
  }

  #files({ profile, scale = false }: Shape): string[] {
    const names = ["compose", ...(profile === "secure" ? ["compose.secure"] : []), ...(scale ? ["compose.scale"] : [])];
    return names.map((name) => projectPath(`compose/${name}.yaml`));
  }

  #override({ profile, scale = false }: Shape): string {
    return `${this.#root}/${profile}${scale ? ".scale" : ""}.yaml`;
  }

  #base(files: readonly string[]): string[] {
    const { project } = this.options;
    return [
      "compose",
      "--project-name",
      project,
      "--env-file",
      `${this.#root}/.env`,
      ...files.flatMap((file) => ["--file", file]),
    ];
  }

  get #environment(): Record<string, string> {
    return { SECRETS: `${this.#root}/secrets`, CERTIFICATES: `${this.#root}/secrets`, COMPOSE_PROGRESS: "plain" };
  }
}

/** Lines of what is not well yet. */
function unwellIn(containers: readonly Container[], services: Plan["services"]): string[] {
  const missing = Object.keys(services).filter((name) => !containers.some(({ service }) => service === name));
  const unwell = containers.filter(({ service, state, health, exitCode }) =>
    services[service]?.restart?.startsWith("on-failure")
      ? state !== "exited" || exitCode !== 0
      : state !== "running" || (health !== null && health !== "healthy")
  );
  return [
    ...missing.map((name) => `${name} is missing`),
    ...unwell.map(({ service, state, health, exitCode }) =>
      `${service} ${state} ${state === "exited" ? `with ${exitCode}` : health ?? ""}`.trim()
    ),
  ];
}
