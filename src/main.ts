/** The command line: `deno task start`, or `deno run -A src/main.ts start`. */
import { main } from "./cli/main.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
