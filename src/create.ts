/**
 * Makes a project that uses Weir: `deno run -A npm:@weir/weir/create <folder>`. It has topologies, tests and tasks that
 * run at once, on an embedded store.
 *
 * @module
 */
import { main } from "./cli/main.ts";

if (import.meta.main) Deno.exit(await main(["new", "project", ...Deno.args]));
