import type {
  DeleteRow,
  EnsureReport,
  InsertBatch,
  ShownRow,
  TableSpec,
  UpsertRow,
  Warehouse,
} from "../ports/warehouse.ts";
import { ProductionError } from "../record/errors.ts";
import { type MemoryView, memoryView } from "./memory_view.ts";
import { orderedByKey, type SelectedRow } from "./selected_rows.ts";
import { storedValueOf } from "./stored_value.ts";

interface Stored {
  readonly task: string;
  readonly key: string;
  readonly digest: number;
  readonly epoch: number;
  readonly seq: number;
  /** JSON array of the declared columns; null for a tombstone. */
  readonly line: string | null;
}

/** A warehouse without ClickHouse: the newest version per key, in memory. It has no SQL. */
export interface MemoryWarehouse extends Warehouse {
  /** What `SELECT * FROM <table>` shows, ordered by key. */
  select(table: string): SelectedRow[];
  /** Rows stored for a table, tombstones included. */
  readonly stored: (table: string) => IterableIterator<Stored>;
  /** Upserts and tombstones taken so far. */
  readonly writes: () => number;
  /** Changes or (null) removes what is shown of a key behind the runtime's back. */
  tamper(row: { readonly table: string; readonly key: string }, line: string | null): void;
}

/** Whether a row of a sink has a content that is refused. */
export type RefuseRow = (sink: string, row: SelectedRow) => boolean;

/** Opens an empty in-memory warehouse. `refuses`: rows that it does not take, and neither the rest of their batch. */
export function createMemoryWarehouse(refuses: RefuseRow = () => false): MemoryWarehouse {
  const specs = new Map<string, TableSpec>();
  const readers = new Map<string, LineReader>();
  const tables = new Map<string, Map<string, Stored>>();
  let writes = 0;
  const rowsOf = (name: string): Map<string, Stored> => {
    const rows = tables.get(name);
    if (rows === undefined) {
      throw new ProductionError(`Unknown table ${name}_rows`, { retriable: true, reason: "missing" });
    }
    return rows;
  };
  const store = (table: TableSpec, { row, read }: { row: UpsertRow | DeleteRow; read: ReadLine }) => {
    const rows = rowsOf(table.name);
    const id = table.shares ? `${row.task} ${read.id}` : read.id;
    const was = rows.get(id);
    writes++;
    if (was !== undefined && (was.epoch > row.epoch || (was.epoch === row.epoch && was.seq > row.seq))) return;
    const { task, key, epoch, seq } = row;
    rows.set(id, { task, key, digest: "line" in row ? row.digest : 0, epoch, seq, line: read.line });
  };
  return {
    ensure(table): Promise<EnsureReport> {
      const created = !tables.has(table.name);
      specs.set(table.name, table);
      readers.set(table.name, lineReader(table));
      if (created) tables.set(table.name, new Map());
      return Promise.resolve({ created, added: [] });
    },
    // deno-lint-ignore require-await -- what it throws must become a rejection
    async insert({ table, upserts, deletes }: InsertBatch) {
      rowsOf(table.name);
      const reader = readers.get(table.name)!;
      const lines = readUpserts({ table, reader, refuses }, upserts);
      upserts.forEach((row, index) => store(table, { row, read: lines[index] }));
      for (const row of deletes) store(table, { row, read: reader.key(row.keyLine) });
    },
    shown: (table, tasks) => chunks(rowsOf(table.name), (row) => tasks.includes(row.task)),
    orphans: (table, tasks) => chunks(rowsOf(table.name), (row) => !tasks.includes(row.task)),
    greatestEpochs(table, tasks) {
      const greatest = new Map(tasks.map((task) => [task, 0]));
      for (const row of rowsOf(table.name).values()) {
        if (greatest.has(row.task)) greatest.set(row.task, Math.max(greatest.get(row.task)!, row.epoch));
      }
      return Promise.resolve(greatest);
    },
    setAside(table, limit) {
      const { setAside } = viewOf(table, rowsOf(table.name));
      return Promise.resolve({ count: setAside.length, groups: setAside.slice(0, limit) });
    },
    query: () =>
      Promise.reject(
        new ProductionError("The in-memory warehouse has no SQL. Use select(table)", { retriable: false }),
      ),
    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
    select: (name) => selected(specs.get(name)!, rowsOf(name)),
    stored: (name) => rowsOf(name).values(),
    writes: () => writes,
    tamper({ table, key }, line) {
      const rows = rowsOf(table);
      for (const [id, row] of [...rows]) {
        if (row.key !== key) continue;
        if (line === null) rows.delete(id);
        else rows.set(id, { ...row, line, digest: -1 });
      }
    },
  };
}

interface Reading {
  readonly table: TableSpec;
  readonly reader: LineReader;
  readonly refuses: RefuseRow;
}

/** All of a batch, before any of it is stored: a refused row takes its INSERT with it. @throws ProductionError */
function readUpserts({ table, reader, refuses }: Reading, upserts: readonly UpsertRow[]): ReadLine[] {
  const lines = upserts.map(({ line }) => reader.row(line));
  const refused = upserts.find((_, index) => refuses(table.name, objectOf(table, lines[index].line!)));
  if (refused === undefined) return lines;
  const message = `Cannot insert into "${table.name}_rows": the row of key ${refused.key} is refused`;
  throw new ProductionError(message, { retriable: false, reason: "content" });
}

/** A row's line as ClickHouse stores it (null for a tombstone), and what tells it from rows of other keys. */
interface ReadLine {
  readonly id: string;
  readonly line: string | null;
}

interface LineReader {
  /** @throws ProductionError for content that ClickHouse refuses */
  row(line: string): ReadLine;
  /** @throws ProductionError for a key that ClickHouse refuses */
  key(keyLine: string): ReadLine;
}

/** Rows are one row in ClickHouse when the key's columns as stored are equal, whatever Weir's keys are. */
function lineReader(table: TableSpec): LineReader {
  const stored = table.columns.map(storedValueOf);
  const places = table.key.map((name) => table.columns.findIndex((column) => column.name === name));
  return {
    row(line) {
      const read = readLine(table, line);
      if (read.length !== stored.length) throw refusedLine(table, line);
      const values = read.map((value, index) => stored[index](value));
      return { id: text(places.map((place) => values[place])), line: text(values) };
    },
    key(keyLine) {
      return { id: text(readLine(table, keyLine).map((value, index) => stored[places[index]](value))), line: null };
    },
  };
}

function readLine(table: TableSpec, line: string): unknown[] {
  try {
    return parsed(`${line}]`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refusedLine(table, line);
  }
}

function refusedLine({ name, columns }: TableSpec, line: string): ProductionError {
  const message = `Cannot insert into "${name}_rows": ${columns.length} values of JSON are expected, not ${line}]`;
  return new ProductionError(message, { retriable: false, reason: "content" });
}

function parsed(line: string): unknown[] {
  return JSON.parse(line, exactInteger as (key: string, value: unknown) => unknown);
}

/** JSON in which bigints are bare digits. */
function text(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  return Array.isArray(value) ? `[${value.map(text).join(",")}]` : JSON.stringify(value);
}

async function* chunks(
  rows: Map<string, Stored>,
  wanted: (row: Stored) => boolean,
): AsyncGenerator<readonly ShownRow[]> {
  await Promise.resolve();
  const shown = [...rows.values()].filter((row) => row.line !== null && wanted(row));
  if (shown.length > 0) yield shown.map(({ task, key, digest }) => ({ task, key, digest }));
}

function selected(table: TableSpec, rows: Map<string, Stored>): SelectedRow[] {
  const result = table.shares
    ? viewOf(table, rows).rows
    : [...rows.values()].filter((row) => row.line !== null).map((row) => objectOf(table, row.line!));
  const columns = Object.fromEntries(table.columns.map(({ name, type }) => [name, type]));
  return orderedByKey(result, { key: table.key, columns });
}

function viewOf(table: TableSpec, rows: Map<string, Stored>): MemoryView {
  const shares = [...rows.values()].filter((row) => row.line !== null);
  return memoryView(table, shares.map(({ key, line }) => ({ key, row: objectOf(table, line!) })));
}

function objectOf(table: TableSpec, line: string): SelectedRow {
  const values = parsed(line);
  return Object.fromEntries(table.columns.map((column, index) => [column.name, values[index]]));
}

/** Integers beyond 2^53 with all their digits, as bigints. */
function exactInteger(_key: string, value: unknown, { source }: { source: string }): unknown {
  return typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;
}
