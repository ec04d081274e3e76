/**
 * Makes the npm package: `deno task pack [--output file]`. It writes `weir-weir-<version>.tgz`, with JavaScript and
 * declarations of types made of `src/`, which Deno and npm install.
 *
 * Packages of JSR do not reach the users of npm: in the package their place is taken by what stands in `links/`.
 */
import { cp } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../src/record/errors.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

interface Config {
  readonly name: string;
  readonly version: string;
  readonly imports: Record<string, string>;
  readonly publish: { readonly include: readonly string[]; readonly exclude: readonly string[] };
}

/**
 * Packs the files as they are now.
 * @returns the tarball's path
 * @throws ConfigError if `deno pack` refuses them
 */
export async function pack(output?: string): Promise<string> {
  const config: Config = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const tarball = resolve(output ?? `${config.name.replace("@", "").replace("/", "-")}-${config.version}.tgz`);
  const folder = await Deno.makeTempDir({ prefix: "weir-pack-" });
  try {
    for (const name of config.publish.include) await cp(`${ROOT}${name}`, `${folder}/${name}`, { recursive: true });
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(await packedConfig(folder, config)));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", tarball],
      cwd: folder,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    if (!success) throw new ConfigError([`Cannot pack the package: ${said.trim()}`]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return tarball;
}

/** The configuration of the copy in `folder`, where stand-ins have taken the place of JSR's packages. */
async function packedConfig(folder: string, { imports, publish, ...config }: Config): Promise<unknown> {
  const names = Object.keys(imports).filter((name) => imports[name].startsWith("jsr:"));
  const used = new Set<string>();
  for await (const path of typeScriptIn(`${folder}/src`)) {
    const text = await Deno.readTextFile(path);
    const found = names.filter((name) => text.includes(` from "${name}";`));
    if (found.length === 0) continue;
    const packed = found.reduce((all, name) => {
      const standIn = relative(dirname(path), `${folder}/links/${folderOf(name)}/mod.ts`);
      return all.replaceAll(` from "${name}";`, ` from "${standIn}";`);
    }, text);
    await Deno.writeTextFile(path, packed);
    for (const name of found) used.add(`links/${folderOf(name)}/mod.ts`);
  }
  for (const path of used) await cp(`${ROOT}${path}`, `${folder}/${path}`);
  return {
    ...config,
    links: undefined,
    nodeModulesDir: "none",
    imports: Object.fromEntries(Object.entries(imports).filter(([name]) => !names.includes(name))),
    publish: { ...publish, include: [...publish.include, ...used] },
  };
}

/** `@std/dotenv` as `std_dotenv`. */
function folderOf(name: string): string {
  return name.slice(1).replace("/", "_");
}

async function* typeScriptIn(folder: string): AsyncIterable<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* typeScriptIn(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield `${folder}/${name}`;
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ args: Deno.args, options: { output: { type: "string" } } });
  console.log(`Wrote ${await pack(values.output)}`);
}
