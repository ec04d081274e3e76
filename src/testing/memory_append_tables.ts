import {
  APPEND_TOKENS,
  type AppendRows,
  type AppendTableSpec,
  type EnsureReport,
  type InputPlace,
  type InputRange,
  type KeptAppendsQuestion,
  type Warehouse,
} from "../ports/warehouse.ts";
import type { KeptAppend } from "../ports/kept_key.ts";
import { ProductionError } from "../record/errors.ts";
import { compareText } from "../record/text_order.ts";
import { wireEquals } from "../record/wire.ts";
import { type LineReader, lineReader, objectOf } from "./line_reader.ts";
import { orderedByKey, type SelectedRow } from "./selected_rows.ts";

interface Stored extends InputPlace {
  readonly source: string;
  readonly partition: number;
  readonly values: readonly unknown[];
}

interface AppendTable {
  readonly id: string;
  readonly spec: AppendTableSpec;
  readonly reader: LineReader;
  readonly rows: Stored[];
  /** Of the last inserts, the oldest first: when each was remembered. */
  readonly tokens: Map<string, number>;
}

/** What append tables in memory depend on. */
export interface MemoryAppendOptions {
  readonly refuses: (table: string, row: SelectedRow) => boolean;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
  /** A token is forgotten when it is older, milliseconds: whoever may still need it has promised not to. */
  readonly tokenMs: number;
}

/** The append tables of the in-memory warehouse. None has partitions. */
export class MemoryAppendTables {
  readonly #tables = new Map<string, AppendTable>();
  readonly #options: MemoryAppendOptions;
  #made = 0;

  constructor(options: MemoryAppendOptions) {
    this.#options = options;
  }

  /** What a warehouse offers of them. */
  port(): Pick<Warehouse, "ensureAppend" | "append" | "appended" | "keptAppends" | "lastAppended" | "nowMs"> & {
    forgetRows(rows: AppendRows): void;
  } {
    return {
      ensureAppend: (table) => Promise.resolve(this.#ensure(table)),
      // deno-lint-ignore require-await -- what it throws must become a rejection
      append: async (rows) => this.#append(rows),
      // deno-lint-ignore require-await
      appended: async (table, range) => this.#appended(table, range),
      // deno-lint-ignore require-await
      keptAppends: async (table, question) => this.#kept(table, question),
      // deno-lint-ignore require-await
      lastAppended: async ({ name }, { source, partition }) => {
        const own = this.#tableOf(name).rows.filter((row) => row.source === source && row.partition === partition);
        return own.length === 0 ? null : Math.max(...own.map(({ offset }) => offset));
      },
      // deno-lint-ignore require-await
      nowMs: async () => this.#options.nowMs(),
      forgetRows: ({ table, token }) => this.#remember(this.#tableOf(table.name), token),
    };
  }

  #ensure(spec: AppendTableSpec): EnsureReport {
    const before = this.#tables.get(spec.name);
    const { id, rows, tokens } = before ??
      { id: `append ${++this.#made}`, rows: [], tokens: new Map<string, number>() };
    const reader = lineReader({ ...spec, key: [] });
    this.#tables.set(spec.name, { id, spec, reader, rows, tokens });
    return { created: before === undefined, added: [] };
  }

  /** Null when there is no such table. */
  idOf(name: string): string | null {
    return this.#tables.get(name)?.id ?? null;
  }

  drop(name: string): void {
    this.#tables.delete(name);
  }

  #append({ table: { name }, range, rows, token, repeated, deadlineMs }: AppendRows): void {
    const table = this.#tableOf(name);
    const { refuses, nowMs } = this.#options;
    const { source, partition } = range;
    const read = rows.map(({ line, offset, index }): Stored => {
      const values = table.reader.row(line).values!;
      if (!refuses(name, objectOf(table.spec, values))) return { source, partition, offset, index, values };
      const message = `Cannot append to "${name}_rows": the row made of offset ${offset} is refused`;
      throw new ProductionError(message, { retriable: false, reason: "content" });
    });
    if (rows.length > 0 && nowMs() > deadlineMs) {
      const message = `Cannot append to "${name}_rows": the deadline was over`;
      throw new ProductionError(message, { retriable: false, reason: "late" });
    }
    this.#forget(table);
    if (!table.tokens.has(token)) table.rows.push(...read);
    else if (repeated) table.rows.push(...read.filter((row) => !table.rows.some((other) => isSamePlace(row, other))));
    if (rows.length > 0) this.#remember(table, token);
  }

  #appended({ name }: AppendTableSpec, range: InputRange): InputPlace[] {
    return this.#inRange(name, range).map(({ offset, index }) => ({ offset, index }));
  }

  #inRange(name: string, { source, partition, from, to }: InputRange): Stored[] {
    return this.#tableOf(name).rows
      .filter((row) => row.source === source && row.partition === partition && row.offset >= from && row.offset < to)
      .sort((a, b) => a.offset - b.offset || a.index - b.index);
  }

  #kept({ name }: AppendTableSpec, { range, expected, limit }: KeptAppendsQuestion): KeptAppend[] {
    const { spec, reader } = this.#tableOf(name);
    return this.#inRange(name, range).slice(0, limit).map(({ offset, index, values }) => {
      const line = expected.find((one) => one.offset === offset && one.index === index)?.line;
      const isExpected = line === undefined ? null : wireEquals(values, reader.row(line).values);
      return { offset, index, row: objectOf(spec, values), isExpected };
    });
  }

  /** What the view shows; null if there is no append table of this name. */
  select(name: string): SelectedRow[] | null {
    const table = this.#tables.get(name);
    if (table === undefined) return null;
    const { spec, rows } = table;
    const columns = Object.fromEntries(spec.columns.map((column) => [column.name, column.type]));
    return orderedByKey(rows.map(({ values }) => objectOf(spec, values)), { key: spec.orderBy, columns });
  }

  /** The rows in the order of the inputs that they were made of; none if there is no such table. */
  rowsOf(name: string): SelectedRow[] {
    const { spec, rows } = this.#tables.get(name) ?? { spec: null, rows: [] };
    const ordered = rows.toSorted((a, b) =>
      compareText(a.source, b.source) || a.partition - b.partition || a.offset - b.offset || a.index - b.index
    );
    return ordered.map(({ values }) => objectOf(spec!, values));
  }

  #remember(table: AppendTable, token: string): void {
    if (!table.tokens.has(token)) table.tokens.set(token, this.#options.nowMs());
    this.#forget(table);
  }

  #forget({ tokens }: AppendTable): void {
    const { nowMs, tokenMs } = this.#options;
    for (const [oldest, atMs] of tokens) {
      if (tokens.size <= APPEND_TOKENS && nowMs() - atMs <= tokenMs) return;
      tokens.delete(oldest);
    }
  }

  #tableOf(name: string): AppendTable {
    const table = this.#tables.get(name);
    if (table !== undefined) return table;
    throw new ProductionError(`Unknown table ${name}_rows`, { retriable: true, reason: "missing" });
  }
}

function isSamePlace(a: Stored, b: Stored): boolean {
  return a.offset === b.offset && a.index === b.index && a.partition === b.partition && a.source === b.source;
}
