import { readDemoStore, type TableName, TABLES, topicOf } from "../../demo/mod.ts";
import { ConfigError } from "../../record/errors.ts";
import type { RangedTruth, WireRow } from "./ranged_truth.ts";

const PORTION_ROWS = 2_000;

/** The demo store's own rows at this instant. @throws ConfigError when the directory holds no demo store */
export function openDemoTruth(path: string): RangedTruth {
  try {
    Deno.statSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ConfigError([
      `Cannot verify without the source: there is no demo store in "${path}". Start it once: deno task start`,
    ], { cause: error });
  }
  const view = readDemoStore(path);
  return {
    name: `demo store ${path}`,
    // deno-lint-ignore require-await
    async rows({ topic, key }) {
      return wireRows(view.texts(tableOf(topic)), key);
    },
    async *portions({ topic, key }) {
      const table = tableOf(topic);
      for (let after = 0;;) {
        const rows = view.textsWithin(table, { after, rowsMax: PORTION_ROWS });
        if (rows.length > 0) yield [...wireRows(rows, key)];
        if (rows.length < PORTION_ROWS) return;
        after = rows[rows.length - 1].id;
      }
    },
    // deno-lint-ignore require-await
    async range({ topic, key }, { after, rowsMax }) {
      const rows = view.textsWithin(tableOf(topic), { after: Number(after ?? "0"), rowsMax });
      const last = rows.at(-1);
      return {
        rows: [...wireRows(rows, key)],
        upTo: last === undefined || rows.length < rowsMax ? null : String(last.id),
      };
    },
    // deno-lint-ignore require-await
    async within({ topic, key }, { after, upTo }) {
      const range = { after: Number(after ?? "0"), ...upTo === null ? {} : { upTo: Number(upTo) } };
      return [...wireRows(view.textsWithin(tableOf(topic), range), key)];
    },
    // deno-lint-ignore require-await
    async some({ topic, key }, { keys }) {
      const table = tableOf(topic);
      const found = keys.map(([id]) => Number(id)).filter(Number.isSafeInteger)
        .map((id) => view.textOf(table, id)).filter((row) => row !== undefined);
      return [...wireRows(found, key)];
    },
    mark: () => Promise.resolve(String(view.unsent()?.last ?? 0)),
    close: () => Promise.resolve(view.close()),
  };
}

/**
 * Why the log may not have all commits of the store up to the mark yet; null: it has them. Numbers begin anew when all
 * have been sent, so that one which came later can seem to be an earlier one, but never the other way round.
 */
export function unsentOfDemo(path: string, mark: string): string | null {
  const view = readDemoStore(path);
  try {
    const unsent = view.unsent();
    return unsent === null || unsent.first > Number(mark) ? null : "the demo store has not sent all of it to the log";
  } finally {
    view.close();
  }
}

/** @throws ConfigError for a topic that the demo store does not write */
function tableOf(topic: string): TableName {
  const table = TABLES.find((name) => topicOf(name) === topic);
  if (table !== undefined) return table;
  throw new ConfigError([`Cannot verify topic "${topic}": the demo store has ${TABLES.map(topicOf).join(", ")}`]);
}

function* wireRows(
  rows: Iterable<{ readonly id: number; readonly after: string }>,
  key: readonly string[],
): Iterable<WireRow> {
  for (const { id, after } of rows) {
    const columns: Readonly<Record<string, unknown>> = key.length === 1 && key[0] === "id" ? { id } : JSON.parse(after);
    const parts = key.map((name) => `${JSON.stringify(name)}:${JSON.stringify(columns[name])}`);
    yield { key: `{${parts.join(",")}}`, after };
  }
}
