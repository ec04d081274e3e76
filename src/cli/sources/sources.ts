import { dirname } from "node:path";
import { exists } from "../../adapters/local/exists.ts";
import { ConfigError } from "../../record/errors.ts";
import { command, flag, value } from "../command.ts";
import { type Configuration, loadConfiguration } from "../config/configuration.ts";
import { libraryImport } from "../new/imports.ts";
import { counted } from "../numbers.ts";
import { readChoice, readInteger, readText } from "../option_values.ts";
import { UsageError } from "../usage_error.ts";
import { readBaseline, writeBaseline } from "./baseline.ts";
import { compareSources } from "./compare_sources.ts";
import { editsOf } from "./edit_sources.ts";
import { mysqlTables } from "./mysql_tables.ts";
import { postgresTables } from "./postgres_tables.ts";
import { TIME_MODES, type TimeMode } from "./postgres_type.ts";
import type { Pulled } from "./pulled_table.ts";
import { readSourceFile } from "./source_file.ts";
import { fileText, type Libraries } from "./source_text.ts";
import { topicTables } from "./topic_tables.ts";
import { unifiedDiff, withEdits } from "./unified_diff.ts";

const OUTPUT = "sources.ts";
const RECORDS = 1_000;
const names = { placeholder: "NAMES", expected: "names, separated by commas", read: readNames };

/** Writes declarations of sources, and keeps them as the database is. */
export const sourcesCommand = command({
  name: "sources",
  operands: "pull",
  operandCount: [1, 1],
  options: {
    from: value({
      placeholder: "WHERE",
      expected: "postgres, mysql or topics",
      help:
        "postgres or mysql (the default is the one that is configured), or topics: their newest records and schemas.",
      read: readChoice("postgres", "mysql", "topics"),
    }),
    output: value({
      placeholder: "FILE",
      expected: "a TypeScript file",
      help: `The file of declarations (default ${OUTPUT}).`,
      read: (text) => text.endsWith(".ts") ? text : null,
    }),
    tables: value({
      ...names,
      help: "Only these tables, as table or schema.table; of topics, their names.",
      join: (before: readonly string[], next: readonly string[]) => [...before, ...next],
    }),
    schema: value({
      placeholder: "NAME",
      expected: "a schema",
      help: "Only tables of this schema; of MySQL, of this database.",
      read: readText,
    }),
    publication: value({
      placeholder: "NAME",
      expected: "a publication",
      help: "Only tables of this publication (default: the database's only one).",
      read: readText,
    }),
    prefix: value({
      placeholder: "PREFIX",
      expected: "a prefix of topics",
      help: "The connector's topic.prefix (default: the database's name); of topics, how their names begin.",
      read: readText,
    }),
    "time-precision-mode": value({
      placeholder: "MODE",
      expected: TIME_MODES.join(", "),
      help: "The connector's time.precision.mode (default microseconds).",
      read: readChoice(...TIME_MODES),
    }),
    records: value({
      placeholder: "N",
      expected: "a whole number from 1 to 100000",
      help: `Of topics: the newest records that are looked at in each (default ${RECORDS}).`,
      read: readInteger(1, 100_000),
    }),
    write: flag("Takes what is safe into a file that exists: new tables and columns, and those unchanged by hand."),
  },
  description: [
    "pull: writes the declarations of a database's tables, with the columns' types, keys and comments. If the file",
    "exists, tells how it differs, and by a diff what --write would change, and changes nothing without --write. What",
    "was changed by hand stays.",
    "The database is SOURCE_DATABASE_URL, postgres:// or mysql:// (and SOURCE_DATABASE_PASSWORD_FILE), or that of",
    "verify: POSTGRES_URL, PGHOST or MYSQL_URL. Topics may be written through SCHEMA_REGISTRY_URL.",
    "Status 1 if something differs that was not written.",
  ].join("\n"),
  examples: [
    "deno task sources pull",
    "deno task sources pull --write",
    "deno task sources pull --from topics --prefix shop",
  ],
  run: async ({ operands: [what], options }) => {
    if (what !== "pull") throw new UsageError([`Cannot run "sources ${what}": there is sources pull`]);
    const pulled = await pull(options);
    const path = options.output ?? OUTPUT;
    for (const note of pulled.notes) console.error(note);
    for (const { title, why } of pulled.refused) console.error(`${title}: not declared, ${why}`);
    if (pulled.tables.length === 0) throw new ConfigError([`Cannot declare any table of ${pulled.from}: see above`]);
    if (!exists(path)) return await writeNew(path, pulled);
    return await compareWith(path, { pulled, write: options.write });
  },
});

interface Options {
  readonly from?: "postgres" | "mysql" | "topics";
  readonly tables?: readonly string[];
  readonly schema?: string;
  readonly publication?: string;
  readonly prefix?: string;
  readonly "time-precision-mode"?: TimeMode;
  readonly records?: number;
}

async function pull(options: Options): Promise<Pulled> {
  const configuration = loadConfiguration();
  const { source, kafka } = configuration;
  const from = options.from ?? (source !== null ? source.kind : kafka !== null ? "topics" : "postgres");
  if (from === "topics") return await pullTopics(configuration, options);
  if (source?.kind !== from) {
    const example = from === "mysql" ? "mysql://reader@host:3306/shop" : "postgres://reader@host:5432/shop";
    throw new ConfigError([
      `Cannot pull sources: no database${source === null ? "" : ` of ${from}`} is configured. Set ` +
      `SOURCE_DATABASE_URL=${example} and SOURCE_DATABASE_PASSWORD_FILE; or KAFKA_BROKERS and CLICKHOUSE_URL, for ` +
      "--from topics",
    ]);
  }
  const { tables = [], schema, publication, prefix, "time-precision-mode": mode } = options;
  if (source.kind === "postgres") {
    return await postgresTables(source.postgres, { tables, schema, publication, prefix, mode });
  }
  refuse({ publication, "time-precision-mode": mode }, "MySQL: it has none, and its types say it");
  return await mysqlTables(source.mysql, { tables, schema, prefix });
}

async function pullTopics({ kafka, registry }: Configuration, options: Options): Promise<Pulled> {
  const { tables = [], schema, publication, prefix, records = RECORDS, "time-precision-mode": mode } = options;
  refuse({ schema, publication, "time-precision-mode": mode }, "topics: they say it themselves");
  if (kafka === null) {
    throw new ConfigError(["Cannot look at topics: Kafka is not configured. Set KAFKA_BROKERS and CLICKHOUSE_URL"]);
  }
  return await topicTables({ kafka, registry }, { topics: tables, prefix, records });
}

/** Options that mean nothing there. */
function refuse(given: Readonly<Record<string, unknown>>, where: string): void {
  const wrong = Object.entries(given).filter(([, value]) => value !== undefined).map(([name]) => `--${name}`);
  if (wrong.length > 0) throw new UsageError([`Cannot use ${wrong.join(", ")} with ${where}`]);
}

/** What the file of sources imports. */
function librariesOf(path: string): Libraries {
  return { mod: libraryImport(dirname(path), "mod"), mysql: libraryImport(dirname(path), "mysql") };
}

async function writeNew(path: string, pulled: Pulled): Promise<number> {
  await Deno.writeTextFile(path, fileText(pulled.tables, librariesOf(path)), { createNew: true });
  await writeBaseline(path, { before: {}, tables: pulled.tables });
  console.log(`Wrote ${path}: ${counted(pulled.tables.length, "table")} of ${pulled.from}`);
  for (const { title, leftOut } of pulled.tables) {
    for (const { name, why } of leftOut) console.log(`  ${title}.${name}: left out, ${why}`);
  }
  return 0;
}

async function compareWith(
  path: string,
  { pulled, write }: { readonly pulled: Pulled; readonly write: boolean },
): Promise<number> {
  const file = await readSourceFile(path);
  const baseline = await readBaseline(path);
  const { differences, kept } = compareSources(file, { pulled, baseline });
  for (const text of kept) console.log(`  kept     ${text}`);
  const safe = differences.filter((difference) => difference.safe);
  const others = differences.filter((difference) => !difference.safe);
  const edits = safe.length === 0 ? [] : editsOf(file, { differences: safe, libraries: librariesOf(path) });
  if (write) {
    if (safe.length > 0) await Deno.writeTextFile(path, withEdits(file.text, edits));
    await writeBaseline(path, { before: baseline, tables: pulled.tables });
  }
  for (const { text } of safe) console.log(`  ${write ? "written " : "differs "} ${text}`);
  for (const { text } of others) console.log(`  by hand  ${text}`);
  if (differences.length === 0) console.log(`${path} declares what ${pulled.from} has`);
  else if (!write && safe.length > 0) {
    console.log(`\n${unifiedDiff(path, { text: file.text, edits })}\n`);
    console.log(`Take in ${counted(safe.length, "difference")}: add --write`);
  }
  return others.length === 0 && (write || safe.length === 0) ? 0 : 1;
}

function readNames(text: string): readonly string[] | null {
  const names = text.split(",").map((name) => name.trim());
  return names.includes("") ? null : names;
}
