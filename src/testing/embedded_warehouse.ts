import { BARE_INTEGERS, connect, type Connection } from "../adapters/clickhouse/connection.ts";
import { openClickHouse } from "../adapters/clickhouse/open_clickhouse.ts";
import { literal, quoted, rowsName } from "../adapters/clickhouse/table_sql.ts";
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from "../adapters/embedded_clickhouse/clickhouse.ts";
import type { SinkSpec } from "../dsl/sink.ts";
import type { Topology } from "../dsl/topology.ts";
import type { Warehouse } from "../ports/warehouse.ts";
import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import { parseJsonObject } from "../record/json_object.ts";
import type { TopologyTestDriverOptions } from "./driver_options.ts";
import type { SelectedRow } from "./selected_rows.ts";
import type { StepClock } from "./quiescence.ts";
import { openMemoryWarehouse, type Tampering, type TestWarehouse } from "./test_warehouse.ts";

/** How many databases were made in this process: each driver has one of its own, also on a server that is shared. */
let databases = 0;

/** What of the embedded ClickHouse a driver looks at. */
interface EmbeddedOptions {
  readonly clock: StepClock;
  /** Whose sinks it has. Another one may take its place. */
  readonly topology: () => Topology;
}

/** The warehouse that a driver's options ask for. */
export function openWarehouse(
  { warehouse = "memory", refuses }: Pick<TopologyTestDriverOptions, "warehouse" | "refuses">,
  options: EmbeddedOptions,
): Promise<TestWarehouse> {
  if (warehouse === "memory") return Promise.resolve(openMemoryWarehouse(options.clock, refuses));
  return openEmbeddedWarehouse(warehouse === "embedded" ? null : warehouse, options);
}

/**
 * The embedded ClickHouse as a driver's warehouse. What it shows is read at every rest, since a driver's `select` does
 * not wait. A server that is not given is started, and ended with the warehouse.
 */
export async function openEmbeddedWarehouse(
  shared: EmbeddedClickHouse | null,
  { clock, topology }: EmbeddedOptions,
): Promise<TestWarehouse> {
  const directory = shared === null ? await Deno.makeTempDir({ prefix: "weir-test-" }) : null;
  const server = shared ?? await startEmbeddedClickHouse({ path: directory! });
  const database = `weir_test_${++databases}`;
  const clickhouse = openClickHouse({ url: server.url, database });
  const connection = connect({ url: server.url, database }, database);
  const tables = new Set<string>();
  const shown = new Map<string, SelectedRow[]>();
  const appended = new Map<string, SelectedRow[]>();
  let writes = 0;

  return {
    warehouse: observed(clickhouse, {
      clock,
      onTable: (table) => tables.add(table),
      onRows: (rows) => writes += rows,
    }),
    async rest() {
      const { nodes, streams } = topology();
      for (const sink of nodes.flatMap((node) => node.op === "sink" && !node.sink.output ? [node.sink] : [])) {
        if (tables.has(sink.name)) shown.set(sink.name, await clock.outside(selected(connection, sink)));
      }
      for (const { name, columns } of streams.flatMap((node) => node.op === "append" ? [node.sink] : [])) {
        if (!tables.has(name)) continue;
        const from = { name: `${name}_rows`, columns, order: "_source, _partition, _offset, _index" };
        appended.set(name, await clock.outside(selected(connection, from)));
      }
    },
    select: (table) => shown.get(table) ?? [],
    appended: (table) => appended.get(table) ?? [],
    writes: () => writes,
    tamper: (tampering) => tampered(connection, tampering),
    async close() {
      await clickhouse.close();
      if (shared !== null) await connection.command("drop the test's database", `DROP DATABASE IF EXISTS ${database}`);
      await connection.close();
      if (shared === null) await server.close();
      if (directory !== null) await Deno.remove(directory, { recursive: true });
    },
  };
}

interface Observers {
  readonly clock: StepClock;
  readonly onTable: (name: string) => void;
  /** So many rows were taken. */
  readonly onRows: (rows: number) => void;
}

/** The warehouse, whose every answer the clock waits for. */
function observed(warehouse: Warehouse, { clock, onTable, onRows }: Observers): Warehouse {
  return {
    async ensure(table) {
      const report = await clock.outside(warehouse.ensure(table));
      onTable(table.name);
      return report;
    },
    present: (tables) => clock.outside(warehouse.present(tables)),
    async insert(batch) {
      await clock.outside(warehouse.insert(batch));
      onRows(batch.upserts.length + batch.deletes.length);
    },
    shown: (table, tasks) => observedChunks(warehouse.shown(table, tasks), clock),
    summed: (table, watermarks) => clock.outside(warehouse.summed(table, watermarks)),
    newer: (table, watermarks) => observedChunks(warehouse.newer(table, watermarks), clock),
    orphans: (table, tasks) => observedChunks(warehouse.orphans(table, tasks), clock),
    greatestEpochs: (table, tasks) => clock.outside(warehouse.greatestEpochs(table, tasks)),
    setAside: (table, limit) => clock.outside(warehouse.setAside(table, limit)),
    kept: (table, keyLine) => clock.outside(warehouse.kept(table, keyLine)),
    async ensureAppend(table) {
      const report = await clock.outside(warehouse.ensureAppend(table));
      onTable(table.name);
      return report;
    },
    async append(rows) {
      // The driver's clock is the table's, too: ClickHouse is told how much time is left.
      const deadlineMs = Date.now() + rows.deadlineMs - clock.nowMs();
      await clock.outside(warehouse.append({ ...rows, deadlineMs }));
      onRows(rows.rows.length);
    },
    appended: (table, range) => clock.outside(warehouse.appended(table, range)),
    keptAppends: (table, question) => clock.outside(warehouse.keptAppends(table, question)),
    lastAppended: (table, of) => clock.outside(warehouse.lastAppended(table, of)),
    nowMs: () => Promise.resolve(clock.nowMs()),
    query: (sql) => clock.outside(warehouse.query(sql)),
    ping: () => clock.outside(warehouse.ping()),
    close: () => warehouse.close(),
  };
}

async function* observedChunks<T>(chunks: AsyncIterable<T>, clock: StepClock): AsyncIterable<T> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await clock.outside(iterator.next());
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function selected(
  connection: Connection,
  { name, columns, order }: Pick<SinkSpec, "name" | "columns"> & { readonly order?: string },
): Promise<SelectedRow[]> {
  const types = Object.entries(columns).map(([column, type]) => [column, parseClickHouseType(type)] as const);
  const list = types.map(([column, type]) => expression(quoted(column), type));
  const ordered = order === undefined ? "" : ` ORDER BY ${order}`;
  const sql = `SELECT ${list.join(", ")} FROM ${quoted(name)}${ordered} FORMAT JSONCompactEachRow`;
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of connection.bytes(`read "${name}"`, sql, { settings: BARE_INTEGERS })) {
    text += decoder.decode(bytes, { stream: true });
  }
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const values = parseJsonObject(line) as unknown[];
    return Object.fromEntries(types.map(([column, type], index) => [column, selectedValue(values[index], type)]));
  });
}

/** The column as {@link SelectedRow} has it, or so that {@link selectedValue} can make that of it. */
function expression(column: string, type: ClickHouseType): string {
  switch (type.name) {
    case "DateTime":
      return `toInt64(toUnixTimestamp(${column})) * 1000000`;
    case "DateTime64":
      return `toUnixTimestamp64Micro(${column})`;
    case "JSON":
      return `toString(${column})`;
    case "Array":
      return `arrayMap(x -> ${expression("x", type.element)}, ${column})`;
    case "Map": {
      const pairs = `CAST(${column} AS Array(Tuple(${type.key.text}, ${type.value.text})))`;
      return `arrayMap(x -> (toString(x.1), ${expression("x.2", type.value)}), ${pairs})`;
    }
    case "Tuple":
      return `tuple(${type.elements.map((part, index) => expression(`${column}.${index + 1}`, part)).join(", ")})`;
    case "Int":
    case "UInt":
      return type.bits > 64 ? `toString(${column})` : column;
    default:
      return column;
  }
}

function selectedValue(value: unknown, type: ClickHouseType): unknown {
  if (value === null) return null;
  switch (type.name) {
    case "Array":
      return (value as unknown[]).map((element) => selectedValue(element, type.element));
    case "Map":
      return Object.fromEntries(
        (value as [string, unknown][]).map(([key, element]) => [key, selectedValue(element, type.value)]),
      );
    case "Tuple": {
      const elements = type.elements.map((element, index) => selectedValue((value as unknown[])[index], element));
      return type.names === null ? elements : Object.fromEntries(type.names.map((name, at) => [name, elements[at]]));
    }
    case "JSON":
      return parseJsonObject(String(value));
    case "Float":
      return Number(value);
    case "Int":
    case "UInt": {
      const integer = BigInt(value as string | number | bigint);
      return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
    }
    default:
      return value;
  }
}

/** Changes the newest rows where they lie, without a new version. */
async function tampered(connection: Connection, { table, where, change }: Tampering): Promise<number> {
  const rows = quoted(rowsName(table));
  const conditions = Object.entries(where).map(([column, value]) =>
    `toString(${quoted(column)}) = ${literal(String(value))}`
  );
  const filter = ["_deleted = 0", ...conditions].join(" AND ");
  const counted = await connection.select("count rows", `SELECT count() AS n FROM ${rows} FINAL WHERE ${filter}`);
  const sets = Object.entries(change ?? {}).map(([column, value]) => {
    const { type } = table.columns.find(({ name }) => name === column)!;
    return `${quoted(column)} = CAST(${literal(String(value))} AS ${type})`;
  });
  const action = change === null ? `DELETE WHERE ${filter}` : `UPDATE ${sets.join(", ")} WHERE ${filter}`;
  await connection.command("tamper with rows", `ALTER TABLE ${rows} ${action} SETTINGS mutations_sync = 1`);
  return Number(counted[0].n);
}
