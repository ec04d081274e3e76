import type {
  AppendRows,
  DeleteRow,
  EnsureReport,
  InsertBatch,
  NewerRow,
  RowSum,
  ShownRow,
  TableSpec,
  UpsertRow,
  Warehouse,
  Watermark,
} from "../ports/warehouse.ts";
import type { KeptKey } from "../ports/kept_key.ts";
import { ProductionError } from "../record/errors.ts";
import { type LineReader, lineReader, objectOf, type ReadLine } from "./line_reader.ts";
import { type MemoryAppendOptions, MemoryAppendTables } from "./memory_append_tables.ts";
import { type MemoryView, memoryView } from "./memory_view.ts";
import { orderedByKey, type SelectedRow } from "./selected_rows.ts";

interface Stored {
  readonly task: string;
  readonly key: string;
  /** As it was inserted. */
  readonly digest: number;
  /** Changed by hand since. */
  readonly altered?: true;
  readonly epoch: number;
  readonly seq: number;
  /** Values of the declared columns, in their order; null for a tombstone. */
  readonly values: readonly unknown[] | null;
}

/** A table and what it holds. */
interface Table {
  readonly id: string;
  readonly spec: TableSpec;
  readonly reader: LineReader;
  /** By what makes ClickHouse take rows for one row. */
  readonly rows: Map<string, Stored>;
}

const NO_SQL = "The in-memory warehouse has no SQL. Use select(table)";

/** A warehouse without ClickHouse: the newest version per key, in memory. It has no SQL. */
export interface MemoryWarehouse extends Warehouse {
  /** What `SELECT * FROM <table>` shows, ordered by key, or as an append table is. */
  select(table: string): SelectedRow[];
  /** Rows of an append table in the order of the inputs that they were made of. */
  appendedRows(table: string): SelectedRow[];
  /** Names of the tables. */
  readonly tables: () => string[];
  /** Rows stored for a table, tombstones included. */
  readonly stored: (table: string) => IterableIterator<Stored>;
  /** Upserts and tombstones taken so far. */
  readonly writes: () => number;
  /** As a ClickHouse that ends in the middle of {@link Warehouse.append}: the token is known, and no row is there. */
  forgetRows(rows: AppendRows): void;
  /** Drops a table with all that it holds, behind the runtime's back. */
  drop(table: string): void;
  /** Changes or (null) removes what is shown of a key behind the runtime's back. `values`: of all declared columns. */
  tamper(row: { readonly table: string; readonly key: string }, values: readonly unknown[] | null): void;
}

/** Whether a row of a sink has a content that is refused. */
export type RefuseRow = (sink: string, row: SelectedRow) => boolean;

/** What time it has, the machine's if absent, and how long it remembers tokens at most. */
type MemoryTime = Partial<Pick<MemoryAppendOptions, "nowMs" | "tokenMs">>;

/** Opens an empty in-memory warehouse. `refuses`: rows that it does not take, and neither the rest of their batch. */
export function createMemoryWarehouse(refuses: RefuseRow = () => false, time: MemoryTime = {}): MemoryWarehouse {
  const tables = new Map<string, Table>();
  const appendTables = new MemoryAppendTables({ nowMs: Date.now, tokenMs: Infinity, ...time, refuses });
  let writes = 0;
  let made = 0;
  const tableOf = (name: string): Table => {
    const table = tables.get(name);
    if (table !== undefined) return table;
    throw new ProductionError(`Unknown table ${name}_rows`, { retriable: true, reason: "missing" });
  };
  const store = ({ spec, rows }: Table, { row, read }: { row: UpsertRow | DeleteRow; read: ReadLine }) => {
    const id = spec.shares ? `${row.task} ${read.id}` : read.id;
    const was = rows.get(id);
    writes++;
    if (was !== undefined && (was.epoch > row.epoch || (was.epoch === row.epoch && was.seq > row.seq))) return;
    const { task, key, epoch, seq } = row;
    rows.set(id, { task, key, digest: "line" in row ? row.digest : 0, epoch, seq, values: read.values });
  };
  return {
    ensure(table): Promise<EnsureReport> {
      const { id, rows } = tables.get(table.name) ?? {};
      const kept = { id: id ?? String(++made), rows: rows ?? new Map() };
      tables.set(table.name, { spec: table, reader: lineReader(table), ...kept });
      return Promise.resolve({ created: rows === undefined, added: [] });
    },
    present(asked) {
      const idOf = (name: string) => tables.get(name)?.id ?? appendTables.idOf(name);
      const look = ({ name }: Pick<TableSpec, "name">) => ({ id: idOf(name), view: idOf(name) !== null });
      return Promise.resolve(new Map(asked.map((table) => [table.name, look(table)])));
    },
    // deno-lint-ignore require-await -- what it throws must become a rejection
    async insert({ table: { name }, upserts, deletes }: InsertBatch) {
      const table = tableOf(name);
      const lines = readUpserts(table, { upserts, refuses });
      upserts.forEach((row, index) => store(table, { row, read: lines[index] }));
      for (const row of deletes) store(table, { row, read: table.reader.key(row.keyLine) });
    },
    shown: ({ name }, tasks) => chunks(tableOf(name), (row) => tasks.includes(row.task)),
    // deno-lint-ignore require-await -- what it throws must become a rejection
    summed: async ({ name }, watermarks) => summed(tableOf(name), watermarks),
    newer: ({ name }, watermarks) => newerRows(tableOf(name), watermarks),
    orphans: ({ name }, tasks) => chunks(tableOf(name), (row) => !tasks.includes(row.task)),
    greatestEpochs({ name }, tasks) {
      const greatest = new Map(tasks.map((task) => [task, 0]));
      for (const row of tableOf(name).rows.values()) {
        if (greatest.has(row.task)) greatest.set(row.task, Math.max(greatest.get(row.task)!, row.epoch));
      }
      return Promise.resolve(greatest);
    },
    setAside({ name }, limit) {
      const { setAside } = viewOf(tableOf(name));
      return Promise.resolve({ count: setAside.length, groups: setAside.slice(0, limit) });
    },
    kept: ({ name }, keyLine) => Promise.try(() => keptOf(tableOf(name), keyLine)),
    ...appendTables.port(),
    query: () => Promise.reject(new ProductionError(NO_SQL, { retriable: false })),
    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
    select: (name) => appendTables.select(name) ?? selected(tableOf(name)),
    appendedRows: (name) => appendTables.rowsOf(name),
    tables: () => [...tables.keys()],
    stored: (name) => tableOf(name).rows.values(),
    writes: () => writes,
    drop(name) {
      tables.delete(name);
      appendTables.drop(name);
    },
    tamper: ({ table, key }, values) => tamper(tableOf(table), { key, values }),
  };
}

function tamper(
  { rows }: Table,
  { key, values }: { readonly key: string; readonly values: readonly unknown[] | null },
): void {
  for (const [id, row] of [...rows]) {
    if (row.key !== key) continue;
    if (values === null) rows.delete(id);
    else rows.set(id, { ...row, values, altered: true });
  }
}

/** All of a batch, before any of it is stored: a refused row takes its INSERT with it. @throws ProductionError */
function readUpserts(
  { spec, reader }: Table,
  { upserts, refuses }: { readonly upserts: readonly UpsertRow[]; readonly refuses: RefuseRow },
): ReadLine[] {
  const lines = upserts.map(({ line }) => reader.row(line));
  const refused = upserts.find((_, index) => refuses(spec.name, objectOf(spec, lines[index].values!)));
  if (refused === undefined) return lines;
  const message = `Cannot insert into "${spec.name}_rows": the row of key ${refused.key} is refused`;
  throw new ProductionError(message, { retriable: false, reason: "content" });
}

async function* chunks(
  { rows }: Table,
  wanted: (row: Stored) => boolean,
): AsyncGenerator<readonly ShownRow[]> {
  await Promise.resolve();
  const shown = [...rows.values()].filter((row) => row.values !== null && wanted(row));
  if (shown.length > 0) {
    yield shown.map(({ task, key, digest, altered }) => ({ task, key, digest: altered ? -1 : digest }));
  }
}

/** Rows of these tasks, and whether each lies above its task's watermark. */
function* divided(
  { rows }: Table,
  watermarks: readonly Watermark[],
): Generator<{ readonly row: Stored; readonly newer: boolean }> {
  const marks = new Map(watermarks.map((mark) => [mark.task, mark]));
  for (const row of rows.values()) {
    const mark = marks.get(row.task);
    if (mark === undefined) continue;
    yield { row, newer: row.epoch > mark.epoch || (row.epoch === mark.epoch && row.seq > mark.seq) };
  }
}

function summed(table: Table, watermarks: readonly Watermark[]): Map<string, RowSum> {
  const sums = new Map(watermarks.map(({ task }) => [task, { rows: 0, digests: 0n }]));
  for (const { row, newer } of divided(table, watermarks)) {
    if (newer || row.values === null) continue;
    const { rows, digests } = sums.get(row.task)!;
    sums.set(row.task, { rows: rows + 1, digests: digests + BigInt(row.digest) });
  }
  return sums;
}

async function* newerRows(table: Table, watermarks: readonly Watermark[]): AsyncGenerator<readonly NewerRow[]> {
  await Promise.resolve();
  const rows = [...divided(table, watermarks)].flatMap(({ row: { task, key, digest, values }, newer }) =>
    newer ? [{ task, key, digest: values === null ? null : digest }] : []
  );
  if (rows.length > 0) yield rows;
}

function keptOf(table: Table, keyLine: string): KeptKey {
  const { id } = table.reader.key(keyLine);
  const rows = new Map([...table.rows].filter(([at, { task }]) => at === (table.spec.shares ? `${task} ${id}` : id)));
  return {
    rows: [...rows.values()].sort((a, b) => a.task < b.task ? -1 : 1).map((row) => ({
      ...{ task: row.task, epoch: row.epoch, seq: row.seq },
      digest: row.values === null ? null : row.altered ? -1 : row.digest,
    })),
    shown: selected({ ...table, rows })[0] ?? null,
  };
}

function selected(table: Table): SelectedRow[] {
  const { spec } = table;
  const rows = spec.shares ? viewOf(table).rows : liveOf(table).map(({ values }) => objectOf(spec, values));
  const columns = Object.fromEntries(spec.columns.map(({ name, type }) => [name, type]));
  return orderedByKey(rows, { key: spec.key, columns });
}

function viewOf(table: Table): MemoryView {
  return memoryView(table.spec, liveOf(table).map(({ key, values }) => ({ key, row: objectOf(table.spec, values) })));
}

/** Rows that are no tombstones. */
function liveOf({ rows }: Table): { readonly key: string; readonly values: readonly unknown[] }[] {
  return [...rows.values()].flatMap(({ key, values }) => values === null ? [] : [{ key, values }]);
}
