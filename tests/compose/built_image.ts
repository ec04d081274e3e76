import { dirname } from "node:path";
import { allowed, hasProgram, projectPath, readText } from "./compose_files.ts";
import { parseDockerfile, type Stage, textsOf } from "./dockerfile.ts";

/** What a program of the image did. */
export interface Ended {
  readonly code: number;
  readonly text: string;
}

/** Why the image cannot be built here; null if it can. */
export const imageMissing = !allowed
  ? "needs -A"
  : Deno.build.os !== "linux"
  ? "needs Linux"
  : Deno.uid() === 0 && !hasProgram("setpriv")
  ? "setpriv is missing: apt-get install util-linux"
  : null;

/** compose/Dockerfile followed step by step into a folder; its paths are those of the image below `root`. */
export interface BuiltImage {
  readonly root: string;
  /** A text with the image's paths in it, as they are here. */
  inside(text: string): string;
  /** ENTRYPOINT and CMD. */
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  /** Starts a command of the image as the image's user, with the image's environment and no other. */
  spawn(command: readonly string[], environment?: Record<string, string>): Deno.ChildProcess;
  run(command: readonly string[], environment?: Record<string, string>): Promise<Ended>;
  remove(): Promise<void>;
}

const USER = "65532";
/** Where the image has something of its own; the rest of an absolute path is the machine's. */
const OWN_PATHS = /(^|[\s=",:])\/(app|data|deno-dir|run\/secrets)(?=[/\s",]|$)/g;

/** Follows the Dockerfile. As root every step, and later the program, runs as the unprivileged user of the image. */
export async function buildImage(): Promise<BuiltImage> {
  const root = await Deno.makeTempDir({ prefix: "weir-image-" });
  await Deno.chmod(root, 0o755);
  const stages = parseDockerfile(readText("compose/Dockerfile"));
  const folderOf = (index: number) => `${root}/${stages[index].name ?? "final"}`;
  await Deno.mkdir(`${root}/bin`);
  // A copy that the user can reach, wherever this machine keeps it.
  await Deno.copyFile(Deno.execPath(), `${root}/bin/deno`);
  await Deno.chmod(`${root}/bin/deno`, 0o755);
  let environment: Record<string, string> = {};
  for (const [index, stage] of stages.entries()) {
    environment = await follow(stage, { root, folder: folderOf(index), first: index === 0 });
  }
  const folder = folderOf(stages.length - 1);
  const final = stages.at(-1)!;
  await Deno.mkdir(`${folder}/run/secrets`, { recursive: true });
  const health = textsOf(final, "HEALTHCHECK")[0];
  const words = (text: string): string[] => JSON.parse(text);

  const spawn = (command: readonly string[], more: Record<string, string> = {}) => {
    const [program, ...args] = asUser(
      command.map((word) => inside(word, folder)).map((word, index) => index === 0 ? `${root}/bin/deno` : word),
    );
    const env = Object.fromEntries(
      Object.entries({ ...environment, ...more }).map(([key, value]) => [key, inside(value, folder)]),
    );
    return new Deno.Command(program, {
      args,
      cwd: `${folder}/app`,
      env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent", NO_COLOR: "1", ...env },
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  };

  return {
    root: folder,
    inside: (text) => inside(text, folder),
    command: [...words(textsOf(final, "ENTRYPOINT")[0]), ...words(textsOf(final, "CMD")[0])],
    healthcheck: words(health.slice(health.indexOf("["))),
    spawn,
    async run(command, more) {
      const { code, stdout, stderr } = await spawn(command, more).output();
      return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
    },
    async remove() {
      await sh(`chmod -R u+w '${root}'`);
      await Deno.remove(root, { recursive: true });
    },
  };
}

/** Runs the instructions of one stage; the environment that it leaves. */
async function follow(
  stage: Stage,
  { root, folder, first }: { root: string; folder: string; first: boolean },
): Promise<Record<string, string>> {
  await Deno.mkdir(folder);
  const environment: Record<string, string> = {};
  let workdir = "/";
  for (const { keyword, text } of stage.instructions) {
    if (keyword === "ENV") { for (const [, key, value] of text.matchAll(/(\w+)=(\S+)/g)) environment[key] = value; }
    if (keyword === "WORKDIR") {
      await Deno.mkdir(`${folder}${workdir = text}`, { recursive: true });
      if (first) await seedCache(`${folder}${environment.DENO_DIR}`);
      if (first) await giveTo(folder);
    }
    if (keyword === "COPY") {
      await copy(text, { root, folder, workdir });
      if (first) await giveTo(`${folder}${workdir}`);
    }
    if (keyword === "RUN") {
      const env = { ...environment, PATH: `${root}/bin:/usr/bin:/bin`, NO_COLOR: "1" };
      if (text === "mkdir /data") {
        await Deno.mkdir(`${folder}/data`);
        continue;
      }
      // What was copied belongs to whoever runs the tests, who alone may change its mode.
      const user = !text.startsWith("chmod ");
      await sh(inside(text, folder), { cwd: `${folder}${workdir}`, env: mapped(env, folder), user });
    }
  }
  return environment;
}

/**
 * COPY: out of the project, or out of another stage. What belongs to root in the image can be written by nobody here.
 */
async function copy(
  text: string,
  { root, folder, workdir }: { root: string; folder: string; workdir: string },
): Promise<void> {
  const words = text.split(/\s+/);
  const from = words.find((word) => word.startsWith("--from="))?.slice("--from=".length);
  const paths = words.filter((word) => !word.startsWith("--"));
  const destination = paths.pop()!;
  const target = destination.startsWith("/") ? `${folder}${destination}` : `${folder}${workdir}/${destination}`;
  for (const path of paths) {
    const source = from === undefined ? projectPath(path) : `${root}/${from}${path}`;
    if (Deno.statSync(source).isDirectory) {
      await Deno.mkdir(target, { recursive: true });
      await sh(`cp -R '${source}/.' '${target}'`);
    } else {
      const file = destination.endsWith("/") ? `${target}${path.split("/").pop()}` : target;
      await Deno.mkdir(dirname(file), { recursive: true });
      const isFolder = destination === "./";
      await Deno.copyFile(source, isFolder ? `${folder}${workdir}/${path}` : file);
    }
  }
  if (from === undefined) return;
  if (words.some((word) => word.startsWith("--chown="))) await giveTo(target);
  else await sh(`${Deno.uid() === 0 ? `chown -R 0:0 '${target}' && ` : ""}chmod -R a-w,a+rX '${target}'`);
}

/** What this machine has downloaded already need not be downloaded again; the lock says what it must be. */
export async function seedCache(folder: string): Promise<void> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stderr: "null" }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout));
  await Deno.mkdir(folder, { recursive: true });
  await sh(`cp -R --link '${denoDir}/npm' '${folder}/npm'`).catch(() => {});
}

function giveTo(path: string): Promise<void> {
  // The folders only: a downloaded file may be one with the machine's own.
  return Deno.uid() === 0 ? sh(`find '${path}' -type d -exec chown ${USER}:${USER} {} + ; true`) : Promise.resolve();
}

function asUser(command: readonly string[]): string[] {
  if (Deno.uid() !== 0) return [...command];
  return ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "--no-new-privs", ...command];
}

/** Paths of the image as they are below `folder`. */
function inside(text: string, folder: string): string {
  return text.replaceAll(OWN_PATHS, (_, before, path) => `${before}${folder}/${path}`);
}

function mapped(values: Record<string, string>, folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, inside(value, folder)]));
}

/** Runs a script, as the image's user where that is asked for. @throws Error with the end of what it said */
export async function sh(
  script: string,
  options: { cwd?: string; env?: Record<string, string>; user?: boolean } = {},
): Promise<void> {
  const [program, ...args] = options.user ? asUser(["sh", "-euc", script]) : ["sh", "-euc", script];
  const output = await new Deno.Command(program, { args, cwd: options.cwd ?? "/", env: options.env, stdin: "null" })
    .output();
  if (output.success) return;
  throw new Error(`Cannot run "${script}": ${new TextDecoder().decode(output.stderr).slice(-2_000)}`);
}
