import { ConfigError, LimitError, ProductionError, RestoreError, TopologyError } from "../record/errors.ts";
import type { Command } from "./command.ts";
import { commandText, overviewText } from "./help.ts";
import { didYouMean } from "../record/nearest.ts";
import { UsageError } from "./usage_error.ts";

/** Loaded only when asked for: a command must not wait for the libraries of another. */
const COMMANDS: readonly { readonly name: string; readonly summary: string; load(): Promise<Command> }[] = [
  {
    name: "start",
    summary: "Runs topologies: embedded with a demo store, or on Kafka and ClickHouse.",
    load: async () => (await import("./start/start.ts")).startCommand,
  },
  {
    name: "dev",
    summary: "Runs topologies, and loads them anew as their files change.",
    load: async () => (await import("./dev/dev.ts")).devCommand,
  },
  {
    name: "verify",
    summary: "Recomputes every sink from the source and compares it with ClickHouse, row by row.",
    load: async () => (await import("./verify/verify.ts")).verifyCommand,
  },
  {
    name: "prove",
    summary: "Compares all tables with their source while instances run that may begin no process for it.",
    load: async () => (await import("./proof/prove_command.ts")).proveCommand,
  },
  {
    name: "query",
    summary: "Runs a read-only SQL query on ClickHouse.",
    load: async () => (await import("./query.ts")).queryCommand,
  },
  {
    name: "store",
    summary: "Shows rows of a running topology's stores: its tables, aggregates and processors.",
    load: async () => (await import("./store/store.ts")).storeCommand,
  },
  {
    name: "explain",
    summary: "Tells why a key is shown as it is, or not shown, and which rows make up a total.",
    load: async () => (await import("./explain/explain.ts")).explainCommand,
  },
  {
    name: "describe",
    summary: "Shows what a topology is made of and what it costs.",
    load: async () => (await import("./describe.ts")).describeCommand,
  },
  {
    name: "dlq",
    summary: "Lists, corrects and replays dead letters: records and rows that could not be processed.",
    load: async () => (await import("./dlq.ts")).dlqCommand,
  },
  {
    name: "cleanup",
    summary: "Removes deleted rows from ClickHouse for good.",
    load: async () => (await import("./cleanup.ts")).cleanupCommand,
  },
  {
    name: "produce",
    summary: "Writes records of your own into a topic.",
    load: async () => (await import("./produce/produce.ts")).produceCommand,
  },
  {
    name: "sources",
    summary: "Writes the declarations of a database's tables, and tells what has changed since.",
    load: async () => (await import("./sources/sources.ts")).sourcesCommand,
  },
  {
    name: "doctor",
    summary: "Looks at PostgreSQL, the connector, Kafka and ClickHouse, and says how to repair what is wrong.",
    load: async () => (await import("./doctor/doctor.ts")).doctorCommand,
  },
  {
    name: "new",
    summary: "Writes a topology file and its test.",
    load: async () => (await import("./new/new.ts")).newCommand,
  },
];

/** Status of a command line that was not understood. */
const USAGE_STATUS = 2;

/**
 * Runs one command line.
 * @returns the status with which the process should end: 0, 1 for what the command reports, 2 for a command line not
 * understood
 */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    print(overviewText(COMMANDS));
    return name === undefined ? USAGE_STATUS : 0;
  }
  const known = COMMANDS.find((command) => command.name === name);
  if (known === undefined) {
    const names = COMMANDS.map((command) => command.name);
    complain(
      `Cannot run "${name}": there is no such command${didYouMean(name, names) || "."} There are: ${names.join(", ")}`,
    );
    return USAGE_STATUS;
  }
  try {
    const command = await known.load();
    const end = rest.indexOf("--");
    if ((end < 0 ? rest : rest.slice(0, end)).some((arg) => arg === "--help" || arg === "-h")) {
      print(commandText(command));
      return 0;
    }
    return await command.run(rest);
  } catch (error) {
    complain(errorText(error));
    if (!(error instanceof UsageError)) return 1;
    complain(`Help: deno task ${name} --help`);
    return USAGE_STATUS;
  }
}

/** What a person reads about an error: its message; of a mistake in the program also where it happened. */
function errorText(error: unknown): string {
  const expected = [UsageError, ConfigError, TopologyError, RestoreError, ProductionError, LimitError];
  if (expected.some((kind) => error instanceof kind)) {
    const { message } = error as Error;
    return `Error:${message.startsWith("\n") ? "" : " "}${message}`;
  }
  return error instanceof Error ? error.stack ?? `${error.name}: ${error.message}` : String(error);
}

function print(text: string): void {
  console.log(text);
}

function complain(text: string): void {
  console.error(text);
}
