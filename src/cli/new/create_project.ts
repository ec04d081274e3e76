import { basename, dirname, resolve } from "node:path";
import { CHDB_VERSION } from "../../adapters/embedded_clickhouse/chdb.ts";
import { libraryOf } from "../../adapters/local/add_package.ts";
import { exists } from "../../adapters/local/exists.ts";
import { ConfigError } from "../../record/errors.ts";
import { LIBRARY } from "../../record/library.ts";
import { UsageError } from "../usage_error.ts";
import { IS_CHECKOUT } from "./imports.ts";
import { projectFiles, TARBALL } from "./project_files.ts";

/**
 * Writes a project that uses Weir from a package: topologies, tests, tasks and a container.
 * @param library what to take as the package: a specifier of npm or JSR, or a tarball, which is copied into the
 * project; that which this program runs from if absent, which is the tarball of the current directory's project if that
 * is on one
 * @returns paths of the files
 * @throws ConfigError if one of them is there, or there is no package. @throws UsageError for a name that cannot be
 */
export async function createProject(directory: string, library?: string): Promise<readonly string[]> {
  const folder = resolve(directory);
  const name = basename(folder);
  if (!/^[\w.-]+$/.test(name)) {
    throw new UsageError([`Cannot use "${name}" as a project's name: use letters, digits, "-", "_" and "."`]);
  }
  const tarball = `${folder}/${TARBALL.replace("file:", "")}`;
  const given = library ?? ownTarball();
  const from = packageFor(given);
  const texts = projectFiles({ name, library: from, chdb: CHDB_VERSION });
  const files = [...texts].map(([path, text]) => ({ path: `${directory.replace(/\/$/, "")}/${path}`, text }));
  const copied = from === TARBALL && resolve(given!) !== tarball;
  const problems = [...files, ...copied ? [{ path: tarball }] : []].filter(({ path }) => exists(path)).map(({ path }) =>
    `Cannot write "${path}" as a new file: it exists. Choose another folder`
  );
  if (problems.length > 0) throw new ConfigError(problems);
  for (const { path, text } of files) {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, text, { createNew: true });
  }
  if (copied) await Deno.copyFile(given!, tarball);
  return files.map(({ path }) => path);
}

/**
 * The tarball that npm has installed this program from, into the project in the current directory; undefined if the
 * project is not on one. @throws ConfigError if it is gone
 */
function ownTarball(): string | undefined {
  const named = IS_CHECKOUT ? null : libraryOf(".");
  if (named === null || !named.startsWith("file:")) return undefined;
  const path = named.replace("file:", "");
  if (path.endsWith(".tgz") && exists(path)) return path;
  throw new ConfigError([
    `Cannot make a project on the package that this one has: package.json names "${named}", which is no tarball that ` +
    "is there. Name one: --library weir.tgz",
  ]);
}

function packageFor(library: string | undefined): string {
  const published = `${LIBRARY.name}@^${LIBRARY.version}`;
  if (library !== undefined) {
    if (/^(npm|jsr):/.test(library)) return library;
    if (!library.endsWith(".tgz") || !exists(library)) {
      throw new ConfigError([
        `Cannot use "${library}" as Weir's package: name a file that "deno task pack" has written, or a package of ` +
        `a registry such as npm:${published}`,
      ]);
    }
    return TARBALL;
  }
  if (IS_CHECKOUT) {
    throw new ConfigError([
      "Cannot make a project on this checkout of Weir: it needs a package. Make it, and name it: " +
      "deno task pack --output ../weir.tgz, then --library ../weir.tgz",
    ]);
  }
  return `${import.meta.url.startsWith("file:") ? "npm" : "jsr"}:${published}`;
}
