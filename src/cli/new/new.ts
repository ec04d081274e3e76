import { dirname, relative, resolve } from "node:path";
import { ConfigError } from "../../record/errors.ts";
import { configurationOf, topologiesOption } from "../data_option.ts";
import { exists } from "../../adapters/local/exists.ts";
import { command, value } from "../command.ts";
import { readText } from "../option_values.ts";
import { loadTopologies, topologyNames } from "../topology_files.ts";
import { UsageError } from "../usage_error.ts";
import { createProject } from "./create_project.ts";
import { importPath, libraryImport, sourcesFile, sourcesImport, TESTS } from "./imports.ts";
import { type SourceRequest, writeSource } from "./new_source.ts";
import { type TemplateNames, testText, topologyText } from "./templates.ts";

/** Writes a topology and its test, or a whole project. All of it runs as it is. */
export const newCommand = command({
  name: "new",
  operands: "[topology|project|source] <name> [column:type...]",
  operandCount: [1, Infinity],
  options: {
    topologies: topologiesOption,
    key: value({
      placeholder: "COLUMNS",
      expected: "columns, separated by commas",
      help: "Of a source: the columns of its key; the first column if absent.",
      read: (text) => text === "" ? undefined : text.split(","),
    }),
    topic: value({
      placeholder: "TOPIC",
      expected: "a topic's name",
      help: "Of a source: its topic; beside those of the other sources if absent.",
      read: readText,
    }),
    library: value({
      placeholder: "PACKAGE",
      expected: "a package such as npm:@weir/weir@^0.1.0, or a file that deno task pack has written",
      help:
        "Of a project: the package that it uses; that which this command is of if absent, also if that is a tarball.",
      read: (text) => text === "" ? undefined : text,
    }),
  },
  description: [
    `A topology: writes topologies/<name>.ts and ${TESTS}/<name>_test.ts, which run as they are: change them to what`,
    "you need.",
    "A project: makes a folder with sources, a topology, its test, tasks, a container and a README.",
    "A source: adds the declaration of a table's topic to the project's sources, with the columns that are named:",
    "id:int8 amount:numeric(12,2) note:text? (? may be null).",
    "Nothing that exists is overwritten.",
  ].join("\n"),
  examples: [
    "deno task new demo && deno task start demo",
    "deno task new project ../shop --library ../weir.tgz",
    "deno task new source payments id:int8 order_id:int8 'amount:numeric(12,2)' 'note:text?'",
  ],
  run: async ({ operands, options }) => {
    const [kind, name, ...columns] = operands.length === 1 ? ["topology", operands[0]] : operands;
    if (kind !== "source" && columns.length > 0) {
      throw new UsageError([`Cannot use "${columns.join(" ")}" with a ${kind}: columns are for a source`]);
    }
    if (kind === "project") console.log(await newProject(name, options.library));
    else if (kind === "topology") console.log(await newTopology(name, configurationOf(options).topologiesDirectory));
    else if (kind === "source") {
      const { key, topic } = options;
      console.log(await newSource({ table: name, columns, key, topic }));
    } else throw new UsageError([`Cannot make a "${kind}": there are topology, project and source`]);
    return 0;
  },
});

async function newTopology(name: string, topologies: string): Promise<string> {
  const written = await writeTopology(name, { topologies, tests: TESTS });
  return [
    ...written.map((path) => `Wrote ${path}`),
    `Test it: deno test -A ${written[1]}`,
    `Run it:  deno task start ${name}`,
  ].join("\n");
}

async function newSource(request: SourceRequest): Promise<string> {
  const path = relative(".", sourcesFile());
  const { source, sample } = await writeSource(request, { path, library: libraryImport(dirname(path), "mod") });
  return [
    `Wrote ${source.name} to ${path}, for topic ${source.topic}`,
    `Use it:  import { ${source.name} } from ... and builder.table(${source.name})`,
    `Try it:  echo '${sample}' | deno task produce ${source.topic}, once a topology reads it`,
  ].join("\n");
}

async function newProject(directory: string, library: string | undefined): Promise<string> {
  const written = await createProject(directory, library);
  return [
    ...written.map((path) => `Wrote ${path}`),
    `Go there:  cd ${directory}`,
    ...written.some((path) => path.endsWith("/package.json")) ? ["Install:   npm install"] : [],
    "Test it:   deno task test",
    "Run it:    deno task start",
  ].join("\n");
}

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
  return {
    name,
    table: name.replaceAll("-", "_"),
    mod: { topology: libraryImport(topologies, "mod"), test: libraryImport(tests, "mod") },
    sources: sourcesImport(topologies),
    topology: importPath(tests, resolve(topologies, `${name}.ts`)),
    testing: libraryImport(tests, "testing"),
  };
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
