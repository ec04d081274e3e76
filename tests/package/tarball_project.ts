import { assert, assertEquals } from "@std/assert";
import { freePort } from "../free_port.ts";
import { lines } from "../cli/support.ts";
import { denoIn, type Done, inherited } from "./package_user.ts";

/** Whether npm is there, which installs tarballs. */
export const hasNpm: boolean = await new Deno.Command("npm", { args: ["--version"], stdout: "null", stderr: "null" })
  .output().then(({ success }) => success, () => false);

interface Project {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  passes(run: Promise<Done>, ...said: readonly string[]): Promise<void>;
}

/**
 * Does with a project on a tarball what its user does: npm installs, and all else is a task.
 * `home`: a home directory that names no registry.
 */
export async function tryTarballProject({ home, ...given }: Project & { readonly home: string }): Promise<void> {
  const project = { ...given, env: { ...given.env, HOME: home, WEIR_PORT: String(freePort()) } };
  const { folder, env, passes } = project;
  const shop = denoIn(folder, env);
  await passes(npmInstall(project));
  await passes(shop("task", "new", "totals"), "Wrote topologies/totals.ts");
  await passes(shop("task", "test"), "3 passed | 0 failed");
  await passes(shop("task", "start", "--demo-size", "small", "--duration", "10s"), "totals started fresh");
  await takesChange(project);
  await passes(shop("task", "verify"), "Equal: ");
  await passes(shop("task", "new", "project", "../sub"), "Install:   npm install");
  assertEquals(await Deno.readFile(`${folder}/../sub/weir.tgz`), await Deno.readFile(`${folder}/weir.tgz`));
  await tellsWhatIsWrong(project);
}

async function npmInstall({ folder, env }: Project): Promise<Done> {
  const { code, stdout, stderr } = await new Deno.Command("npm", {
    args: ["install", "--no-audit", "--no-fund"],
    cwd: folder,
    clearEnv: true,
    // What others have downloaded already: chdb is half a gigabyte.
    env: { ...inherited(), ...env, npm_config_cache: `${Deno.env.get("HOME")}/.npm` },
    stdin: "null",
  }).output();
  return { status: code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** `dev` replaces a topology, while orders come, and ends in order. */
async function takesChange({ folder, env }: Project): Promise<void> {
  const process = new Deno.Command(Deno.execPath(), {
    // What the task of this name runs, without a shell in between, which would keep signals to itself.
    args: ["run", "-A", "npm:@weir/weir/cli", "dev"],
    cwd: folder,
    clearEnv: true,
    env: { ...inherited(), ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const path = `${folder}/topologies/totals.ts`;
  const [begun, replaced] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const awaited = ["Watching ", '"event":"started","message":"totals ', "Changed: topologies/totals.ts"];
  const out = lines(process.stdout, (line) => {
    const at = awaited.findIndex((text) => line.includes(text));
    if (at >= 0) awaited.splice(at, 1);
    else if (awaited.length === 0 && line.includes('"event":"started","message":"totals ')) replaced.resolve();
    if (awaited.length === 1) begun.resolve();
  });
  const err = lines(process.stderr, () => {});
  await Promise.race([begun.promise, process.status]);
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.replace('"cancelled"', '"refunded"'));
  await Promise.race([replaced.promise, process.status]);
  // One that has ended, whose status says so, cannot be told.
  try {
    process.kill("SIGTERM");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  const { code } = await process.status;
  const said = await out + await err;
  assertEquals(code, 0, said);
  assert(said.includes("Changed: topologies/totals.ts"), said);
}

/** What only such a project can get wrong. */
async function tellsWhatIsWrong({ folder, env }: Project): Promise<void> {
  const shop = denoIn(folder, env);
  await Deno.rename(`${folder}/topologies`, `${folder}/../topologies`);
  await Deno.copyFile(`${folder}/sources.ts`, `${folder}/../sources.ts`);
  for (const args of [["describe"], ["start", "--duration", "1s"]]) {
    const { status, text } = await shop("task", ...args, "--topologies", "../topologies");
    assert(status !== 0 && text.includes(`are found from inside of ${folder} alone`), text);
  }
  await Deno.rename(`${folder}/../topologies`, `${folder}/topologies`);
  await Deno.remove(`${folder}/node_modules/chdb`, { recursive: true });
  const { status, text } = await shop("task", "start", "--duration", "1s");
  assert(status !== 0 && text.includes("Add it: npm install chdb@3.4.0."), text);
}
