import type { EmbeddedDeadLetters } from "../adapters/local/dead_letters.ts";
import { loadConfiguration } from "./config/configuration.ts";
import { command, flag, value } from "./command.ts";
import { dataOption } from "./data_option.ts";
import { pathsIn } from "./embedded_directory.ts";
import { listingOf } from "./letter_listing.ts";
import { readInteger, readText } from "./option_values.ts";
import { readStale, staleLines } from "./stale_report.ts";

const LIMIT_DEFAULT = 20;
const PIPE_WIDTH = 160;

/** Lists what could not be processed and still applies, the newest first. */
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
    all: flag("Also those that no longer apply, with when and why they were marked as resolved."),
    full: flag("Nothing is cut, and the row or record and the stack are shown."),
    json: flag("One JSON object a line, with all there is."),
    data: dataOption,
  },
  description: [
    "Lists the dead letters, the newest first: records that could not be read (stage decode), rows whose " +
    "callback threw (callback),",
    "rows that ClickHouse refused (sink). They are kept in the data directory, also when Kafka and ClickHouse " +
    "are real.",
    "A letter is marked as resolved when its row is evaluated again without the error, a later record of the key can " +
    "be read,",
    "or the row is gone; and when a start, which evaluates everything, does not meet it again.",
    "Tables are listed that are stale: so many of their keys are shown as they were before a change that could not be",
    "read. A later change of the key that can be read mends it.",
  ].join("\n"),
  examples: ["deno task dlq", "deno task dlq --limit 1 --full", "deno task dlq --all --json"],
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
      const which = options.all ? filter : { ...filter, state: "open" } as const;
      const listed = letters.list({ ...which, limit: options.limit ?? LIMIT_DEFAULT });
      if (options.json) { for (const letter of listed) console.log(JSON.stringify(letter)); }
      else {
        const lines = listingOf(listed, {
          width: options.full ? null : terminalWidth(),
          open: letters.count({ ...filter, state: "open" }),
          resolved: letters.count({ ...filter, state: "resolved" }),
          all: options.all,
          dropped: letters.dropped(),
        });
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

/** Of the terminal; on a pipe there is none. */
function terminalWidth(): number {
  try {
    const { columns } = Deno.consoleSize();
    return columns > 0 ? columns : PIPE_WIDTH;
  } catch {
    return PIPE_WIDTH;
  }
}
