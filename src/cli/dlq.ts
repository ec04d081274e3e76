import type { EmbeddedDeadLetters } from "../adapters/local/dead_letters.ts";
import type { DeadLetter } from "../ports/dead_letters.ts";
import { loadConfiguration } from "./config/configuration.ts";
import { command, flag, value } from "./command.ts";
import { dataOption } from "./data_option.ts";
import { pathsIn } from "./embedded_directory.ts";
import { grouped } from "./numbers.ts";
import { readInteger, readText } from "./option_values.ts";
import { readStale, staleLines } from "./stale_report.ts";
import { textTable } from "./text_table.ts";

const LIMIT_DEFAULT = 20;
const HEADINGS = ["time (UTC)", "topology", "stage", "reason", "operator", "position", "key", "error"];

/** Lists what could not be processed, the newest first. */
export const dlqCommand = command({
  name: "dlq",
  operands: "",
  operandCount: [0, 0],
  options: {
    limit: value({
      placeholder: "N",
      expected: "a whole number from 1",
      help: `Letters listed (default ${LIMIT_DEFAULT}).`,
      read: readInteger(1, 1_000_000),
    }),
    topology: value({
      placeholder: "NAME",
      expected: "a topology's name",
      help: "Only of this topology.",
      read: readText,
    }),
    json: flag("One JSON object a line, with the whole error and the record."),
    data: dataOption,
  },
  description: [
    "Lists the dead letters, the newest first: records that could not be read (stage decode), rows whose " +
    "callback threw (callback),",
    "rows that ClickHouse refused (sink). They are kept in the data directory, also when Kafka and ClickHouse " +
    "are real.",
    "Tables are listed that are stale: so many of their keys are shown as they were before a change that could not be",
    "read. A later change of the key that can be read mends it.",
  ].join("\n"),
  examples: ["deno task dlq", "deno task dlq --limit 1 --json"],
  run: async ({ options }) => {
    const directory = options.data ?? loadConfiguration().dataDirectory;
    const stale = readStale(directory).filter(({ topology }) => topology === (options.topology ?? topology));
    const letters = await openIfThere(pathsIn(directory).deadLetters);
    if (letters === null) {
      if (!options.json) console.log(["No dead letters", ...staleLines(stale)].join("\n"));
      return 0;
    }
    try {
      const filter = options.topology === undefined ? {} : { topology: options.topology };
      const listed = letters.list({ ...filter, limit: options.limit ?? LIMIT_DEFAULT });
      if (options.json) { for (const letter of listed) console.log(JSON.stringify(letter)); }
      else {
        const lines = listing(listed, { total: letters.count(filter), dropped: letters.dropped() });
        console.log([...lines, ...staleLines(stale)].join("\n"));
      }
    } finally {
      letters.close();
    }
    return 0;
  },
});

/** Looking must not make a file. */
async function openIfThere(path: string): Promise<EmbeddedDeadLetters | null> {
  try {
    Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const { openEmbeddedDeadLetters } = await import("../adapters/local/dead_letters.ts");
  return openEmbeddedDeadLetters({ path });
}

/** A table of letters and how many there are in all, as lines. */
export function listing(
  letters: readonly DeadLetter[],
  { total, dropped }: { readonly total: number; readonly dropped: number },
): string[] {
  if (total === 0) return ["No dead letters"];
  const rows = letters.map((letter) => [
    new Date(letter.timestampMs).toISOString().slice(0, 19).replace("T", " "),
    letter.topology,
    letter.stage,
    letter.reason,
    letter.operator,
    letter.topic === null ? "" : `${letter.topic}/${letter.partition}@${letter.offset}`,
    letter.key ?? "",
    letter.error,
  ]);
  const more = dropped === 0 ? "" : `; ${grouped(dropped)} older ones were dropped, because there were too many`;
  return [...textTable(HEADINGS, rows), "", `${grouped(letters.length)} of ${grouped(total)} dead letters${more}`];
}
