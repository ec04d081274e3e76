import { connect } from "../adapters/clickhouse/connection.ts";
import { countTombstones, removeTombstones, type StoredRows } from "../adapters/clickhouse/tombstones.ts";
import { withClickHouse } from "./clickhouse_client.ts";
import { command, flag, value } from "./command.ts";
import { configurationOf, dataOption } from "./data_option.ts";
import { grouped } from "./numbers.ts";
import { readInteger } from "./option_values.ts";
import { textTable } from "./text_table.ts";

const PERCENT_DEFAULT = 20;
/** ClickHouse says nothing until the table is merged. */
const SILENCE_MS = 86_400_000;

/** Removes deleted rows from ClickHouse for good. */
export const cleanupCommand = command({
  name: "cleanup",
  operands: "",
  operandCount: [0, 0],
  options: {
    percent: value({
      placeholder: "N",
      expected: "a whole number from 1 to 100",
      help: `Tables of whose stored rows at least N % are deleted ones (default ${PERCENT_DEFAULT}).`,
      read: readInteger(1, 100),
    }),
    "dry-run": flag("Only shows what is stored."),
    data: dataOption,
  },
  description: [
    "Removes deleted rows from Weir's tables in ClickHouse for good. ClickHouse keeps the mark of every deleted row,",
    "so that no older version of it comes back; where many rows come and go the marks make queries slow. Each table is",
    "read and written once, beside whatever else is going on. Not while a new version is rolled out: a row that an",
    "instance sent before its end and that arrives later is shown until the next comparison, at most ten minutes.",
  ].join("\n"),
  examples: ["deno task cleanup --dry-run", "deno task cleanup --percent 10"],
  run: async ({ options }) => {
    const configuration = configurationOf(options);
    const access = options["dry-run"] ? "reader" : "writer";
    await withClickHouse({ configuration, access }, async ({ options: clickhouse }) => {
      const connection = connect({ ...clickhouse, requestTimeoutMs: SILENCE_MS });
      try {
        const { database, cluster } = clickhouse;
        const target = { connection, database, cluster };
        const before = await countTombstones(target);
        const due = before.filter((table) => percentOf(table) >= (options.percent ?? PERCENT_DEFAULT));
        if (!options["dry-run"]) { for (const { name } of due) await removeTombstones(target, name); }
        const after = options["dry-run"] || due.length === 0 ? before : await countTombstones(target);
        console.log(listing(before, after).join("\n"));
      } finally {
        await connection.close();
      }
    });
    return 0;
  },
});

function percentOf({ rows, tombstones }: StoredRows): number {
  return rows === 0 ? 0 : (tombstones / rows) * 100;
}

function listing(before: readonly StoredRows[], after: readonly StoredRows[]): string[] {
  if (before.length === 0) return ["No tables of Weir's"];
  const now = new Map(after.map((table) => [table.name, table]));
  const rows = before.map((table) => {
    const { rows, tombstones } = now.get(table.name) ?? table;
    return [
      table.name,
      ...[table.rows, table.tombstones].map(grouped),
      `${percentOf(table).toFixed(1)} %`,
      ...[rows, tombstones].map(grouped),
    ];
  });
  const right = [false, true, true, true, true, true];
  return textTable(["table", "stored rows", "deleted ones", "share", "rows now", "deleted now"], rows, { right });
}
