import { ConfigError } from "../../record/errors.ts";
import { mergeAnswers, verdictOf } from "../../runtime/stores/merge_answers.ts";
import { command, flag, value } from "../command.ts";
import { configurationOf, dataOption } from "../data_option.ts";
import { readInteger, readText } from "../option_values.ts";
import { readUrls } from "../running_instances.ts";
import { writeOut } from "../start/output.ts";
import type { Question } from "../instances/ask_instance.ts";
import type { Unanswered } from "../instances/ask_others.ts";
import { askedText } from "../instances/asked_text.ts";
import { UsageError } from "../usage_error.ts";
import { isWhole } from "./gather_answer.ts";
import { type GatheredAnswer, gatheredOf, jsonOf } from "./gathered_answer.ts";
import { instancesOf } from "./store_instances.ts";
import { LIMIT_DEFAULT, LIMIT_MAX, storePath } from "./store_question.ts";
import { answerLines, type ListedStore, storeLines } from "./store_text.ts";

/** Statuses of an answer: 421 says that other instances have what was asked for. */
const GATHERED = [200, 421];

/** Shows what a running topology holds. */
export const storeCommand = command({
  name: "store",
  operands: "<topology> [store] [key]",
  operandCount: [1, 3],
  options: {
    prefix: value({
      placeholder: "KEY",
      expected: "the first columns of a key",
      help: "Keys whose first columns are these; texts in the last of them may go on.",
      read: readText,
    }),
    range: value({
      placeholder: "FROM..TO",
      expected: "two keys with .. between them, of which one may be missing",
      help: "Keys from the first to the second, both included; of windows: the times at which they begin.",
      read: (text) => /^.*?\.\.(?!\.).*$/s.test(text) && text !== ".." ? text : null,
    }),
    after: value({
      placeholder: "KEY",
      expected: "a whole key",
      help: "Keys behind this one: to go on after the last row shown.",
      read: readText,
    }),
    limit: value({
      placeholder: "N",
      expected: `a whole number from 1 to ${LIMIT_MAX}`,
      help: `Rows shown (default ${LIMIT_DEFAULT}).`,
      read: readInteger(1, LIMIT_MAX),
    }),
    json: flag("One JSON object: rows, positions, lag, state; integers beyond 2^53 and decimals are texts."),
    url: value({
      placeholder: "URL[,URL]",
      expected: "addresses such as http://weir-1:8686, with commas between them",
      help: "Instances to ask, one after the other, until everything is known (default: the one that runs here).",
      read: readUrls,
    }),
    data: dataOption,
  },
  description: [
    "Shows what a running topology holds: rows of its tables as they were read, totals, what aggregates over streams " +
    "and processors",
    "keep. With each answer come how far the partition is (the offset up to which everything is in there), how many " +
    "records it is",
    "behind, and whether it is running or being restored. Without a store: which stores there are.",
    "",
    'A key is the value of its column, as it is; several with commas between them (" x" keeps its space); or a JSON ' +
    "object of some of",
    "them by name. Without any: all rows.",
    "Of a windowed aggregate the key of a group gives all of its windows.",
    "",
    "The instance that is asked asks the others where they have told it how (WEIR_APPLICATION_SERVER, " +
    "WEIR_STORE_PASSWORD).",
  ].join("\n"),
  examples: [
    "deno task store sales",
    "deno task store sales orders 42",
    "deno task store sales order_items --prefix 42 --json",
    "deno task store cart_abandonment carts 7 --range 2026-01-01T00:00:00Z..",
    "deno task store sales orders --url http://weir-1:8686,http://weir-2:8686 --range 100..200 --limit 1000",
  ],
  run: async ({ operands: [topology, store, key], options }) => {
    const limit = options.limit ?? LIMIT_DEFAULT;
    const parameters = parametersOf({ ...options, key, limit });
    const configuration = configurationOf(options);
    const { urls, password } = await instancesOf(configuration, { urls: options.url, why: "what tasks hold" });
    if (store === undefined) {
      const text = await askedText(urls[0], { path: storePath(topology), password });
      const { stores } = JSON.parse(text) as { readonly stores: ListedStore[] };
      writeOut(options.json ? text : `${storeLines(stores).join("\n")}\n`);
      return 0;
    }
    const gathered = await askAll(urls, { path: storePath(topology, store), parameters, password, limit });
    writeOut(options.json ? `${jsonOf(gathered, 2)}\n` : `${answerLines(gathered, key ?? null).join("\n")}\n`);
    return verdictOf(gathered.answer) === "undecided" ? 1 : 0;
  },
});

/** What was given for a store. */
interface Given {
  readonly key?: string;
  readonly prefix?: string;
  readonly range?: string;
  readonly after?: string;
  readonly limit: number;
}

/** @throws UsageError */
function parametersOf({ key, prefix, range, after, limit }: Given): Record<string, string> {
  if (key !== undefined && prefix !== undefined) {
    throw new UsageError(["Cannot use a key and --prefix together: give one of them"]);
  }
  const [, from, to] = /^(.*?)\.\.(.*)$/s.exec(range ?? "..")!;
  const given = {
    key,
    prefix,
    from: from || undefined,
    to: to || undefined,
    after,
    limit: String(limit),
    wire: "true",
  };
  return Object.fromEntries(Object.entries(given).flatMap(([name, text]) => text === undefined ? [] : [[name, text]]));
}

/** One after the other, until everything is known. @throws ConfigError when none of them answers */
async function askAll(
  urls: readonly string[],
  { limit, ...question }: Question & { readonly limit: number },
): Promise<GatheredAnswer> {
  const replies: { readonly instance: string; readonly gathered: GatheredAnswer }[] = [];
  const silent: Unanswered[] = [];
  for (const url of urls) {
    try {
      replies.push({ instance: url, gathered: gatheredOf(await askedText(url, { ...question, statuses: GATHERED })) });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      silent.push({ instance: url, problem: error.message });
      continue;
    }
    if (isWhole(replies.at(-1)!.gathered.answer)) break;
  }
  if (replies.length === 0) throw new ConfigError(silent.map(({ problem }) => problem));
  const answers = replies.map(({ instance, gathered: { answer } }) => ({ instance, answer }));
  const answer = mergeAnswers(answers, limit);
  const unanswered = isWhole(answer) ? [] : [...silent, ...replies.flatMap(({ gathered }) => gathered.unanswered)];
  return { topology: replies[0].gathered.topology, answer, unanswered };
}
