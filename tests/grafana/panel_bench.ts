/**
 * Times every ClickHouse query of the Sales dashboard over ten million sales on the embedded ClickHouse, for one month
 * and for all time: `deno run -A tests/grafana/panel_bench.ts [sales]`. Ends with status 1 when a panel takes longer
 * than it may. The clock decides; the processor time beside it tells whether a slow panel is slow or the machine is
 * busy.
 */
import { openClickHouse } from "../../src/adapters/clickhouse/open_clickhouse.ts";
import { startEmbeddedClickHouse } from "../../src/adapters/embedded_clickhouse/clickhouse.ts";
import { expandSql, intervalOf, type QueryContext } from "../../tools/dashboards/expand.ts";
import { sales as dashboard } from "../../tools/dashboards/sales.ts";
import { cpuSecondsOf } from "../bench/usage.ts";
import { fillSales, FIRST_MS, LAST_MS } from "./fill_sales.ts";
import { panelsOf } from "./support.ts";

/** Seconds that a panel may take. */
const LIMITS = { month: 1, all: 3 } as const;
const REPETITIONS = 3;
const MONTH_MS = 30 * 86_400_000;

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rows: number;
}

const rows = Number(Deno.args[0] ?? 10_000_000);
const directory = await Deno.makeTempDir({ prefix: "weir-panels-" });
const clickhouse = await startEmbeddedClickHouse({ path: directory });
const warehouse = openClickHouse({ url: clickhouse.url, database: "online_store" });
let slow = 0;
try {
  const startMs = performance.now();
  await fillSales({ warehouse, url: clickhouse.url, database: "online_store", rows });
  const [{ parts, stored, size }] = await warehouse.query(
    "SELECT count() AS parts, sum(rows) AS stored, formatReadableSize(sum(bytes_on_disk)) AS size FROM system.parts " +
      "WHERE active AND database = 'online_store' AND table = 'sales_rows'",
  );
  const took = ((performance.now() - startMs) / 1000).toFixed(0);
  console.log(
    `sales_rows: ${stored} rows in ${parts} parts, ${size}, filled in ${took} s. Load ${Deno.loadavg()[0].toFixed(1)}`,
  );
  console.log(`${"".padEnd(34)}${"one month".padStart(20)}${"all".padStart(20)}   (seconds, processor seconds)`);
  for (const panel of panelsOf(dashboard)) {
    const [target] = panel.targets;
    if (!("rawSql" in target)) continue;
    const cells: string[] = [];
    for (const range of ["month", "all"] as const) {
      const fromMs = range === "month" ? LAST_MS - MONTH_MS : FIRST_MS;
      const bounds = { fromMs, toMs: LAST_MS };
      const context: QueryContext = { ...bounds, intervalMs: intervalOf(panel, bounds), variables: everything() };
      const { seconds, cpuSeconds } = await best(expandSql(target.rawSql, context));
      const late = seconds > LIMITS[range];
      if (late) slow++;
      cells.push(
        `${late ? "SLOW " : ""}${seconds.toFixed(2)} ${`(${cpuSeconds.toFixed(2)})`.padStart(8)}`.padStart(20),
      );
    }
    console.log(panel.title.padEnd(34) + cells.join(""));
  }
} finally {
  await warehouse.close();
  await clickhouse.close();
  await Deno.remove(directory, { recursive: true });
}
console.log(
  `${slow} panels slower than ${LIMITS.month} s for one month or ${LIMITS.all} s for all. Load ${
    Deno.loadavg()[0].toFixed(1)
  }`,
);
if (slow > 0) Deno.exit(1);

function everything(): QueryContext["variables"] {
  return Object.fromEntries(dashboard.templating.list.map(({ name }) => [name, { value: "all", options: [] }]));
}

/** The fastest of a few runs: what others on this machine do must not count. */
async function best(sql: string): Promise<Measured> {
  let fastest: Measured | null = null;
  for (let run = 0; run < REPETITIONS; run++) {
    const cpuBefore = cpuSecondsOf(clickhouse.pid);
    const startMs = performance.now();
    const answer = await warehouse.query(sql);
    const seconds = (performance.now() - startMs) / 1000;
    const measured = { seconds, cpuSeconds: cpuSecondsOf(clickhouse.pid) - cpuBefore, rows: answer.length };
    if (answer.length === 0) throw new RangeError(`A panel is empty, so its time means nothing: ${sql}`);
    if (fastest === null || seconds < fastest.seconds) fastest = measured;
  }
  return fastest!;
}
