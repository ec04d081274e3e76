import type { Command, OptionSpecs } from "./command.ts";

const HELP_OPTION = "-h, --help";

/** Name and one sentence of every command, for the overview. */
export interface CommandSummary {
  readonly name: string;
  readonly summary: string;
}

/** What `--help` without a command prints. */
export function overviewText(commands: readonly CommandSummary[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "Weir: tables, joins and aggregates over Debezium change topics, live in ClickHouse.",
    "",
    "Usage: deno task <command> [options]",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "Help for one command: deno task <command> --help",
    "With KAFKA_BROKERS and CLICKHOUSE_URL set, the real services are used; without, everything runs embedded.",
  ].join("\n");
}

/** What `<command> --help` prints. */
export function commandText(command: Command): string {
  const lines = [`Usage: deno task ${command.name} ${command.operands} [options]`.replaceAll(/ +/g, " "), ""];
  lines.push(command.description, "", "Options:", ...optionLines(command.options));
  if (command.examples.length > 0) lines.push("", "Examples:", ...command.examples.map((example) => `  ${example}`));
  return lines.join("\n");
}

function optionLines(options: OptionSpecs): string[] {
  const rows = Object.entries(options).map(([name, spec]) =>
    [spec.kind === "flag" ? `    --${name}` : `    --${name} ${spec.placeholder}`, spec.help] as const
  );
  rows.push([HELP_OPTION, "Shows this text."]);
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`);
}
