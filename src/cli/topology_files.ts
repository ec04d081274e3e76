import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import type { Topology } from "../dsl/topology.ts";
import { ConfigError, TopologyError } from "../record/errors.ts";
import { didYouMean } from "./nearest.ts";

/** A topology and the file that declares it. */
export interface TopologyFile {
  readonly path: string;
  readonly topology: Topology;
}

/**
 * Imports topologies by name, or (without names) all of the directory's files. A name is that of the file without
 * `.ts`.
 * @throws ConfigError with the problems of all files
 */
export async function loadTopologies(directory: string, names: readonly string[]): Promise<TopologyFile[]> {
  const there = topologyNames(directory);
  const wanted = names.length === 0 ? there : [...new Set(names.map((name) => bareName(directory, name)))];
  if (wanted.length === 0) {
    throw new ConfigError([`Cannot find a topology in "${directory}": write one with: deno task new <name>`]);
  }
  const problems: string[] = [];
  const files: TopologyFile[] = [];
  for (const name of wanted) {
    const path = `${directory}/${name}.ts`;
    if (!there.includes(name)) problems.push(missingProblem(path, { name, there }));
    else {
      const imported = await importTopology(path);
      if ("problem" in imported) problems.push(imported.problem);
      else files.push({ path, topology: imported.topology });
    }
  }
  problems.push(...clashes(files));
  if (problems.length > 0) throw new ConfigError(problems);
  return files;
}

/** Names of the directory's topology files, sorted. @throws ConfigError when there is no such directory */
export function topologyNames(directory: string): string[] {
  try {
    const entries = [...Deno.readDirSync(directory)];
    const files = entries.filter(({ name, isDirectory }) =>
      !isDirectory && name.endsWith(".ts") && !/(_test|\.d)\.ts$/.test(name)
    );
    return files.map(({ name }) => name.slice(0, -3)).sort();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ConfigError([`Cannot read "${directory}" as the directory of topologies: there is none`], {
      cause: error,
    });
  }
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
    if (isTopology(topology)) return { topology };
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
  return `Cannot import ${path}: ${reason}`;
}

function isTopology(value: unknown): value is Topology {
  const { name, nodes } = (value ?? {}) as Partial<Topology>;
  return typeof name === "string" && Array.isArray(nodes);
}

/** Two topologies of one name would be one consumer group; two writers of one table would delete each other's rows. */
function clashes(files: readonly TopologyFile[]): string[] {
  const problems: string[] = [];
  const names = new Map<string, string>();
  const sinks = new Map<string, string>();
  for (const { path, topology } of files) {
    const other = names.get(topology.name);
    if (other !== undefined) {
      problems.push(`Cannot run ${other} and ${path}: both are named "${topology.name}". Rename one`);
    }
    names.set(topology.name, path);
    for (const node of topology.nodes) {
      if (node.op !== "sink") continue;
      const writer = sinks.get(node.sink.name);
      if (writer !== undefined && writer !== path) {
        problems.push(
          `Cannot run ${writer} and ${path}: both write to ClickHouse table "${node.sink.name}". Rename one`,
        );
      }
      sinks.set(node.sink.name, path);
    }
  }
  return problems;
}
