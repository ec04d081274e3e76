/**
 * Opens ClickHouse's engine with a configuration file and writes what the statements answered, as JSON, into a file:
 * `deno run ... clickhouse_probe.ts <configuration> <data directory> <answers> <statement>...`. Its own process,
 * because the engine reads its configuration once.
 */
import { Session } from "chdb";
import type { Answer } from "./clickhouse_configured.ts";

const [configuration, path, answers, ...statements] = Deno.args;

async function ask(session: Session, statement: string): Promise<Answer> {
  try {
    const result = await session.queryAsync(statement, { format: "JSONEachRow" });
    const lines = result.text().split("\n").filter((line) => line !== "");
    return { rows: lines.map((line) => JSON.parse(line)), error: null };
  } catch (error) {
    return { rows: [], error: (error as Error).message };
  }
}

// What is wrong with a configuration is printed by the engine; the exception thrown here does not say it.
const session = new Session(path, { connectionArgs: [`--config-file=${configuration}`] });
const result: Answer[] = [];
for (const statement of statements) result.push(await ask(session, statement));
session.close();
Deno.writeTextFileSync(answers, JSON.stringify(result));
