import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { declaredElsewhere } from "../dsl/declared_here.ts";
import type { Topology } from "../dsl/topology.ts";
import { tableClash, writtenTables, writtenTopics } from "../dsl/written_tables.ts";
import { compile } from "../plan/compile.ts";
import { ConfigError, TopologyError } from "../record/errors.ts";
import { didYouMean } from "../record/nearest.ts";
import { outsideProblem } from "./outside_project.ts";

/** A topology and the file that declares it. */
export interface TopologyFile {
  readonly path: string;
  readonly topology: Topology;
}

/** A file that gives no topology that can run. */
export interface BrokenFile {
  readonly path: string;
  /** All of its problems, each saying what to do. */
  readonly problems: readonly string[];
}

/** Files that can run, and those that cannot. */
export interface LoadedFiles {
  readonly files: readonly TopologyFile[];
  readonly broken: readonly BrokenFile[];
}

/**
 * Imports topologies by name, or (without names) all of the directory's files. A name is that of the file without
 * `.ts`.
 * @throws ConfigError with the problems of all files
 */
export async function loadTopologies(directory: string, names: readonly string[]): Promise<TopologyFile[]> {
  const { files, broken } = await loadRunnable(directory, names);
  if (broken.length > 0) throw new ConfigError(problemsOf(broken));
  return [...files];
}

/**
 * As {@link loadTopologies}, but a file that cannot be imported, and all files that claim one name or one table, are
 * set apart from those that can run.
 * @throws ConfigError when there is no file of a name, or none at all
 */
export async function loadRunnable(
  directory: string,
  names: readonly string[],
): Promise<LoadedFiles> {
  const there = topologyNames(directory);
  const wanted = names.length === 0 ? there : [...new Set(names.map((name) => bareName(directory, name)))];
  if (wanted.length === 0) {
    throw new ConfigError([`Cannot find a topology in "${directory}": write one with: deno task new <name>`]);
  }
  const missing = wanted.filter((name) => !there.includes(name));
  const imported = new Map<string, Topology>();
  const broken: BrokenFile[] = [];
  for (const name of wanted) {
    if (missing.includes(name)) continue;
    const path = `${directory}/${name}.ts`;
    const result = await importTopology(path);
    if ("problem" in result) broken.push({ path, problems: [result.problem] });
    else imported.set(path, result.topology);
  }
  if (missing.length > 0) {
    // Whoever types a name is there to correct it.
    const unknown = missing.map((name) => missingProblem(`${directory}/${name}.ts`, { name, there }));
    throw new ConfigError([...unknown, ...problemsOf(broken)]);
  }
  const files = [...imported].map(([path, topology]) => ({ path, topology }));
  const clashing = clashes(files);
  broken.push(...clashing);
  return { files: files.filter(({ path }) => !clashing.some((clash) => clash.path === path)), broken };
}

/** One that several files have in common once. */
export function problemsOf(broken: readonly BrokenFile[]): string[] {
  return [...new Set(broken.flatMap(({ problems }) => problems))];
}

/** Names of the directory's topology files, sorted. @throws ConfigError when it is none, or may not be read */
export function topologyNames(directory: string): string[] {
  try {
    const entries = [...Deno.readDirSync(directory)];
    const files = entries.filter(({ name, isDirectory }) =>
      !isDirectory && name.endsWith(".ts") && !/(_test|\.d)\.ts$/.test(name)
    );
    return files.map(({ name }) => name.slice(0, -3)).sort();
  } catch (error) {
    const reason = unreadable(directory, error);
    if (reason === null) throw error;
    throw new ConfigError([`Cannot read "${directory}" as the directory of topologies: ${reason}`], { cause: error });
  }
}

/** Why a directory cannot be read; null for what nobody who runs this can change. */
function unreadable(directory: string, error: unknown): string | null {
  if (error instanceof Deno.errors.NotFound) return "there is none";
  if (error instanceof Deno.errors.NotADirectory) return "it is a file";
  if (!(error instanceof Deno.errors.PermissionDenied)) return null;
  // A container has a user of its own, and mounts what belongs to another one.
  return `the user who runs this may not. Let others read it: chmod -R a+rX ${directory}`;
}

function bareName(directory: string, name: string): string {
  return name.startsWith(`${directory}/`)
    ? name.slice(directory.length + 1).replace(/\.ts$/, "")
    : name.replace(/\.ts$/, "");
}

function missingProblem(path: string, { name, there }: { name: string; there: readonly string[] }): string {
  const near = didYouMean(name, there);
  return `Cannot find topology "${name}": there is no ${path}${near || "."} There are: ${there.join(", ") || "none"}`;
}

async function importTopology(path: string): Promise<{ topology: Topology } | { problem: string }> {
  try {
    const { default: topology } = await import(pathToFileURL(resolve(path)).href);
    if (isTopology(topology)) {
      const elsewhere = declaredElsewhere(topology);
      if (elsewhere !== null) return { problem: `Cannot run ${path}: ${elsewhere}` };
      // What cannot be compiled for any number of partitions is the file's fault, as what cannot be declared is.
      compile(topology);
      return { topology };
    }
    const current = topology === undefined ? "there is none" : `current value is ${typeof topology}`;
    return {
      problem:
        `Cannot use ${path} as a topology's default export: ${current}. Write: export default topology("name", ...)`,
    };
  } catch (error) {
    return { problem: importProblem(path, error) };
  }
}

function importProblem(path: string, error: unknown): string {
  if (error instanceof TopologyError) {
    return `Cannot build topology "${error.topology}" of ${path}:${
      error.problems.map((problem) => `\n      - ${problem}`).join("")
    }`;
  }
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // Deno colours what it says of an import, also where it is no terminal that shows it.
  const plain = stripVTControlCharacters(reason);
  return outsideProblem(plain) ?? `Cannot import ${path}: ${plain}`;
}

function isTopology(value: unknown): value is Topology {
  const { name, nodes } = (value ?? {}) as Partial<Topology>;
  return typeof name === "string" && Array.isArray(nodes);
}

/**
 * Two topologies of one name would be one consumer group; two writers of one table would delete each other's rows, or
 * mix what they add. Which of the two is meant nobody can tell, so that neither may run.
 */
function clashes(files: readonly TopologyFile[]): BrokenFile[] {
  const problems = new Map<string, string[]>();
  const clash = (owner: string, { path, text }: { path: string; text: string }) => {
    const problem = `Cannot run ${owner} and ${path}: ${text}. Rename one`;
    for (const file of [owner, path]) problems.set(file, [...problems.get(file) ?? [], problem]);
  };
  const names = new Map<string, string>();
  const topics = new Map<string, string>();
  const tables: { readonly path: string; readonly name: string }[] = [];
  for (const { path, topology } of files) {
    const owner = names.get(topology.name);
    if (owner === undefined) names.set(topology.name, path);
    else clash(owner, { path, text: `both are named "${topology.name}"` });
    for (const name of writtenTopics(topology)) {
      const other = topics.get(name);
      if (other === undefined) topics.set(name, path);
      else clash(other, { path, text: `both write a table to topic "${name}"` });
    }
    const own = writtenTables(topology);
    for (const name of own) {
      for (const other of tables) {
        const text = tableClash(other.name, name);
        if (text !== null) clash(other.path, { path, text });
      }
    }
    tables.push(...own.map((name) => ({ path, name })));
  }
  return [...problems].map(([path, texts]) => ({ path, problems: texts }));
}
