import { seedCache, sh } from "../compose/built_image.ts";
import { parseDockerfile, type Stage, textsOf } from "../compose/dockerfile.ts";
import { inherited } from "./package_user.ts";

/** As the image of Deno has it. */
const USER = 1993;
const BASE_ENVIRONMENT = { DENO_DIR: "/deno-dir" };
/** Where the image has something of its own; the rest of an absolute path is the machine's. */
const OWN_PATHS = /(^|[\s=",])\/(app|data|deno-dir)(?=[/\s",]|$)/g;
const PORT = "8686";

/** A project's Dockerfile followed step by step into a folder, without an engine. */
export interface ProjectImage {
  /** Runs ENTRYPOINT and CMD as the image's user. */
  start(environment: Readonly<Record<string, string>>): Deno.ChildProcess;
  /** Status of the health check. */
  health(): Promise<number>;
}

export interface FollowOptions {
  /** An empty folder. */
  readonly into: string;
  /** Home of who builds: its `.npmrc` names the registry. */
  readonly home: string;
  /** Port on which Weir listens instead of the image's. */
  readonly port: number;
}

/** @throws Error with the end of what a step said that fails */
export async function followDockerfile(
  project: string,
  { into, home, port }: FollowOptions,
): Promise<ProjectImage> {
  const [stage] = parseDockerfile(await Deno.readTextFile(`${project}/Dockerfile`));
  const isRoot = Deno.uid() === 0;
  const owner = isRoot ? USER : Deno.uid()!;
  const inside = (text: string) => text.replaceAll(OWN_PATHS, (_, before, path) => `${before}${into}/${path}`);
  await Deno.mkdir(`${into}/bin`);
  // A copy that the user can reach, wherever this machine keeps it.
  await Deno.copyFile(Deno.execPath(), `${into}/bin/deno`);
  await Deno.chmod(`${into}/bin/deno`, 0o755);
  await seedCache(`${into}/deno-dir`);
  const declared = environmentOf(stage);
  const environment = (more: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries({ PATH: `${into}/bin:/usr/bin:/bin`, NO_COLOR: "1", ...declared, ...more })
        .map(([name, value]) => [name, inside(value)]),
    );
  const app = `${into}${textsOf(stage, "WORKDIR")[0]}`;
  await Deno.mkdir(app);
  const ignored = (await Deno.readTextFile(`${project}/.dockerignore`)).split("\n").filter((line) => line !== "");
  for (const { keyword, text } of stage.instructions) {
    if (keyword === "COPY") await copy(text, { project, app, ignored, owner });
    if (keyword === "RUN") {
      const script = inside(text.replaceAll("deno:deno", String(owner)));
      await sh(script, { cwd: app, env: { ...inherited(), ...environment({ HOME: home }) } });
    }
  }
  const spawn = (command: readonly string[], more: Readonly<Record<string, string>>) => {
    const run = command.map((word, index) => index === 0 ? `${into}/bin/deno` : inside(word).replace(PORT, `${port}`));
    const user = ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "--no-new-privs"];
    const [program, ...args] = isRoot ? [...user, ...run] : run;
    const env = { ...environment(more), WEIR_PORT: String(port), HOME: "/nonexistent" };
    const piped = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
    return new Deno.Command(program, { args, cwd: app, env, clearEnv: true, ...piped }).spawn();
  };
  const words = (keyword: string): string[] => {
    const [text] = textsOf(stage, keyword);
    return JSON.parse(text.slice(text.indexOf("[")));
  };
  return {
    start: (more) => spawn([...words("ENTRYPOINT"), ...words("CMD")], more),
    health: async () => (await spawn(words("HEALTHCHECK"), {}).output()).code,
  };
}

function environmentOf(stage: Stage): Record<string, string> {
  const pairs = textsOf(stage, "ENV").flatMap((text) => [...text.matchAll(/(\w+)=(\S+)/g)]);
  return { ...BASE_ENVIRONMENT, ...Object.fromEntries(pairs.map(([, name, value]) => [name, value])) };
}

interface CopyOptions {
  readonly project: string;
  readonly app: string;
  readonly ignored: readonly string[];
  readonly owner: number;
}

/** COPY of the project's files into the working directory; of names with `*` there may be none. */
async function copy(text: string, { project, app, ignored, owner }: CopyOptions): Promise<void> {
  const words = text.split(/\s+/);
  const names = words.filter((word) => !word.startsWith("--")).slice(0, -1);
  const there = [...Deno.readDirSync(project)].map(({ name }) => name).filter((name) => !ignored.includes(name));
  for (const name of names) {
    const pattern = new RegExp(`^${name.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
    const found = name === "." ? there : there.filter((candidate) => pattern.test(candidate));
    if (found.length === 0 && !name.includes("*")) throw new Error(`COPY finds no ${name}`);
    for (const file of found) {
      await sh(`cp -R '${project}/${file}' '${app}/'`);
      // The image's own belongs to root, unless it is said otherwise.
      const to = words.some((word) => word.startsWith("--chown=deno:deno")) ? owner : Deno.uid()!;
      await sh(`chown -R ${to} '${app}/${file}'`);
    }
  }
}
