import type {
  DeleteRow,
  EnsureReport,
  InsertBatch,
  ShownRow,
  TableSpec,
  UpsertRow,
  Warehouse,
} from "../ports/warehouse.ts";
import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import { Decimal } from "../record/decimal.ts";
import { ProductionError } from "../record/errors.ts";
import { compareText } from "../record/text_order.ts";
import { type MemoryView, memoryView } from "./memory_view.ts";

interface Stored {
  readonly task: string;
  readonly key: string;
  readonly digest: number;
  readonly epoch: number;
  readonly seq: number;
  /** JSON array of the declared columns; null for a tombstone. */
  readonly line: string | null;
}

/** A row as a SELECT on the view would show it: values as JSON, decimals as text, integers beyond 2^53 as bigints. */
export type SelectedRow = Readonly<Record<string, unknown>>;

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

/** Opens an empty in-memory warehouse. */
export function createMemoryWarehouse(): MemoryWarehouse {
  const specs = new Map<string, TableSpec>();
  const tables = new Map<string, Map<string, Stored>>();
  let writes = 0;
  const rowsOf = (name: string): Map<string, Stored> => {
    const rows = tables.get(name);
    if (rows === undefined) throw new ProductionError(`Unknown table ${name}_rows`, { retriable: false });
    return rows;
  };
  const idOf = (table: TableSpec, row: { task: string; key: string }) =>
    table.shares ? `${row.task} ${row.key}` : row.key;
  const store = (table: TableSpec, row: UpsertRow | DeleteRow) => {
    const rows = rowsOf(table.name);
    const id = idOf(table, row);
    const was = rows.get(id);
    writes++;
    if (was !== undefined && (was.epoch > row.epoch || (was.epoch === row.epoch && was.seq > row.seq))) return;
    const { task, key, epoch, seq } = row;
    const digest = "line" in row ? row.digest : 0;
    rows.set(id, { task, key, digest, epoch, seq, line: "line" in row ? `${row.line}]` : null });
  };
  return {
    ensure(table): Promise<EnsureReport> {
      const created = !tables.has(table.name);
      specs.set(table.name, table);
      if (created) tables.set(table.name, new Map());
      return Promise.resolve({ created, added: [] });
    },
    insert(batch: InsertBatch) {
      for (const row of batch.upserts) store(batch.table, row);
      for (const row of batch.deletes) store(batch.table, row);
      return Promise.resolve();
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
    ? [...viewOf(table, rows).rows]
    : [...rows.values()].filter((row) => row.line !== null).map((row) => objectOf(table, row.line!));
  const compares = table.key.map((column) =>
    [column, comparison(parseClickHouseType(table.columns.find(({ name }) => name === column)!.type))] as const
  );
  return result.sort((a, b) => {
    for (const [column, compare] of compares) {
      const order = compareCells(a[column], b[column], compare);
      if (order !== 0) return order;
    }
    return 0;
  });
}

function viewOf(table: TableSpec, rows: Map<string, Stored>): MemoryView {
  const shares = [...rows.values()].filter((row) => row.line !== null);
  return memoryView(table, shares.map(({ key, line }) => ({ key, row: objectOf(table, line!) })));
}

function objectOf(table: TableSpec, line: string): SelectedRow {
  const values = JSON.parse(line, exactInteger as (key: string, value: unknown) => unknown) as unknown[];
  return Object.fromEntries(table.columns.map((column, index) => [column.name, values[index]]));
}

/** Integers beyond 2^53 with all their digits, as bigints. */
function exactInteger(_key: string, value: unknown, { source }: { source: string }): unknown {
  return typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** Order of two cells of a column, neither of them null. */
type CellOrder = (a: unknown, b: unknown) => number;

/** Nulls come last, as in ClickHouse. */
function compareCells(a: unknown, b: unknown, compare: CellOrder): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return compare(a, b);
}

/** The order of a column's type: decimals, which are texts here, by value, and texts by code point. */
function comparison({ name }: ClickHouseType): CellOrder {
  if (name === "Decimal") return (a, b) => Decimal.parse(String(a)).compare(Decimal.parse(String(b)));
  return (a, b) =>
    typeof a === "string" && typeof b === "string"
      ? compareText(a, b)
      : (a as number) < (b as number)
      ? -1
      : (a as number) > (b as number)
      ? 1
      : 0;
}
