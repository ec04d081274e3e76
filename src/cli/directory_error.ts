import { isBusy, isDatabaseError } from "../adapters/local/sqlite.ts";
import { ConfigError } from "../record/errors.ts";
import { dataArgument } from "./data_option.ts";

/**
 * Opens a part of a data directory. What cannot be opened is told with what is lost with it, and how to begin anew.
 * @throws ConfigError
 */
export async function openingPart<T>(directory: string, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const { cause, message } = error as Error;
    // Of what is read behind the opening, such as a page of zeros.
    if (isDatabaseError(error) && !isBusy(error)) {
      const text = `Cannot read the data directory "${directory}": current value is "${message}". ${anew(directory)}`;
      throw new ConfigError([text], { cause: error });
    }
    // A mistake of who runs it, or whoever uses it now must end: nothing of it is damaged.
    if (cause === undefined || isBusy(cause)) throw error;
    throw new ConfigError([`${message}. ${anew(directory)}`], { cause: error });
  }
}

function anew(directory: string): string {
  return `If "${directory}" is damaged, begin anew: in embedded mode it holds the demo store, records that were ` +
    "written with deno task produce, and tables that are computed from them; nothing of your databases, Kafka or a " +
    `ClickHouse server. Either use another one: deno task start --data ${directory.replace(/\/+$/, "")}-new, or ` +
    `remove it: rm -r ${directory} && deno task start${dataArgument(directory)}`;
}
