import { isTooLarge } from "../../processor/output_record.ts";
import { encodedLine } from "../../processor/line_writer.ts";
import { tableWriter } from "../../processor/table_writer.ts";
import type { SinkPlan } from "../../plan/physical.ts";
import type { Bytes, Log, LogRecord, TopicDescription } from "../../ports/log.ts";
import type { TopicTable } from "../../ports/topic_table.ts";
import type { Row } from "../../record/row.ts";
import { comparedRowText, readChangedRow } from "../../record/changed_row.ts";
import { isNewer, rowKey, type RowMark, rowMark } from "../../record/row_record.ts";
import { type CanonicalRow, compareRows, type ExpectedRows, expectRows } from "./compare.ts";
import { recordsOf } from "./event_records.ts";
import type { SinkReport } from "./sink_report.ts";

const COLUMNS = { names: ["key", "row"], key: [0] } as const;

/** The rows of a table by canonical key texts. */
export type RowsByKey = ReadonlyMap<string, Row>;

/** What a topic must hold. */
export interface ComputedTopic {
  readonly topology: string;
  readonly sink: SinkPlan;
  readonly rows: RowsByKey;
  /** At the end of the comparison, where rows expire. */
  readonly later: RowsByKey | null;
}

/**
 * Compares the rows of a table with the topic that it is written to: with the last record of each key, and with the
 * newest one by its header, as far as it is there. Records without the header are others', and count for the first.
 * Resolves to null if there is no such topic. @throws ProductionError when the log does not answer
 */
export async function verifyTableTopic(
  { topology, sink, rows, later }: ComputedTopic,
  log: Log,
): Promise<SinkReport | null> {
  const startedMs = performance.now();
  const output = sink.table.output!;
  const description = (await log.topics([output.topic])).get(output.topic);
  if (description === undefined) return null;
  const records = (await recordsOf(log, output.topic, await log.offsets(output.topic))).flat();
  const last = new Map<string, string | null>();
  const newest = new Map<string, { readonly mark: RowMark; readonly value: string | null }>();
  const rowOf = comparedValue(output);
  for (const { key, value, headers } of records) take({ key, value, headers }, { last, newest, rowOf });
  const writer = topicRows(sink, description);
  const { expected, unfit } = writer(rows, later);
  const compared = (found: Iterable<readonly [string, string | null]>) =>
    compareRows(COLUMNS, {
      expected,
      actual: { lines: linesOf(found), parse: (line) => JSON.parse(line) as CanonicalRow },
    });
  return {
    topology,
    sink: sink.name,
    view: await compared(last),
    stored: await compared([...newest].map(([key, { value }]) => [key, value] as const)),
    unfit,
    moving: expected.moving.size,
    durationMs: Math.round(performance.now() - startedMs),
  };
}

function take(
  { key, value, headers }: Pick<LogRecord, "key" | "value" | "headers">,
  { last, newest, rowOf }: {
    readonly last: Map<string, string | null>;
    readonly newest: Map<string, { readonly mark: RowMark; readonly value: string | null }>;
    /** The row of a value, as it is compared. */
    readonly rowOf: (value: Bytes) => string;
  },
): void {
  if (key === null) return;
  const text = textOf(key);
  const row = value === null ? null : rowOf(value);
  last.set(text, row);
  const mark = rowMark(headers);
  const known = newest.get(text);
  if (mark !== null && (known === undefined || !isNewer(known.mark, mark))) newest.set(text, { mark, value: row });
}

/** How a record's value is compared. */
export function comparedValue({ changes }: Pick<TopicTable, "changes">): (value: Bytes) => string {
  return changes ? changedRow : textOf;
}

/** Makes the rows that must be in a topic, as [key, value]; `unfit`: how many cannot be written. */
export function topicRows(
  { table }: Pick<SinkPlan, "table">,
  { messageBytesMax }: Pick<TopicDescription, "messageBytesMax">,
): (now: RowsByKey, later: RowsByKey | null) => { readonly expected: ExpectedRows; readonly unfit: number } {
  const output = table.output!;
  const { write } = tableWriter(table);
  const written = (row: Row): string => {
    if (output.changes) return comparedRowText(row);
    write(row);
    return decoder.decode(encodedLine());
  };
  let unfit = 0;
  const canonical = (rows: RowsByKey): CanonicalRow[] =>
    [...rows].flatMap(([key, row]) => {
      try {
        const value = written(row);
        const record = { key: rowKey(output, key), value, headers: {}, timestampMs: 0 };
        if (!isTooLarge(record, messageBytesMax)) return [[record.key, value]];
      } catch (error) {
        // The verdict on a value that JSON has no word for; anything else is a mistake here.
        if (!(error instanceof TypeError)) throw error;
      }
      unfit++;
      return [];
    });
  return (rows: RowsByKey, later: RowsByKey | null) => {
    const now = canonical(rows);
    const counted = unfit;
    return {
      expected: expectRows(COLUMNS, { rows: now, later: later === null ? null : canonical(later) }),
      unfit: counted,
    };
  };
}

async function* linesOf(
  rows: Iterable<readonly [string, string | null]>,
): AsyncGenerator<readonly string[]> {
  yield [...rows].flatMap((row) => row[1] === null ? [] : [JSON.stringify(row)]);
}

/** Of changes that the topology itself reads: the row alone, as its key stands in the record's, too. */
function changedRow(value: Bytes): string {
  const text = textOf(value);
  try {
    return comparedRowText(readChangedRow(text).row);
  } catch (error) {
    // Another program has written it.
    if (error instanceof TypeError || error instanceof SyntaxError) return text;
    throw error;
  }
}

const decoder = new TextDecoder();

function textOf(bytes: Bytes): string {
  return typeof bytes === "string" ? bytes : decoder.decode(bytes);
}
