import { connect } from "../../src/adapters/clickhouse/connection.ts";
import { openClickHouse } from "../../src/adapters/clickhouse/open_clickhouse.ts";
import { qualified } from "../../src/adapters/clickhouse/table_sql.ts";
import { countTombstones, removeTombstones } from "../../src/adapters/clickhouse/tombstones.ts";
import type { TableSpec } from "../../src/ports/warehouse.ts";
import type { Place } from "./places.ts";
import { type Measured, percentile } from "./report.ts";

const DATABASE = "bench";
const CHURN: TableSpec = {
  name: "churn",
  columns: [{ name: "id", type: "Int64" }, { name: "amount", type: "Decimal(18, 2)" }, {
    name: "note",
    type: "String",
  }],
  key: ["id"],
  shares: false,
};
const ROWS = qualified(DATABASE, "churn_rows");
const TASKS = 12;
/** Rows of one INSERT, as a topology under load sends them. */
const BATCH_ROWS = 20_000;
const REPEATS = 5;

export interface ChurnSize {
  /** Rows that are shown, at every moment. */
  readonly live: number;
  /** Of four changes one inserts a new row, one deletes the oldest, two update a row. */
  readonly changes: number;
}

/** What queries cost on a table whose rows come and go, before and after deleted rows are removed for good. */
export async function benchChurn({ clickhouseUrl: url }: Place, { live, changes }: ChurnSize): Promise<Measured[]> {
  const warehouse = openClickHouse({ url, database: DATABASE });
  const connection = connect({ url, database: DATABASE, requestTimeoutMs: 3_600_000 });
  const target = { connection, database: DATABASE };
  const measured: Measured[] = [];

  const seconds = async (action: () => Promise<unknown>): Promise<number> => {
    const startMs = performance.now();
    await action();
    return (performance.now() - startMs) / 1000;
  };
  const median = async (action: () => Promise<unknown>): Promise<string> => {
    const times: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) times.push(await seconds(action));
    return percentile(times, 0.5).toFixed(3);
  };
  const tasks = Array.from({ length: TASKS }, (_, task) => `churn-${task}`);
  const readBack = async (): Promise<void> => {
    for await (const _ of warehouse.shown(CHURN, tasks));
  };
  const measure = async (name: string, before: Readonly<Record<string, string | number>> = {}): Promise<void> => {
    const [{ rows, tombstones }] = await countTombstones(target);
    const [{ shown }] = await connection.select("count", `SELECT count() AS shown FROM ${DATABASE}.churn`);
    if (Number(shown) !== live) throw new RangeError(`Cannot measure ${live} rows: current value is ${shown}`);
    measured.push({
      name,
      figures: {
        ...before,
        "stored rows": rows,
        "deleted ones": tombstones,
        "s for the sum of all rows": await median(() =>
          connection.select("add up", `SELECT sum(amount) AS amount FROM ${DATABASE}.churn`)
        ),
        "s for one row": await median(() =>
          connection.select("look up", `SELECT amount FROM ${DATABASE}.churn WHERE id = ${Math.floor(changes / 4) + 7}`)
        ),
        "s to read back what is shown": await median(readBack),
      },
    });
  };

  try {
    await warehouse.ensure(CHURN);
    await connection.command("fill", insertSql({ first: 0, rows: live, change: "number", deleted: "0" }));
    await measure(`${live} rows, never changed`);
    const churned = await seconds(async () => {
      for (let first = 0; first < changes; first += BATCH_ROWS) {
        const rows = Math.min(BATCH_ROWS, changes - first);
        await connection.command(
          "change",
          insertSql({ first, rows, change: changeOf(live), deleted: "number % 4 = 1" }),
        );
      }
    });
    await measure(`the same after ${changes} changes`, { "s for the changes": churned.toFixed(1) });
    const merged = await seconds(() => connection.command("merge", `OPTIMIZE TABLE ${ROWS} FINAL`));
    await measure("after every merge that ClickHouse can do by itself", { "s for the merge": merged.toFixed(1) });
    const removed = await seconds(() => removeTombstones(target, "churn_rows"));
    await measure("after deno task cleanup", { "s for the cleanup": removed.toFixed(1) });
    return measured;
  } finally {
    await connection.close();
    await warehouse.close();
  }
}

/** Key of change `number`: new ones follow the first `live`, the oldest is deleted, any between them is updated. */
function changeOf(live: number): string {
  const oldest = "intDiv(number, 4)";
  const between = `${oldest} + 1 + cityHash64(number) % ${live - 1}`;
  return `multiIf(number % 4 = 0, ${live} + ${oldest}, number % 4 = 1, ${oldest}, ${between})`;
}

function insertSql(
  { first, rows, change, deleted }: { first: number; rows: number; change: string; deleted: string },
): string {
  const columns = "id, amount, note, _task, _key, _digest, _epoch, _seq, _deleted";
  return `INSERT INTO ${ROWS} (${columns}) SELECT toInt64(${change}) AS id, number % 1000, 'a note of some length', ` +
    `concat('churn-', toString(id % ${TASKS})), toString(id), 1, ${change === "number" ? 1 : 2}, number, ${deleted} ` +
    `FROM numbers(${first}, ${rows})`;
}
