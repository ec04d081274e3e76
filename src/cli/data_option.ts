import { value } from "./command.ts";
import { type Configuration, loadConfiguration } from "./config/configuration.ts";
import { readText } from "./option_values.ts";

const DATA_DEFAULT = ".data";

/** The option `--data` of every command that looks into the data directory. */
export const dataOption = value({
  placeholder: "DIR",
  expected: "a directory",
  help: `Data directory (default ${DATA_DEFAULT}).`,
  read: readText,
});

/** The option `--topologies` of every command that loads topology files. */
export const topologiesOption = value({
  placeholder: "DIR",
  expected: "a directory",
  help: "Directory of topology files (default WEIR_TOPOLOGIES, or topologies).",
  read: readText,
});

/** The environment's configuration, but for the directories that options name. @throws ConfigError */
export function configurationOf(
  { data, topologies }: { readonly data?: string; readonly topologies?: string },
): Configuration {
  const loaded = loadConfiguration();
  return {
    ...loaded,
    dataDirectory: data ?? loaded.dataDirectory,
    topologiesDirectory: topologies?.replace(/(?<=.)\/+$/, "") ?? loaded.topologiesDirectory,
  };
}

/** What the command line of another command needs for the same data directory; begins with a blank. */
export function dataArgument(directory: string): string {
  return directory === DATA_DEFAULT ? "" : ` --data ${directory}`;
}
