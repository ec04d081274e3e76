import { dataArgument } from "./data_option.ts";

/** What a person types to run a statement on the embedded ClickHouse of a data directory. */
export function writeCommand(directory: string, statement: string): string {
  // Names stand in backticks, which a shell would run within double quotes.
  return `deno task query${dataArgument(directory)} --write '${statement.replaceAll("'", "'\\''")}'`;
}
