import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../record/errors.ts";
import { loadConfiguration } from "../config/configuration.ts";
import { exists } from "../../adapters/local/exists.ts";
import { command } from "../command.ts";
import { loadTopologies, topologyNames } from "../topology_files.ts";
import { UsageError } from "../usage_error.ts";
import { type TemplateNames, testText, topologyText } from "./templates.ts";

/** Writes a topology and its test, both of which run as they are. */
export const newCommand = command({
  name: "new",
  operands: "<name>",
  operandCount: [1, 1],
  options: {},
  description: [
    "Writes topologies/<name>.ts and tests/topologies/<name>_test.ts, which run as they are: change them to what " +
    "you need.",
    "Nothing that exists is overwritten.",
  ].join("\n"),
  examples: ["deno task new demo && deno task start demo"],
  run: async ({ operands: [name] }) => {
    const written = await writeTopology(name, {
      topologies: loadConfiguration().topologiesDirectory,
      tests: "tests/topologies",
    });
    console.log([
      ...written.map((path) => `Wrote ${path}`),
      `Test it: deno test -A ${written[1]}`,
      `Run it:  deno task start ${name}`,
    ].join("\n"));
    return 0;
  },
});

/**
 * Writes both files.
 * @returns their paths: topology, test
 * @throws UsageError for a name that cannot be. @throws ConfigError when a file, topology or table of this name exists
 */
export async function writeTopology(
  name: string,
  directories: { readonly topologies: string; readonly tests: string },
): Promise<readonly [string, string]> {
  if (!/^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/.test(name)) {
    throw new UsageError([
      `Cannot use "${name}" as a topology's name: use lower-case letters and digits, with single "-" or "_" ` +
      `between, such as my_sales`,
    ]);
  }
  const names = templateNames(name, directories);
  const paths = [`${directories.topologies}/${name}.ts`, `${directories.tests}/${name}_test.ts`] as const;
  const problems = paths.filter(exists).map((path) =>
    `Cannot write "${path}" as a new file: it exists. Choose another name`
  );
  if (problems.length === 0) problems.push(...await tableProblems(names.table, directories.topologies));
  if (problems.length > 0) throw new ConfigError(problems);
  for (const directory of [directories.topologies, directories.tests]) await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(paths[0], topologyText(names), { createNew: true });
  await Deno.writeTextFile(paths[1], testText(names), { createNew: true });
  return paths;
}

function templateNames(name: string, { topologies, tests }: { topologies: string; tests: string }): TemplateNames {
  const project = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  const mod = project("src/mod.ts");
  return {
    name,
    table: name.replaceAll("-", "_"),
    mod: { topology: importPath(topologies, mod), test: importPath(tests, mod) },
    sources: importPath(topologies, project("topologies/online_store/sources.ts")),
    topology: importPath(tests, resolve(topologies, `${name}.ts`)),
    testing: importPath(tests, project("src/testing/mod.ts")),
  };
}

/** From a file in `directory` to the file `target`, as an import names it. */
function importPath(directory: string, target: string): string {
  const path = relative(resolve(directory), target).replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}

/** A second writer of a table would delete the first one's rows. */
async function tableProblems(table: string, directory: string): Promise<string[]> {
  const problems: string[] = [];
  for (const other of exists(directory) ? topologyNames(directory) : []) {
    // A file that cannot be imported now says so when it is started.
    const files = await loadTopologies(directory, [other]).catch(() => []);
    for (const { path, topology } of files) {
      if (topology.nodes.some((node) => node.op === "sink" && node.sink.name === table)) {
        problems.push(`Cannot use "${table}" as a new ClickHouse table: ${path} writes to it. Choose another name`);
      }
    }
  }
  return problems;
}
