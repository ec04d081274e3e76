import { assertEquals } from "@std/assert";
import { openEmbeddedDeadLetters } from "../../../src/adapters/local/dead_letters.ts";
import { ROWS_HIDDEN } from "../../../src/cli/api/answer.ts";
import { type RouteOptions, routesOf } from "../../../src/cli/start/routes.ts";

/** What holds no contents of rows, or changes something: what an answer to that tells is looked at where it is made. */
const TOLD = ["GET /api", "GET /api/plan", "GET /api/state", "GET /api/verify", "POST /api/dead-letters/replay"];

Deno.test("WEIR_CONSOLE_ROWS=off hides all that is below /api, but what is known to hold no rows", async () => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  try {
    const options = {
      access: { password: null },
      runs: [],
      letters: letters.stored,
      watched: { runs: [], showsRows: false },
    };
    const routes = routesOf(options as unknown as RouteOptions);
    const below = Object.keys(routes).filter((name) => / \/api(\/|$)/.test(name));
    assertEquals(TOLD.filter((name) => !below.includes(name)), []);
    for (const name of below.filter((one) => !TOLD.includes(one))) {
      const [method, path] = name.split(" ");
      const request = new Request(`http://127.0.0.1${path.replace("*", "sales/op1")}`, { method });
      const response = await routes[name](request, { loopback: true });
      assertEquals([response.status, await response.json()], [403, { error: ROWS_HIDDEN }], name);
    }
  } finally {
    letters.close();
  }
});
