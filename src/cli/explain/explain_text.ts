import { microsText } from "../../record/calendar.ts";
import { whyOf } from "../letter_listing.ts";
import { counted } from "../numbers.ts";
import { plain, shortened } from "../plain_text.ts";
import { exactJson } from "../store/store_values.ts";
import { textTable } from "../text_table.ts";
import type { ExplainedPartner, Explanation, ListedTopology, Outcome, TotalProof } from "./explanation.ts";

/** How an explanation is printed. */
export interface TextOptions {
  /** Columns of a line. */
  readonly width: number;
  readonly colours: boolean;
}

type Row = Readonly<Record<string, unknown>>;

const LABEL_WIDTH = 10;
const OPERATOR_WIDTH_MAX = 40;
const [GREEN, YELLOW, RED, DIM, PLAIN] = ["\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[0m"];

/** Outcomes that somebody must see to are red, those that pass are yellow. */
const COLOURS: Partial<Record<Outcome, string>> = {
  shown: GREEN,
  present: GREEN,
  matched: GREEN,
  taken: GREEN,
  late: YELLOW,
  waiting: YELLOW,
  undecided: YELLOW,
  "dead letter": RED,
  missing: RED,
  "set aside": RED,
  "not unique": RED,
};

const ELSEWHERE =
  "What other instances have is asked where WEIR_APPLICATION_SERVER tells how; or name them all with --url";

/** An explanation for people. */
export function explanationLines(explained: Explanation, { width, colours }: TextOptions): string[] {
  const paint = (colour: string | undefined, text: string) =>
    colours && colour !== undefined ? `${colour}${text}${PLAIN}` : text;
  const fit = (lines: readonly string[]) => lines.map((line) => shortened(plain(line), width));
  const [first, ...rest] = wrapped(explained.sentence, width);
  const place = [`topology ${explained.topology}`, ...explained.task === null ? [] : [`task ${explained.task}`]];
  return [
    ...[first, ...rest].map((line) => paint(COLOURS[explained.outcome], plain(line))),
    paint(DIM, place.join(", ")),
    ...sections(explained).flatMap(([label, lines]) =>
      lines.length === 0
        ? []
        : ["", ...fit(lines.map((line, index) => `${(index === 0 ? label : "").padEnd(LABEL_WIDTH)} ${line}`))]
    ),
    ...nextEvents(explained),
    ...explained.notes.length === 0 ? [] : [""],
    ...explained.notes.flatMap((note) =>
      wrapped(`${note}.`, width - LABEL_WIDTH - 1).map((line, index) =>
        `${(index === 0 ? "note" : "").padEnd(LABEL_WIDTH)} ${plain(line)}`
      )
    ),
    ...explained.outcome === "undecided" && explained.unanswered.length === 0 ? ["", paint(YELLOW, ELSEWHERE)] : [],
    ...explained.unanswered.map(({ instance, problem }) =>
      paint(YELLOW, plain(`Instance ${instance} has not answered: ${problem}`))
    ),
  ];
}

function sections(explained: Explanation): [string, string[]][] {
  return [
    ["source", sourceLines(explained)],
    ["steps", stepLines(explained)],
    ["shown", explained.appended === undefined ? shownLines(explained) : appendedLines(explained)],
    ["shares", shareLines(explained)],
    ["outputs", explained.outputs.map(({ output, sentence }) => `${output}  ${sentence}`)],
    ["adds to", explained.totals.map(({ table, group, adds }) => `${table} ${keyText(group)}: ${rowText(adds)}`)],
    ["made of", contributorLines(explained)],
    ["letters", explained.deadLetters.map((letter) => `${letter.operator}: ${whyOf(letter)}`)],
  ];
}

function sourceLines({ sources }: Explanation): string[] {
  return sources.flatMap(({ table, topic, partition, offset, timestampMs, row, stale, key }) => {
    const time = timestampMs === null
      ? ""
      : `, ${new Date(timestampMs).toISOString().replace("T", " ").slice(0, 19)} UTC`;
    const where = topic === null
      ? "totals that tasks tell each other"
      : partition === null
      ? `"${topic}", whole on every instance`
      : `"${topic}" partition ${partition}, ${
        offset === null ? "its record is not among the last ones" : `offset ${offset}${time}`
      }`;
    return [
      `${table}  ${where}${stale ? ", and its last change cannot be read" : ""}`,
      ...key === undefined ? [] : [`  key ${keyText(key)}`],
      `  ${row === null ? key === undefined ? "no row" : "no value" : rowText(row)}`,
    ];
  });
}

function stepLines({ steps }: Explanation): string[] {
  const names = Math.min(OPERATOR_WIDTH_MAX, Math.max(0, ...steps.map(({ operator }) => operator.length)));
  const kinds = Math.max(0, ...steps.map(({ op }) => op.length));
  const outcomes = Math.max(0, ...steps.map(({ outcome }) => outcome.length));
  return steps.flatMap(({ operator, op, outcome, sentence, lookup, row, partners = [] }) => {
    // What a lookup found, and what a callback made.
    const told = lookup?.row ?? (outcome === "mapped" || op === "tableJoin" ? row : null);
    const line = `${operator.padEnd(names)}  ${op.padEnd(kinds)}  ${outcome.padEnd(outcomes)}  ${sentence}${
      told === null ? "" : `: ${rowText(told)}`
    }`;
    return [
      line,
      ...lookup?.why === null || lookup === undefined ? [] : [`  because ${lookup.why.sentence}`],
      ...partners.map(partnerLine),
    ];
  });
}

function partnerLine({ topic, partition, offset, timeUs, row, isSure }: ExplainedPartner): string {
  const time = microsText(timeUs) ?? `${timeUs} us`;
  return `  ${isSure ? "with" : "perhaps with"} ${topic}/${partition}/${offset} of ${time}${
    row === null ? "" : `: ${rowText(row)}`
  }`;
}

function shownLines({ shown, shownKnown, outcome }: Explanation): string[] {
  if (!shownKnown) return [];
  if (shown === null) return ["ClickHouse shows nothing of this key"];
  const digests = shown.changedByHand
    ? "changed by hand since"
    : shown.digestsEqual === null
    ? outcome === "beyond retention" ? "its task keeps nothing of windows as old" : "who has its state has not answered"
    : shown.digestsEqual
    ? "the same as the state says (digests equal)"
    : "another one than the state says (digests differ)";
  const who = shown.task === null ? digests : `by ${shown.task}, version ${shown.version}: ${digests}`;
  return [who, `  ${rowText(shown.row)}`];
}

function appendedLines({ appended = [], shownKnown }: Explanation): string[] {
  if (!shownKnown) return [];
  if (appended.length === 0) return ["ClickHouse has no row of it"];
  return appended.flatMap(({ index, row, made, isExpected }) => {
    const judged = row === null
      ? "is computed, and ClickHouse does not have it"
      : isExpected === null
      ? "is there; nothing is computed to compare it with"
      : isExpected
      ? "is there as it is computed"
      : "is there, and holds something else than what is computed now";
    return [`row ${index} ${judged}`, `  ${rowText(row ?? made!)}`];
  });
}

function shareLines({ shares }: Explanation): string[] {
  if (shares.length === 0) return [];
  const rows = shares.map(({ task, rows, version, digestsEqual }) => [
    task,
    rows === null ? "not known" : String(rows),
    version ?? "none",
    digestsEqual === null ? "not known" : digestsEqual ? "equal" : "differ",
  ]);
  return textTable(["task", "rows", "version", "digests"], rows);
}

function contributorLines({ contributors }: Explanation): string[] {
  if (contributors === undefined || contributors.total === 0) return [];
  const { rows, next, aggregate, proof } = contributors;
  const first = rows.find(({ event }) => event !== undefined);
  const places = first === undefined ? ["partition"] : ["stream", "partition", "offset", "time"];
  const shown = rows.length === 0 ? [] : textTable(
    [...Object.keys(rows[0].key), ...Object.keys(rows[0].adds).map((name) => `adds ${name}`), ...places],
    rows.map(({ table, key, adds, partition, event }) => [
      ...Object.values(key).map(valueText),
      ...Object.values(adds).map(valueText),
      ...event === undefined ? [String(partition)] : [
        ...[table, String(partition), String(event.offset)],
        `${microsText(event.timeUs) ?? `${event.timeUs} us`}${event.isMaybeLate ? ", maybe too late" : ""}`,
      ],
    ]),
  );
  // Where a page of events goes on is longer than a line, and of no use if it is cut.
  const more = next === null || proof !== undefined ? "" : `, go on with --after '${next}'`;
  const all = proof === undefined ? "" : PROOFS[proof];
  return [...shown, `${rows.length} of ${totalText(contributors)} of "${aggregate}"${all}${more}`];
}

/** As one line, however long it is. */
function nextEvents({ contributors }: Explanation): string[] {
  const next = contributors?.proof === undefined ? null : contributors.next;
  return next === null ? [] : ["", `${"go on with".padEnd(LABEL_WIDTH)} --after '${plain(next)}'`];
}

function totalText({ total, proof }: NonNullable<Explanation["contributors"]>): string {
  const word = proof === undefined ? "row" : "event";
  return total === null ? `some ${word}s` : counted(total, word);
}

/** What the events of all pages make. */
const PROOFS: Readonly<Record<TotalProof, string>> = {
  equal: ", which make up the total",
  differs: ", which do NOT make up the total",
  "not compared": "",
};

/** Tables for a list of what can be asked. */
export function targetLines(topologies: readonly ListedTopology[]): string[] {
  const rows = topologies.flatMap(({ name, state, tables }) =>
    tables.length === 0
      ? [[name, "", state, ""]]
      : tables.map((table) => [name, table.name, table.kind, table.key?.join(", ") ?? ""])
  );
  return textTable(["topology", "table", "kind", "key"], rows);
}

function keyText(key: Row): string {
  const values = Object.values(key).map(valueText);
  return values.length === 1 ? values[0] : `(${values.join(", ")})`;
}

function rowText(row: Row): string {
  return Object.entries(row).map(([name, value]) => `${name} ${valueText(value)}`).join(", ");
}

function valueText(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : exactJson(value ?? null);
}

/** Lines of whole words. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
