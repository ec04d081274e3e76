import type { SinkSpec } from "../../src/dsl/sink.ts";
import { computeSinks } from "../../src/oracle/oracle.ts";
import { compile } from "../../src/plan/compile.ts";
import { readChangedRow } from "../../src/record/changed_row.ts";
import { columnEncoder } from "../../src/processor/sink_row.ts";
import type { Key } from "../../src/record/key.ts";
import type { Row } from "../../src/record/row.ts";
import type { Topology } from "../../src/mod.ts";
import type { MemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { EVENT_TABLES } from "./events.ts";
import { type Profile, tellingLimits } from "./profile.ts";
import type { SimulatedLog } from "./simulated_log.ts";
import { shownIn, topicText } from "./table_topics.ts";
import { SOURCE_NAMES, type SourceName, TOPICS } from "./source_records.ts";

/** Rows that are told of a sink that differs. */
const DIFFERENCES_MAX = 10;

/** Rows of all sources as they are now. */
export type Truth = ReadonlyMap<SourceName, ReadonlyMap<number, Record<string, unknown>>>;

/** What is compared. */
export interface Judged {
  readonly topology: Topology;
  readonly truth: Truth;
  /** Of which time the sinks must be, milliseconds since the epoch. */
  readonly nowMs: number;
  readonly profile: Profile;
  readonly memory: Pick<MemoryWarehouse, "select">;
  readonly log: Pick<SimulatedLog, "topics" | "headers">;
  /** Rows whose content ClickHouse refuses. */
  readonly refuses: (sink: string, row: Row) => boolean;
  /** How many rows of a sink are said to be held: they are as they were before a start at which something failed. */
  readonly held: ReadonlyMap<string, number>;
}

/**
 * Compares sinks with the truth. A row with a value that its column cannot hold is absent, and so is a group with such
 * a total. Returns how the first sink that differs does, a line for each row, or null. `only`: this sink alone.
 */
export function differenceOf(
  { topology, truth, nowMs, profile, memory, log, refuses, held }: Judged,
  only?: string,
): string | null {
  const expected = computeSinks(topology, (topic) => {
    const name = SOURCE_NAMES.find((candidate) => TOPICS[candidate] === topic)!;
    return truth.get(name)! as unknown as Iterable<readonly [Key, Row]>;
  }, { limits: tellingLimits(profile), nowUs: nowMs * 1_000, folded: () => [] });
  for (const [name, { spec, rows }] of expected) {
    if ((only !== undefined && name !== only) || EVENT_TABLES.has(name)) continue;
    const text = rowText(spec);
    const refused = new Map([...rows].filter(([, row]) => refuses(name, row)));
    const wanted = [...rows].flatMap(([key, row]) => refused.has(key) ? [] : textOrNothing(text, row));
    // What a start finds changed and ClickHouse refuses leaves the older version, of this key alone.
    const seen = spec.output?.changes
      ? [shownIn(log, spec.output.topic).map((value) => JSON.stringify(readChangedRow(value).row))]
      : spec.output !== undefined
      ? [shownIn(log, spec.output.topic), log.headers.shown(spec.output.topic)]
      : [memory.select(name).filter((row) => !refused.has(String(row[spec.key[0]]))).map((row) => text(row as Row))];
    // What is held is too much, or, in a table of totals, another total, which may not fit.
    const heldRows = held.get(name) ?? 0;
    const heldTotals = isTotals(topology, name) ? heldRows : 0;
    for (const shown of seen) {
      const lacking = new Set(wanted);
      const wrong = shown.filter((row) => !lacking.delete(row));
      if (wrong.length <= heldRows && lacking.size <= heldTotals) continue;
      const differences = [
        ...wrong.map((row) => `${name} shows ${row}, which is wrong`),
        ...[...lacking].map((row) => `${name} lacks ${row}`),
      ];
      return differences.slice(0, DIFFERENCES_MAX).join("\n");
    }
  }
  return null;
}

function isTotals(topology: Topology, sink: string): boolean {
  return compile(topology).tables.some(({ groups }) => groups.some((group) => group.sink?.name === sink));
}

type RowText = (row: Row) => string;

/** @throws TypeError | RangeError for a value that its column cannot hold */
function rowText({ columns, output }: SinkSpec): RowText {
  if (output?.changes) return (row) => JSON.stringify(row);
  if (output !== undefined) return topicText(output.columns);
  const encode = Object.entries(columns).map(([column, type]) => [column, columnEncoder(column, type)] as const);
  return (row) => `{${encode.map(([column, encoder]) => `"${column}":${encoder(row[column])}`).join(",")}}`;
}

function textOrNothing(text: RowText, row: Row): string[] {
  try {
    return [text(row)];
  } catch {
    return [];
  }
}
