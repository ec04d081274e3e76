/**
 * Resolves the dependencies again after `deno.json` changed: `deno run -A --no-config --no-lock tools/lock.ts`.
 *
 * chdb lists one platform package for each operating system, and not every registry mirror holds all of them; Deno then
 * refuses to resolve any change at all. So chdb is taken out, the rest is resolved, and chdb's entries (kept in the old
 * lock) are put back.
 */
import { ConfigError } from "../src/record/errors.ts";

interface Lock {
  specifiers: Record<string, string>;
  npm: Record<string, unknown>;
  workspace: { dependencies: string[] };
}

const own = (name: string) =>
  /^(npm:)?(chdb|@chdb\/|@clickhouse\/client-common|node-addon-api|node-gyp-build)/.test(name);
const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1));

const configText = await Deno.readTextFile("deno.json");
const before: Lock = JSON.parse(await Deno.readTextFile("deno.lock"));
const config = JSON.parse(configText);
const without = structuredClone(before);
for (const name of Object.keys(without.specifiers)) if (own(name)) delete without.specifiers[name];
for (const name of Object.keys(without.npm)) if (own(name) && !name.startsWith("@clickhouse")) delete without.npm[name];
without.workspace.dependencies = without.workspace.dependencies.filter((name) => !own(name));
delete config.imports.chdb;

try {
  await Deno.writeTextFile("deno.json", JSON.stringify(config));
  await Deno.writeTextFile("deno.lock", JSON.stringify(without));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["install"],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new ConfigError(["deno install failed; nothing was changed"]);
  const after: Lock = JSON.parse(await Deno.readTextFile("deno.lock"));
  for (const [name, version] of Object.entries(before.specifiers)) if (own(name)) after.specifiers[name] = version;
  for (const [name, entry] of Object.entries(before.npm)) if (own(name)) after.npm[name] ??= entry;
  after.workspace.dependencies.push("npm:chdb@3.4.0");
  after.specifiers = sorted(after.specifiers);
  after.npm = sorted(after.npm);
  after.workspace.dependencies.sort();
  await Deno.writeTextFile("deno.lock", JSON.stringify(after, null, 2) + "\n");
} catch (error) {
  await Deno.writeTextFile("deno.lock", JSON.stringify(before, null, 2) + "\n");
  throw error;
} finally {
  await Deno.writeTextFile("deno.json", configText);
}
