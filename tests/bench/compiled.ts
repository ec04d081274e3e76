// What each function compiled for its columns gains over the loop that it replaces, and the row digest over what the
// platform offers: `deno run --allow-read tests/bench/compiled.ts`. Ratios of one run, so that the machine and what
// else it does cancel out.
import { createHash, hash } from "node:crypto";
import { compete, print, run, type Way } from "./contest.ts";
import { orderItems, orders, products, sellers, users } from "../../topologies/online_store/sources.ts";
import {
  orderItemsMirror,
  ordersMirror,
  productsMirror,
  sellersMirror,
  usersMirror,
} from "../../topologies/online_store/tables.ts";
import { type ReadyColumn, readyColumns, rowMaker, rowReader } from "../../src/formats/row_reader.ts";
import { type RowLayout, rowScanner, scannedKeys } from "../../src/formats/row_scanner.ts";
import { loadMessage } from "../../src/formats/scanned_bytes.ts";
import { formOf } from "../../src/formats/scanned_forms.ts";
import { REFUSED } from "../../src/formats/column_type.ts";
import type { Change, Fields } from "../../src/formats/envelope.ts";
import { loopedRows } from "../formats/looped_rows.ts";
import { UNAVAILABLE_DEFAULT, unavailableTest } from "../../src/formats/unavailable.ts";
import { columnAdded, columnPut, type WithColumn } from "../../src/processor/column_added.ts";
import { cellWriter } from "../../src/processor/cell_writer.ts";
import { rowWriter } from "../../src/processor/line_writer.ts";
import { columnEncoder, rowEncoder } from "../../src/processor/sink_row.ts";
import { ByteWriter } from "../../src/record/byte_writer.ts";
import { digestOf, digestOfBytes } from "../../src/record/digest.ts";
import type { Key } from "../../src/record/key.ts";
import type { Row } from "../../src/record/row.ts";
import { PackedRows } from "../../src/state/packed_rows.ts";
import { compiledShape, plainShape, type ShapeMaker } from "../../src/state/row_shape.ts";
import type { UpsertRow } from "../../src/ports/warehouse.ts";
import { type OutgoingRow, WaitingRows } from "../../src/runtime/delivery/waiting_rows.ts";

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
  const keys = scannedKeys(Object.keys(AFTER[table][0]), scanned);
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

// Rows as columns by slot.
const packed = (shapes: ShapeMaker) =>
  rowsOf.map((rows) => {
    const table = new PackedRows({ shapes });
    rows.forEach((row, slot) => {
      table.grow(slot);
      table.write(slot, row);
    });
    return table;
  });
const [byCompiled, byLoops] = [packed(compiledShape), packed(plainShape)];
const slots = rowsOf.map((rows) => rows.map((_, slot) => slot));
const reading = (tables: PackedRows[]) => tables.map((table): Way<number> => (slot) => table.read(slot));
compete<number>({
  name: "read a row by slot",
  inputs: () => slots,
  ways: { compiled: reading(byCompiled), "one loop over columns": reading(byLoops) },
});
const written = rowsOf.map((rows) => rows.map((row, slot) => ({ slot, row: { ...row } })));
const comparing = (tables: PackedRows[]) =>
  tables.map((table): Way<typeof written[0][0]> => ({ slot, row }) => table.write(slot, row));
compete({
  name: "compare a row by slot",
  inputs: () => written,
  ways: { compiled: comparing(byCompiled), "one loop over columns": comparing(byLoops) },
});

// Encoding rows for sinks.
const scratch = new ByteWriter();
const toText = (table: number): Way<Row> => {
  const encode = rowEncoder(sinkColumns(TABLES[table].sink));
  return (row) => digestOf(encode(row));
};
compete<Row>({
  name: "encode a row as bytes, with its digest",
  inputs: () => rowsOf,
  otherResults: true,
  ways: {
    compiled: TABLES.map(({ sink }) => rowWriter(sinkColumns(sink)).write),
    "one loop over columns": TABLES.map(({ sink }) => {
      const list = sinkColumns(sink).map(({ name, type }) => ({
        name,
        write: cellWriter(type, columnEncoder(name, type)),
      }));
      return (row) => {
        scratch.clear();
        for (let index = 0; index < list.length; index++) {
          const { name, write } = list[index];
          scratch.byte(index === 0 ? 91 : 44);
          write(scratch, row[name]);
        }
        return scratch.digest();
      };
    }),
    "its text, and the digest of that": TABLES.map((_, table) => toText(table)),
  },
});

interface Line {
  readonly text: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const utf8 = new TextEncoder();
const LINES = rowsOf.map((rows, table) =>
  rows.map(rowEncoder(sinkColumns(TABLES[table].sink))).map((text): Line => ({ text, bytes: utf8.encode(text) }))
);
/** Rows are encoded into one memory, which holds any of them here. */
const WORDS = new Int32Array(1024).map((_, index) => Math.imul(index, 0x01234567));
const OUTGOING = LINES.map((lines, table) =>
  lines.map(({ bytes: line }, index): OutgoingRow => {
    const key = `${table}-${index}`;
    return { id: key, line, task: "t-0", key, digest: 0, epoch: 1, seq: 1 };
  })
);
const same = <I>(way: Way<I>): Way<I>[] => TABLES.map(() => way);

function sinkColumns(sink: { readonly spec: { readonly columns: Readonly<Record<string, string>> } }) {
  return Object.entries(sink.spec.columns).map(([name, type]) => ({ name, type }));
}

// Lines that wait for the next insert, as many as in a round, each put again before it is taken.
const waiting = new WaitingRows();
const arrays = new Map<Key, OutgoingRow>();
compete<OutgoingRow>({
  name: "keep a line until the next insert",
  inputs: () => OUTGOING,
  ways: {
    "WaitingRows, copied into chunks": same((row) => waiting.put(row)),
    "a Map, each copied into an array of its own": same((row) => {
      arrays.set(row.id, { ...row, line: (row as UpsertRow).line.slice() });
    }),
  },
});

// The digest of a row.
const number = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
compete<Line>({
  name: `digest of ${
    Math.round(LINES.flat().reduce((sum, { bytes }) => sum + bytes.length, 0) / LINES.flat().length)
  } bytes`,
  inputs: () => LINES,
  otherResults: true,
  ways: {
    digestOfBytes: same(({ bytes }) => digestOfBytes(WORDS, bytes.length)),
    "digestOf, of the text": same((line) => digestOf(line.text)),
    'node:crypto hash("md5")': same(({ bytes }) => number(hash("md5", bytes, "buffer"))),
    'node:crypto createHash("sha1")': same(({ bytes }) => number(createHash("sha1").update(bytes).digest())),
  },
});

const lines = LINES.flat();
const awaited: number[][] = [[], []];
for (let round = 0; round < 51; round++) {
  awaited[0].push(run(same(({ bytes }: Line) => digestOfBytes(WORDS, bytes.length)), LINES));
  const start = performance.now();
  await Promise.all(lines.map(({ bytes }) => crypto.subtle.digest("SHA-1", bytes)));
  awaited[1].push((performance.now() - start) * 1e6 / lines.length);
}
print("digest, all rows at once", { names: ["digestOfBytes", "WebCrypto SHA-1"], times: awaited });
