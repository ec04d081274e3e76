import type {
  AppendRow,
  AppendRows,
  AppendTableSpec,
  DeleteRow,
  InputRange,
  ShownRow,
  TableSpec,
  UpsertRow,
  Warehouse,
} from "../../src/ports/warehouse.ts";
import { lineOf } from "../line_bytes.ts";

/**
 * What an adapter may lack, with what is not tested then:
 * `sql`: `query()`, views, changes by hand, columns of every type, tables of another shape.
 */
export type WarehouseFeature = "sql";

export interface OpenedWarehouse {
  readonly warehouse: Warehouse;
  /** Where the warehouse keeps its tables; nothing else is in it. */
  readonly database: string;
  /** Runs a statement as a person with all rights would; needed with the feature `sql`. */
  command?(sql: string): Promise<void>;
  close(): Promise<void>;
}

export type OpenWarehouse = () => Promise<OpenedWarehouse>;

/** Declares one case of a suite, which begins with an empty warehouse. */
export type Test = (sentence: string, run: (opened: OpenedWarehouse) => Promise<void>) => void;

/** Declares a test that works on an empty warehouse. */
export function warehouseTest(
  name: string,
  open: OpenWarehouse,
  run: (opened: OpenedWarehouse) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const opened = await open();
    try {
      await run(opened);
    } finally {
      await opened.close();
    }
  });
}

export const PLAIN: TableSpec = {
  name: "sales",
  columns: [{ name: "id", type: "Int64" }, { name: "amount", type: "Decimal(18, 2)" }, {
    name: "note",
    type: "Nullable(String)",
  }],
  key: ["id"],
  shares: false,
};

export const PARTIAL: TableSpec = {
  name: "revenue",
  columns: [
    { name: "seller", type: "String" },
    { name: "hour", type: "DateTime64(6)" },
    { name: "revenue", type: "Decimal(38, 2)" },
    { name: "units", type: "Int64" },
  ],
  key: ["seller", "hour"],
  shares: true,
  view: [
    { name: "revenue", type: "Decimal(38, 2)", kind: "sum", shares: { value: "revenue" }, scale: 0 },
    { name: "units", type: "Int16", kind: "sum", shares: { value: "units" }, scale: 0 },
    { name: "average", type: "Decimal(18, 2)", kind: "avg", shares: { value: "revenue", count: "units" }, scale: 2 },
  ],
};

type Version = Partial<Pick<UpsertRow, "task" | "epoch" | "seq" | "digest">>;

/** An upsert of the table {@link PLAIN}. */
export function sale(id: number, version: Version = {}, amount = "1.00"): UpsertRow {
  return {
    line: lineOf(`[${id},"${amount}",null`),
    task: "sales@0",
    key: String(id),
    digest: id + 1,
    epoch: 1,
    seq: 1,
    ...version,
  };
}

/** A tombstone of the table {@link PLAIN}. */
export function noSale(id: number, version: Version = {}): DeleteRow {
  return { keyLine: `[${id}`, task: "sales@0", key: String(id), epoch: 1, seq: 1, ...version };
}

/** All chunks of an answer, by task and key. */
export async function collect(chunks: AsyncIterable<readonly ShownRow[]>): Promise<ShownRow[]> {
  const rows: ShownRow[] = [];
  for await (const chunk of chunks) for (const row of chunk) rows.push(row);
  return rows.sort((a, b) => a.task < b.task ? -1 : a.task > b.task ? 1 : a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

/** `key:digest` of every row that one task shows. */
export async function shownBy(warehouse: Warehouse, table: TableSpec, task: string): Promise<string[]> {
  return (await collect(warehouse.shown(table, [task]))).map((row) => `${row.key}:${row.digest}`);
}

/** An append table of which nothing says in what order inputs come. */
export const EVENTS: AppendTableSpec = {
  name: "events",
  columns: [
    { name: "kind", type: "LowCardinality(String)" },
    { name: "at", type: "DateTime64(6)" },
    { name: "amount", type: "Nullable(Decimal(18, 2))" },
  ],
  orderBy: ["kind", "at"],
};

/** Inputs of partition 0 of one source. */
export function inputs(from: number, to: number): InputRange {
  return { source: "shop.events#a1", partition: 0, from, to };
}

/** A row of the table {@link EVENTS}, made of the input of that offset. */
export function event(offset: number, index = 0): AppendRow {
  return { line: lineOf(`["kind ${offset % 3}",${1_700_000_000_000_000 + offset},null`), offset, index };
}

/** Far beyond the time of any warehouse. */
const NO_DEADLINE_MS = Date.UTC(2200, 0, 1);

/** One row for each input of the range, under a token that names the range. */
export function appendOf(range: InputRange, change: Partial<AppendRows> = {}): AppendRows {
  const rows = Array.from({ length: range.to - range.from }, (_, at) => event(range.from + at));
  return {
    table: EVENTS,
    range,
    rows,
    token: `${range.source}-${range.partition}-${range.from}-${range.to}`,
    deadlineMs: NO_DEADLINE_MS,
    ...change,
  };
}

/** Offsets of the rows that are there. */
export async function offsetsOf(warehouse: Warehouse, range: InputRange): Promise<number[]> {
  return (await warehouse.appended(EVENTS, range)).map(({ offset }) => offset);
}
