import { value } from "./command.ts";
import { type Configuration, loadConfiguration } from "./config/configuration.ts";
import { readText } from "./option_values.ts";

/** The option `--data` of every command that looks into the data directory. */
export const dataOption = value({
  placeholder: "DIR",
  expected: "a directory",
  help: "Data directory (default .data).",
  read: readText,
});

/** The environment's configuration, but for the directory that `--data` names. @throws ConfigError */
export function configurationOf({ data }: { readonly data?: string }): Configuration {
  const loaded = loadConfiguration();
  return { ...loaded, dataDirectory: data ?? loaded.dataDirectory };
}
