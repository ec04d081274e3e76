import type { DeleteRow, ShownRow, TableSpec, UpsertRow, Warehouse } from "../../src/ports/warehouse.ts";
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
