import { readDemoStore, type TableName, TABLES, topicOf } from "../../demo/mod.ts";
import { ConfigError } from "../../record/errors.ts";
import type { Truth, WireRow } from "./truth.ts";

/** The demo store's own rows at this instant. @throws ConfigError when the directory holds no demo store */
export function openDemoTruth(path: string): Truth {
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
    rows({ topic, key }) {
      const table = TABLES.find((name) => topicOf(name) === topic);
      if (table === undefined) {
        return Promise.reject(
          new ConfigError([`Cannot verify topic "${topic}": the demo store has ${TABLES.map(topicOf).join(", ")}`]),
        );
      }
      return Promise.resolve(wireRows(table, key));
    },
    close: () => Promise.resolve(view.close()),
  };

  function* wireRows(table: TableName, key: readonly string[]): Iterable<WireRow> {
    for (const { id, after } of view.texts(table)) {
      const columns: Readonly<Record<string, unknown>> = key.length === 1 && key[0] === "id"
        ? { id }
        : JSON.parse(after);
      const parts = key.map((name) => `${JSON.stringify(name)}:${JSON.stringify(columns[name])}`);
      yield { key: `{${parts.join(",")}}`, after };
    }
  }
}
