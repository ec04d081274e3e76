/** Serves the page on an instance that is none, to look at it while it is made: `deno task console:mock`. */
import { startMock } from "./mock_server.ts";

if (import.meta.main) console.log(`console  ${startMock().url}/`);
