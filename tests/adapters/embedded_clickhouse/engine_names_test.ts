import { assertEquals } from "@std/assert";
import { readingSettings } from "../../../src/adapters/embedded_clickhouse/reading_settings.ts";
import { Exception } from "../../../src/adapters/embedded_clickhouse/clickhouse_exception.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";

const server = clickHouseOfFile();
const KEPT = new URL("../../fixtures/clickhouse/", import.meta.url);
const ADVICE = "these names are new, or gone: decide in src/adapters/embedded_clickhouse/reading_rules.ts and " +
  "reading_settings.ts whether they reach outside of the databases, and then set WEIR_UPDATE_GOLDEN=1";

async function namesOf(table: string, column = "name"): Promise<string[]> {
  const sql = `SELECT DISTINCT ${column} FROM system.${table} ORDER BY ${column}`;
  const answer = await fetch(server().url, { method: "POST", body: sql });
  return (await answer.text()).trimEnd().split("\n");
}

/** Settings that whoever only reads may give. */
function taken(name: string): boolean {
  try {
    readingSettings(new Map([[name, "1"]]), 1);
    return true;
  } catch (error) {
    if (error instanceof Exception) return false;
    throw error;
  }
}

const LISTS: Readonly<Record<string, () => Promise<string[]>>> = {
  functions: () => namesOf("functions"),
  table_functions: () => namesOf("table_functions"),
  settings_taken: async () => (await namesOf("settings")).filter(taken),
};

for (const [name, names] of Object.entries(LISTS)) {
  Deno.test(`the engine's ${name} are those that somebody has looked at`, async () => {
    const file = new URL(`${name}.txt`, KEPT);
    const there = await names();
    if (Deno.env.get("WEIR_UPDATE_GOLDEN") === "1") await Deno.writeTextFile(file, `${there.join("\n")}\n`);
    const kept = new Set((await Deno.readTextFile(file)).trimEnd().split("\n"));
    const changed = [...new Set(there).symmetricDifference(kept)];
    assertEquals(changed, [], ADVICE);
  });
}

Deno.test("functions that reach outside are found in any writing, as the engine knows one alone", async () => {
  const sql = "SELECT count() FROM system.functions WHERE case_insensitive AND name IN ('file', 'catboostEvaluate')";
  const answer = await fetch(server().url, { method: "POST", body: sql });
  assertEquals(await answer.text(), "0\n");
});
