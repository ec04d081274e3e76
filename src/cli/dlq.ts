import { didYouMean } from "../record/nearest.ts";
import { command, flag, value } from "./command.ts";
import { configurationOf, dataOption, topologiesOption } from "./data_option.ts";
import { askLetter, replayingInstance } from "./letters/ask_replay.ts";
import { exportLetters } from "./letters/export_letters.ts";
import { editInEditor, editOf, readColumns } from "./letters/letter_edit.ts";
import { fullLines } from "./letter_listing.ts";
import { LISTED_DEFAULT, listLetters } from "./letters/list_letters.ts";
import { lettersOf, withLetters } from "./letters/open_letters.ts";
import { shownLetter } from "./letters/shown_letter.ts";
import { replayAll } from "./letters/replay_all.ts";
import { readChoice, readInteger, readText } from "./option_values.ts";
import { UsageError } from "./usage_error.ts";

const ACTIONS = ["list", "show", "edit", "replay", "export"] as const;
type Action = typeof ACTIONS[number];

/** Options that only some actions have. */
const OPTIONS_OF: Readonly<Record<string, readonly Action[]>> = {
  limit: ["list"],
  after: ["list"],
  all: ["list"],
  full: ["list"],
  reasons: ["list"],
  stage: ["list"],
  topology: ["list", "replay"],
  reason: ["list", "replay"],
  operator: ["list", "replay"],
  json: ["list", "show", "edit", "replay"],
  set: ["edit", "replay"],
  "value-file": ["edit"],
  "key-file": ["edit"],
  url: ["edit", "replay"],
  out: ["export"],
};

const file = (what: string) => ({
  placeholder: "FILE",
  expected: "a file, or - for the standard input",
  help: `With edit: ${what}.`,
  read: readText,
});

/** Lists what could not be processed and still applies, the newest first; shows, corrects and replays it. */
export const dlqCommand = command({
  name: "dlq",
  operands: "[list|show|edit|replay|export] [id...]",
  operandCount: [0, 10_000],
  options: {
    limit: value({
      placeholder: "N",
      expected: "a whole number from 1",
      help: `Letters listed (default ${LISTED_DEFAULT}).`,
      read: readInteger(1, 1_000_000),
    }),
    after: value({ placeholder: "ID", expected: "a letter's id", help: "Only older ones than this.", read: readText }),
    topology: value({
      placeholder: "NAME",
      expected: "a topology's name",
      help: "Only of this topology.",
      read: readText,
    }),
    reason: value({ placeholder: "R", expected: "a reason", help: "Only of this reason.", read: readText }),
    operator: value({
      placeholder: "NAME",
      expected: "an operator, or a source's topic",
      help: 'Only of this operator, as letters name it: a topic, "orders.mapValues", "sink sales".',
      read: readText,
    }),
    stage: value({
      placeholder: "S",
      expected: "decode, callback or sink",
      help: "Only of this stage.",
      read: readChoice("decode", "callback", "sink"),
    }),
    reasons: flag("How many open ones there are of each topology, stage and reason."),
    all: flag("Also those that no longer apply, with when and why they were marked as resolved."),
    full: flag("Nothing is cut, and the row or record and the stack are shown."),
    json: flag("One JSON object a line, with all there is."),
    set: value({
      placeholder: "COLUMN=VALUE",
      expected: "column=value, or a JSON object of columns",
      help: "With edit or replay: sets a column of the record, or several: --set a=1 --set b=2. No JSON is a text.",
      read: readColumns,
      join: (before, next) => ({ ...before, ...next }),
    }),
    "value-file": value(file("the whole value of the record")),
    "key-file": value(file("the key of the record (of events: a table's record keeps its key)")),
    out: value({ placeholder: "FILE", expected: "a file", help: "With export: the test to write.", read: readText }),
    url: value({
      placeholder: "URL",
      expected: "an address such as http://weir-1:8686",
      help: "The instance that replays (default: the one that runs here).",
      read: (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : null,
    }),
    data: dataOption,
    topologies: topologiesOption,
  },
  description: [
    "Lists the dead letters, the newest first: records that could not be read (stage decode), rows whose " +
    "callback threw (callback),",
    "rows that ClickHouse refused (sink). They are kept in the data directory, also when Kafka and ClickHouse " +
    "are real;",
    "with WEIR_DEAD_LETTERS=topic in topics of Kafka, which the instance on this directory reads: then those of all " +
    "instances are listed.",
    "A letter is marked as resolved when its row is evaluated again without the error, a later record of the key can " +
    "be read,",
    "or the row is gone; and when a start, which evaluates everything, does not meet it again.",
    "Tables are listed that are stale: so many of their keys are shown as they were before a change that could not be",
    "read. A later change of the key that can be read mends it.",
    "",
    "  show <id...>    all of a letter, and what was tried with it",
    "  edit <id>       opens the record in $EDITOR (or takes --set, --value-file, --key-file), and replays it",
    "  replay <id...>  replays letters as they are; without ids all of --reason, --operator or --topology",
    "  export <id...>  writes a test that makes the same letters (--out FILE), of records that could not be read",
    "                  (stage decode) and are kept whole. Letters of callbacks and sinks are of rows that were",
    "                  computed: write a test that inserts what these were made of",
    "",
    "A record of a table is replayed at its place: it counts as if it had been right from the beginning, after every " +
    "restart, and never",
    "over a newer record of its key. An event is written again, behind all others, and counts once. A row is " +
    "evaluated again.",
  ].join("\n"),
  examples: [
    "deno task dlq",
    "deno task dlq --limit 1 --full",
    "deno task dlq --all --json",
    "deno task dlq edit 17 --set total_amount=12.50",
    "deno task dlq replay --reason wrong_type --topology sales",
    "deno task dlq export 17 --out tests/topologies/letters_test.ts",
  ],
  run: async ({ operands, options }) => {
    const { action, ids } = actionOf(operands, options);
    const { topology, reason, operator, json, url } = options;
    const configuration = configurationOf(options);
    const directory = configuration.dataDirectory;
    switch (action) {
      case "list":
        await listLetters({ ...options, directory });
        return 0;
      case "show": {
        await withLetters(directory, (all) => {
          for (const one of lettersOf(all, { ids, directory })) {
            console.log(json ? JSON.stringify(shownLetter(one)) : `${fullLines(one).join("\n")}\n`);
          }
        });
        return 0;
      }
      case "edit": {
        const letter = url === undefined
          ? await withLetters(directory, (all) => lettersOf(all, { ids, directory }).next().value!)
          : await askLetter(await replayingInstance(configuration, url), ids[0]);
        const edit = await editOf(options) ?? await editInEditor(letter);
        if (edit !== null) return await replayAll({ configuration, ids, edit: { id: letter.id, ...edit }, url, json });
        console.error("Nothing was changed, so nothing is replayed");
        return 1;
      }
      case "replay": {
        const choice = { topology, reason, operator };
        return await replayAll({ configuration, ids, ...choice, edit: await editOf(options), url, json });
      }
      case "export":
        await exportLetters({ configuration, ids, out: options.out });
        return 0;
    }
  },
});

/** @throws UsageError for what is no action, and for options and ids that it does not have */
function actionOf(
  operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
): { readonly action: Action; readonly ids: readonly string[] } {
  const [name = "list", ...ids] = operands;
  const action = ACTIONS.find((one) => one === name);
  if (action === undefined) {
    const near = /^\d+$/.test(name) ? `. To see a letter: dlq show ${name}` : didYouMean(name, ACTIONS);
    throw new UsageError([`Cannot do "${name}" with dead letters: there are ${ACTIONS.join(", ")}${near}`]);
  }
  const problems = Object.entries(OPTIONS_OF).flatMap(([option, actions]) =>
    options[option] === undefined || options[option] === false || actions.includes(action)
      ? []
      : [`Cannot use "--${option}" with dlq ${action}: it is for ${actions.join(" and ")}`]
  );
  const wrong = ids.filter((id) => !/^\d{1,15}$/.test(id));
  if (wrong.length > 0) problems.push(`Cannot use "${wrong.join('", "')}" as a letter's id: ids are whole numbers`);
  if (action === "list" && ids.length > 0) problems.push(`Cannot list single letters: dlq show ${ids.join(" ")}`);
  if (action === "edit" && ids.length !== 1) problems.push("Cannot edit other than one letter: dlq edit <id>");
  if ((action === "show" || action === "export") && ids.length === 0) {
    problems.push(`Cannot ${action} nothing: dlq ${action} <id>`);
  }
  if (ids.length > 0 && ["reason", "operator", "topology"].some((name) => options[name] !== undefined)) {
    problems.push("Cannot replay letters by id and by reason, operator or topology together: give one of them");
  }
  if (problems.length > 0) throw new UsageError(problems);
  return { action, ids };
}
