import { ConfigError } from "../../record/errors.ts";
import { didYouMean } from "../../record/nearest.ts";
import { command, flag, value } from "../command.ts";
import { configurationOf, dataOption } from "../data_option.ts";
import { readInteger, readText } from "../option_values.ts";
import { writeOut } from "../start/output.ts";
import { askedText } from "../instances/asked_text.ts";
import { readUrls } from "../running_instances.ts";
import { type Instances, instancesOf } from "../store/store_instances.ts";
import { UsageError } from "../usage_error.ts";
import { EXPLAIN_PATH, explainPath } from "./explain_path.ts";
import { explanationLines, targetLines } from "./explain_text.ts";
import { ROWS_DEFAULT, ROWS_MAX } from "./explain_routes.ts";
import { type Explanation, explanationJson, isDecided, type ListedTopology } from "./explanation.ts";

const PIPE_WIDTH = 160;
/** A table that is asked for, and a key of it. */
interface Asked {
  readonly topology: string;
  readonly table: string;
  /** Names of the key columns; null where nobody knows them, and of events. */
  readonly columns: readonly string[] | null;
  readonly values: readonly string[];
}

/** What an instance is asked. */
interface Request {
  readonly path: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Tells why a key is shown as it is, or not shown. */
export const explainCommand = command({
  name: "explain",
  operands: "[topology] <table> <key>",
  operandCount: [0, Infinity],
  options: {
    limit: value({
      placeholder: "N",
      expected: `a whole number from 1 to ${ROWS_MAX}`,
      help: `Rows or events that make up a total (default ${ROWS_DEFAULT}).`,
      read: readInteger(1, ROWS_MAX),
    }),
    after: value({
      placeholder: "KEY",
      expected: "what the last page said",
      help: "The rows behind this one: to go on after the last row shown.",
      read: readText,
    }),
    json: flag("One JSON object; integers beyond 2^53 and decimals are texts."),
    url: value({
      placeholder: "URL[,URL]",
      expected: "addresses such as http://weir-1:8686, with commas between them",
      help: "Instances to ask, one after the other, until one knows it (default: the one that runs here).",
      read: readUrls,
    }),
    data: dataOption,
  },
  description: [
    "Tells why a key is shown as it is, or why it is not shown: the row of the source with topic, partition, offset " +
    "and time; every",
    "operator and what it made of the row; every lookup with its key and what was found; the row that ClickHouse " +
    "shows, with its version,",
    "and whether it is the one that the state says; the groups that it adds to. Of a total: the rows or events that " +
    "make it up.",
    "",
    "Of a table that events are added to give the place of a record, topic/partition/offset, or its key: what became " +
    "of it.",
    "",
    "A table is a ClickHouse table that a topology writes, or the name of a source or aggregate. The topology is " +
    "needed only where",
    "several have the name. Of a key of several columns give all values in their order, or a JSON object. Without a " +
    "table: what there is.",
    "",
    "The status is 0 if it is known what became of the key, and 1 if it waits or nobody knows it.",
  ].join("\n"),
  examples: [
    "deno task explain sales 4711",
    'deno task explain seller_revenue_by_hour 3 "2026-01-31 10:00:00"',
    "deno task explain fraud_signals online_store.payments/0/33",
    "deno task explain mirror orders 42 --json",
    "deno task explain sales 4711 --url http://weir-1:8686,http://weir-2:8686",
  ],
  run: async ({ operands, options }) => {
    const instances = await instancesOf(configurationOf(options), { urls: options.url, why: "what tasks hold" });
    const { topologies } = JSON.parse(await ask(instances, { path: EXPLAIN_PATH })) as {
      readonly topologies: readonly ListedTopology[];
    };
    const listed = operands.length === 0
      ? topologies
      : topologies.filter(({ name }) => operands.length === 1 && name === operands[0]);
    if (listed.length > 0 && operands.length < 2) {
      writeOut(options.json ? `${JSON.stringify(listed, null, 2)}\n` : `${targetLines(listed).join("\n")}\n`);
      return 0;
    }
    const { values, ...asked } = askedOf(topologies, operands);
    const path = explainPath(asked, values);
    const parameters = {
      ...options.limit === undefined ? {} : { limit: String(options.limit) },
      ...options.after === undefined ? {} : { after: options.after },
    };
    const explanation = await explained(instances, { path, parameters });
    writeOut(
      options.json
        ? `${explanationJson(explanation, 2)}\n`
        : `${explanationLines(explanation, terminal()).join("\n")}\n`,
    );
    return isDecided(explanation) ? 0 : 1;
  },
});

/**
 * Which table is meant, and of which topology: a sink before a table of that name, and the only one.
 * @throws UsageError when that cannot be told, or there is no key
 */
function askedOf(topologies: readonly ListedTopology[], operands: readonly string[]): Asked {
  const [first, second, ...rest] = operands;
  const owner = topologies.find(({ name }) => name === first);
  const own = rest.length === 0 ? undefined : owner?.tables.find(({ name }) => name === second);
  if (own !== undefined) return checked({ topology: first, table: second, columns: own.key, values: rest });
  const having = topologies.flatMap(({ name: topology, tables }) =>
    tables.flatMap(({ name, kind, key }) => name === first ? [{ topology, kind, columns: key }] : [])
  );
  const written = having.filter(({ kind }) => kind === "rows" || kind === "total" || kind === "events");
  const meant = written.length > 0 ? written : having;
  if (meant.length === 0) throw unknownTable(topologies, { first, second });
  const { topology, columns } = meant[0];
  if (second === undefined) {
    const example = (columns ?? ["key"]).map((column) => `<${column}>`).join(" ");
    throw new UsageError([`Cannot explain "${first}" without a key: deno task explain ${first} ${example}`]);
  }
  if (meant.length === 1) return checked({ topology, table: first, columns, values: [second, ...rest] });
  const names = meant.map((one) => one.topology);
  throw new UsageError([
    `Cannot tell which "${first}" is meant: ${names.join(", ")} have one. Name the topology, too: deno task explain ` +
    `${names[0]} ${first} ${second}`,
  ]);
}

function unknownTable(
  topologies: readonly ListedTopology[],
  { first, second }: { readonly first: string; readonly second: string | undefined },
): UsageError {
  const owner = topologies.find(({ name }) => name === first);
  if (owner !== undefined) {
    const names = owner.tables.map(({ name }) => name);
    const near = second === undefined ? "" : didYouMean(second, names);
    return new UsageError([
      `Cannot explain a key of topology "${first}" without a table: it has ${names.join(", ") || "none yet"}${near}`,
    ]);
  }
  const names = [...new Set(topologies.flatMap(({ name, tables }) => [name, ...tables.map((table) => table.name)]))];
  return new UsageError([
    `Cannot explain a key of "${first}": there are ${names.join(", ")}${didYouMean(first, names)}`,
  ]);
}

/** What the instances say, one after the other, until one knows it. @throws ConfigError when none of them answers */
async function explained({ urls, password }: Instances, request: Request): Promise<Explanation> {
  let last: Explanation | null = null;
  const silent: string[] = [];
  for (const url of urls) {
    try {
      last = JSON.parse(await askedText(url, { ...request, password })) as Explanation;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      silent.push(...error.problems);
      continue;
    }
    if (last.outcome !== "undecided") return last;
  }
  if (last !== null) return last;
  throw new ConfigError([...new Set(silent)]);
}

/** @throws UsageError for more or less values than the key has columns; one text may hold several of them */
function checked(asked: Asked): Asked {
  const { table, columns, values } = asked;
  if (columns === null || values.length === 1 || values.length === columns.length) return asked;
  throw new UsageError([
    `Cannot look for a key of "${table}" by ${values.length} values: it is made of ${
      columns.join(", ")
    }. Quote a value ` +
    "that has spaces in it",
  ]);
}

/** The answer of the first instance that gives one. @throws ConfigError when none does */
async function ask({ urls, password }: Instances, request: Request): Promise<string> {
  const silent: string[] = [];
  for (const url of urls) {
    try {
      return await askedText(url, { ...request, password });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      silent.push(...error.problems);
    }
  }
  throw new ConfigError(silent);
}

function terminal(): { width: number; colours: boolean } {
  const isTerminal = Deno.stdout.isTerminal();
  const width = isTerminal ? Deno.consoleSize().columns || PIPE_WIDTH : PIPE_WIDTH;
  return { width, colours: isTerminal && !Deno.noColor };
}
