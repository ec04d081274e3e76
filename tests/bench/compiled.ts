// What each function compiled for its columns gains over the loop that it replaces, and the row digest over what the
// platform offers: `deno run --allow-read tests/bench/compiled.ts`. Ratios of one run, so that the machine and what
// else it does cancel out.
import { createHash, hash } from "node:crypto";
import { assertEquals } from "@std/assert";
import { orderItems, orders, products, sellers, users } from "../../topologies/online_store/sources.ts";
import {
  orderItemsMirror,
  ordersMirror,
  productsMirror,
  sellersMirror,
  usersMirror,
} from "../../topologies/online_store/tables.ts";
import { type ReadyColumn, readyColumns, rowMaker, rowReader } from "../../src/formats/row_reader.ts";
import { type RowLayout, rowScanner } from "../../src/formats/row_scanner.ts";
import { loadMessage, token } from "../../src/formats/scanned_bytes.ts";
import { formOf } from "../../src/formats/scanned_forms.ts";
import { REFUSED } from "../../src/formats/column_type.ts";
import type { Change, Fields } from "../../src/formats/envelope.ts";
import { loopedRows } from "../formats/looped_rows.ts";
import { UNAVAILABLE_DEFAULT, unavailableTest } from "../../src/formats/unavailable.ts";
import { columnAdded, columnPut, type WithColumn } from "../../src/processor/column_added.ts";
import { columnEncoder, rowEncoder } from "../../src/processor/sink_row.ts";
import { digestOf } from "../../src/record/digest.ts";
import type { Row } from "../../src/record/row.ts";

/** Many short rounds: most of them are not interrupted, so the median is one that was not. */
const ROUNDS = 601;
const WARMING_ROUNDS = 100;
/** Rows of each table in a round, one table after the other, as batches are fetched. */
const ROWS = 100;
const TABLES = [
  { source: users, sink: usersMirror },
  { source: sellers, sink: sellersMirror },
  { source: products, sink: productsMirror },
  { source: orders, sink: ordersMirror },
  { source: orderItems, sink: orderItemsMirror },
];

const isUnavailable = unavailableTest(UNAVAILABLE_DEFAULT);
const CHANGE: Change = { op: "c", after: null, text: "", path: [], flattened: false };

/** Rows of the store as Debezium wrote them, for each table. */
function captured(): Fields[][] {
  const text = Deno.readTextFileSync(new URL("../fixtures/debezium/a_initial_snapshot.jsonl", import.meta.url));
  const messages = text.trim().split("\n").map((line) => JSON.parse(line)).filter(({ value }) => value !== null);
  return TABLES.map(({ source }) => {
    const rows = messages.filter(({ topic }) => topic.split(".").pop() === source.spec.name)
      .map(({ value }): Fields => (({ payload }) => payload ?? JSON.parse(value))(JSON.parse(value)).after);
    if (rows.length === 0) throw new Error(`Cannot measure: no captured row of "${source.spec.name}"`);
    return Array.from({ length: ROWS }, (_, index) => rows[index % rows.length]);
  });
}

/** One way to do the work of one table, row by row. */
type Way<I> = (input: I) => unknown;

interface Contest<I> {
  readonly name: string;
  /** For each table: the way that is used, and those that it is measured against. */
  readonly ways: Readonly<Record<string, readonly Way<I>[]>>;
  /** Inputs for each table, new for each measurement. */
  readonly inputs: () => readonly (readonly I[])[];
  /** The ways do the same with another result: digests by other algorithms. */
  readonly otherResults?: boolean;
}

/** So that nothing that is measured can be left out by the engine. */
const kept: unknown[] = new Array(1024).fill(null);

function run<I>(ways: readonly Way<I>[], inputs: readonly (readonly I[])[]): number {
  const start = performance.now();
  let at = 0;
  for (let table = 0; table < ways.length; table++) {
    const way = ways[table];
    for (const input of inputs[table]) kept[at++ & 1023] = way(input);
  }
  return (performance.now() - start) * 1e6 / at;
}

/** Prints how many times as long as the first way each other way takes: median of the rounds, smallest and greatest. */
function compete<I>({ name, ways, inputs, otherResults = false }: Contest<I>): void {
  const names = Object.keys(ways);
  const [results, ...others] = names.map((way) => ways[way].map((of, table) => of(inputs()[table][0])));
  if (!otherResults) { for (const other of others) assertEquals(other, results, name); }
  const times = names.map((): number[] => []);
  for (let round = -WARMING_ROUNDS; round < ROUNDS; round++) {
    names.forEach((way, index) => {
      const time = run(ways[way], inputs());
      if (round >= 0) times[index].push(time);
    });
  }
  print(name, { names, times });
}

function print(
  name: string,
  { names, times }: { readonly names: readonly string[]; readonly times: readonly (readonly number[])[] },
): void {
  const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
  const middle = (values: readonly number[]) => sorted(values)[values.length >> 1];
  console.log(`${name} (${middle(times[0]).toFixed(0)} ns)`);
  for (let index = 1; index < names.length; index++) {
    const ratios = sorted(times[index].map((time, round) => time / times[0][round]));
    const [low, high] = [ratios[ratios.length >> 2], ratios[(ratios.length * 3) >> 2]];
    const figure = `${middle(ratios).toFixed(2)} times as long`.padEnd(20);
    console.log(`  ${names[index].padEnd(48)} ${figure} (half of all: ${low.toFixed(2)} to ${high.toFixed(2)})`);
  }
}

const AFTER = captured();
const columns = TABLES.map(({ source }) => readyColumns(source.spec.name, source.spec));
const readers = TABLES.map(({ source }, table) =>
  rowReader(source.spec.name, { columns: columns[table], isUnavailable })
);
const quickWays = readers.map((read): Way<Fields> => (after) => read(after, CHANGE, null).row);
const rowsOf = AFTER.map((rows, table) => rows.map((after) => quickWays[table](after) as Row));
const valuesOf = rowsOf.map((rows) => rows.map((row) => Object.values(row)));

// Reading rows.
compete<Fields>({
  name: "read a row",
  inputs: () => AFTER,
  ways: {
    compiled: quickWays,
    "one loop over columns, columns added to {}": columns.map((ready) => (after) => loopRead(ready, after)),
    "the careful loop, row compiled": readers.map((read, table) => {
      const converts = columns[table].map(() => null);
      return (after) => read(after, CHANGE, converts).row;
    }),
  },
});

function loopRead(ready: readonly ReadyColumn[], after: Fields): Row | null {
  const row: Record<string, unknown> = {};
  for (let index = 0; index < ready.length; index++) {
    const { name, read, rounded, inherited } = ready[index];
    const wire = inherited && !Object.hasOwn(after, name) ? undefined : after[name];
    if (rounded !== null && rounded(wire)) return null;
    if ((typeof wire === "string" || typeof wire === "object") && isUnavailable(wire)) return null;
    const value = read(wire);
    if (value === REFUSED) return null;
    row[name] = value;
  }
  return row;
}

// The same rows from the bytes of their envelopes.
const TEXTS = AFTER.map((rows) => rows.map((after) => JSON.stringify(after)));
const layouts = TABLES.map((_, table): RowLayout => {
  const scanned = columns[table].map((column, index) => ({ ...column, index, convert: null, form: formOf(column) }));
  const keys = Object.keys(AFTER[table][0]).map((name, index) => ({
    token: token(`${index === 0 ? "{" : ","}${JSON.stringify(name)}:`),
    column: scanned.find((column) => column.name === name) ?? null,
  }));
  return { keys, columns: scanned, isUnavailable };
});
const scanning = (make: (layout: RowLayout) => () => Row | null): Way<string>[] =>
  layouts.map((layout) => {
    const scan = make(layout);
    return (text) => {
      loadMessage(text);
      return scan();
    };
  });
compete<string>({
  name: "scan a row",
  inputs: () => TEXTS,
  ways: { compiled: scanning(rowScanner), "one loop over keys, columns added to {}": scanning(loopedRows) },
});

compete<readonly unknown[]>({
  name: "make a row of values",
  inputs: () => valuesOf,
  ways: {
    compiled: columns.map((ready): Way<readonly unknown[]> => {
      const rowOf = rowMaker(ready);
      return (values) => rowOf(...values);
    }),
    "columns added to {}": columns.map((ready) => (values) => {
      const row: Record<string, unknown> = {};
      for (let index = 0; index < ready.length; index++) row[ready[index].name] = values[index];
      return row;
    }),
  },
});

// Joined columns.
const JOINED = ["order", "product", "user", "seller", "c"];
const plainAdded = (column: string): WithColumn => (row, value) => ({ ...row, [column]: value });
const plainCopied = (column: string): WithColumn => (row, value) => {
  const copy: Record<string, unknown> = { ...row };
  copy[column] = value;
  return copy;
};
const plainPut = (column: string): WithColumn => (row, value) => {
  (row as Record<string, unknown>)[column] = value;
  return row;
};
const partner = rowsOf[0][0];
const joining = (make: (column: string) => WithColumn): Way<Row>[] =>
  JOINED.map((column) => {
    const withColumn = make(column);
    return (row) => withColumn(row, partner);
  });
compete<Row>({
  name: "copy a row with a column more",
  inputs: () => rowsOf,
  ways: {
    compiled: joining(columnAdded),
    "{ ...row, [column]: value }": joining(plainAdded),
    "{ ...row }, then row[column] = value": joining(plainCopied),
  },
});
const copies = JOINED.map((_, table) => columnAdded(`first${table}`));
compete<Row>({
  name: "put a column into a copy",
  // New copies for every round: a column that is there already would be written faster.
  inputs: () => rowsOf.map((rows, table) => rows.map((row) => copies[table](row, partner))),
  ways: {
    compiled: joining(columnPut),
    "row[column] = value": joining(plainPut),
    "copied again, compiled": joining(columnAdded),
  },
});

// Encoding rows for sinks.
compete<Row>({
  name: "encode a row",
  inputs: () => rowsOf,
  ways: {
    compiled: TABLES.map(({ sink }) => rowEncoder(sinkColumns(sink))),
    "one loop over columns": TABLES.map(({ sink }) => {
      const list = sinkColumns(sink).map(({ name, type }) => ({ name, encode: columnEncoder(name, type) }));
      return (row) => {
        let text = "[";
        for (let index = 0; index < list.length; index++) {
          const { name, encode } = list[index];
          text += index === 0 ? encode(row[name]) : "," + encode(row[name]);
        }
        return text;
      };
    }),
  },
});

function sinkColumns(sink: { readonly spec: { readonly columns: Readonly<Record<string, string>> } }) {
  return Object.entries(sink.spec.columns).map(([name, type]) => ({ name, type }));
}

// The digest of a row.
const LINES = rowsOf.map((rows, table) => rows.map(rowEncoder(sinkColumns(TABLES[table].sink))));
const same = <I>(way: Way<I>): Way<I>[] => TABLES.map(() => way);
const number = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
compete<string>({
  name: `digest of ${Math.round(LINES.flat().join("").length / LINES.flat().length)} characters`,
  inputs: () => LINES,
  otherResults: true,
  ways: {
    digestOf: same(digestOf),
    'node:crypto hash("md5")': same((line) => number(hash("md5", line, "buffer"))),
    'node:crypto createHash("sha1")': same((line) => number(createHash("sha1").update(line).digest())),
  },
});

const encoder = new TextEncoder();
const lines = LINES.flat();
const awaited: number[][] = [[], []];
for (let round = 0; round < 51; round++) {
  awaited[0].push(run(same(digestOf), LINES));
  const start = performance.now();
  for (const buffer of await Promise.all(lines.map((line) => crypto.subtle.digest("SHA-1", encoder.encode(line))))) {
    kept[round] = number(new Uint8Array(buffer));
  }
  awaited[1].push((performance.now() - start) * 1e6 / lines.length);
}
print("digest, all rows at once", { names: ["digestOf", "WebCrypto SHA-1"], times: awaited });
