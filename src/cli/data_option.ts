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

/** The environment's configuration, but for the directory that `--data` names. @throws ConfigError */
export function configurationOf({ data }: { readonly data?: string }): Configuration {
  const loaded = loadConfiguration();
  return { ...loaded, dataDirectory: data ?? loaded.dataDirectory };
}

/** What the command line of another command needs for the same data directory; begins with a blank. */
export function dataArgument(directory: string): string {
  return directory === DATA_DEFAULT ? "" : ` --data ${directory}`;
}
