/** The command line of Docker, as the tests use it. */

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** The first Compose with `!override`, which compose.secure.yaml uses. */
const COMPOSE_LEAST = [2, 24, 4] as const;
const ERROR_CHARACTERS_MAX = 3_000;

/** Runs `docker` to its end, whatever its status. */
export async function tryDocker(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { environment = {}, input, signal } = options;
  const child = new Deno.Command("docker", {
    args: [...args],
    env: { DOCKER_BUILDKIT: "1", BUILDX_NO_DEFAULT_ATTESTATIONS: "1", ...environment },
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).spawn();
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input)).catch(() => {});
    await writer.close().catch(() => {});
  }
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { status: code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs `docker`; what it printed. @throws Error with the end of what it said when it fails */
export async function docker(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await tryDocker(args, options);
  if (status === 0) return stdout;
  const said = `${stderr.trim()}\n${stdout.trim()}`.trim().slice(-ERROR_CHARACTERS_MAX);
  throw new Error(`Cannot run "docker ${args.join(" ").slice(0, 300)}": status ${status}\n${said}`);
}

/** What is missing before anything can be tried, each with what to do about it; empty when all is there. */
export async function engineProblems(): Promise<string[]> {
  try {
    await tryDocker(["--version"]);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return ["docker is not installed: https://docs.docker.com/engine/install/"];
  }
  const problems: string[] = [];
  const server = await tryDocker(["version", "--format", "{{.Server.Version}}"]);
  if (server.status !== 0) {
    problems.push(`no engine answers (${server.stderr.trim().split("\n")[0]}): start it, or set DOCKER_HOST`);
  }
  const compose = await tryDocker(["compose", "version", "--short"]);
  if (compose.status !== 0) problems.push("Docker Compose is not installed: https://docs.docker.com/compose/install/");
  else if (isOlder(compose.stdout.trim())) {
    problems.push(`Docker Compose ${compose.stdout.trim()} is too old: ${COMPOSE_LEAST.join(".")} is needed`);
  }
  return problems;
}

/** `28.1.0 with Compose 5.6.1`. */
export async function engineVersion(): Promise<string> {
  const server = await docker(["version", "--format", "{{.Server.Version}}"]);
  return `${server.trim()} with Compose ${(await docker(["compose", "version", "--short"])).trim()}`;
}

/** Brings an image that is not there. @throws Error naming it when the engine cannot have it */
export async function requireImage(image: string, signal: AbortSignal): Promise<void> {
  if ((await tryDocker(["image", "inspect", image], { signal })).status === 0) return;
  const { status, stderr } = await tryDocker(["pull", "--quiet", image], { signal });
  if (status !== 0) {
    throw new Error(`Cannot have the image "${image}": it is not there, and pulling it fails: ${stderr.trim()}`);
  }
}

function isOlder(version: string): boolean {
  const numbers = version.replace(/^v/, "").split(/[.-]/).map(Number);
  for (const [index, least] of COMPOSE_LEAST.entries()) {
    if (numbers[index] !== least) return numbers[index] < least;
  }
  return false;
}
