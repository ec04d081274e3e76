import { postgresFolder } from "../artifacts.ts";
import { foreignEnvironment } from "../process.ts";
import type { Stage } from "./stage.ts";
import { stackAddresses } from "../mod.ts";

/**
 * Runs a script with psql, and resolves to what it prints: rows without decoration. @throws Error with its complaint
 */
export function psql(stage: Stage, script: string): Promise<string> {
  return postgresProgram(stage, "psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", script]);
}

/** Runs one of PostgreSQL's programs on the store's database as its superuser. @throws Error with its complaint */
export async function postgresProgram(stage: Stage, program: string, args: readonly string[]): Promise<string> {
  const { host, port, database, user, password } = stackAddresses(stage.options).postgres;
  const { success, stdout, stderr } = await new Deno.Command(`${postgresFolder()}/${program}`, {
    args: [...args],
    clearEnv: true,
    env: {
      ...foreignEnvironment(),
      PGHOST: host,
      PGPORT: String(port),
      PGDATABASE: database,
      PGUSER: user,
      PGPASSWORD: password,
    },
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot run ${program}: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout).trim();
}
