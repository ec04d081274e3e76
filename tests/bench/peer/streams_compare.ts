import { BARE_INTEGERS, connect } from "../../../src/adapters/clickhouse/connection.ts";
import { textLines } from "../../../src/cli/text_lines.ts";
import type { Log } from "../../../src/ports/log.ts";
import { readTopic } from "./read_topic.ts";
import type { StreamsVariant } from "./streams_oracle.ts";

const EXAMPLES_MAX = 3;

/** How results differ from those computed from scratch; all are right if nothing is missing and nothing extra. */
export interface ResultsComparison {
  readonly expected: number;
  readonly right: number;
  readonly missing: number;
  /** Results that must not be there, or that are there twice. */
  readonly extra: number;
  readonly examples: readonly string[];
}

/** Compares lines, each of which is to be there once. */
export function compareResults(expected: ReadonlySet<string>, shown: Iterable<string>): ResultsComparison {
  const left = new Set(expected);
  const examples: string[] = [];
  const example = (text: string) => examples.length < EXAMPLES_MAX && examples.push(text);
  let extra = 0;
  for (const line of shown) {
    if (left.delete(line)) continue;
    extra++;
    example(`extra ${line}`);
  }
  for (const line of left) if (!example(`missing ${line}`)) break;
  return { expected: expected.size, right: expected.size - left.size, missing: left.size, extra, examples };
}

const COLUMNS: Readonly<Record<StreamsVariant, string>> = {
  count: "customer, toUnixTimestamp64Milli(window_start), count",
  join: "customer, order_id, payment_id, country, method, ordered, paid",
};

/** What ClickHouse shows of Weir, as lines. `url`: of ClickHouse. */
export async function shownByWeir(url: string, variant: StreamsVariant): Promise<string[]> {
  const connection = connect({ url, database: "default" }, "default");
  const sql = `SELECT ${COLUMNS[variant]} FROM streams_${variant} FORMAT TSV`;
  const shown: string[] = [];
  try {
    for await (const lines of textLines(connection.bytes("read results", sql, { settings: BARE_INTEGERS }))) {
      for (const line of lines) if (line !== "") shown.push(line);
    }
  } finally {
    await connection.close();
  }
  return shown;
}

/** What Kafka Streams' topic says, as lines: of the count the last one of each customer and window. */
export async function writtenByPeer(log: Log, topic: string): Promise<string[]> {
  const pairs: string[] = [];
  const counts = new Map<string, number>();
  await readTopic(log, topic, (_, value) => {
    const { customer, window_start, count, ...pair } = JSON.parse(value!);
    if (count !== undefined) counts.set(`${customer}\t${window_start}`, count);
    else {
      const { order_id, payment_id, country, method, ordered, paid } = pair;
      pairs.push([customer, order_id, payment_id, country, method, ordered, paid].join("\t"));
    }
  });
  return [...pairs, ...counts.entries().map(([window, count]) => `${window}\t${count}`)];
}
