import { assertEquals, assertRejects } from "@std/assert";
import { openEmbeddedDeadLetters } from "../../../src/adapters/local/dead_letters.ts";
import { guarded } from "../../../src/cli/api/guard.ts";
import { serveHttp } from "../../../src/cli/http_server.ts";
import { askLetter, askOpenIds } from "../../../src/cli/letters/ask_replay.ts";
import { letterRoutes } from "../../../src/cli/letters/letter_routes.ts";
import { ConfigError } from "../../../src/record/errors.ts";
import { unreadableOrder } from "../../letters_to.ts";
import { permitted } from "../support.ts";

const LETTERS = 1_203;

Deno.test("askOpenIds() and askLetter() give what the instance has, of all pages", { ignore: !permitted }, async () => {
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  await letters.put(
    Array.from({ length: LETTERS }, (_, offset) => unreadableOrder(offset, { reason: offset < 3 ? "few" : "many" })),
  );
  const routes = letterRoutes({ letters: letters.stored, runs: [], nowMs: () => 1, showsRows: true });
  const server = serveHttp({ host: "127.0.0.1", port: 0 }, guarded(routes, { password: "secret" }));
  const instance = { urls: [server.url], password: "secret" };
  try {
    const all = await askOpenIds(instance, {});
    assertEquals([all.length, new Set(all).size], [LETTERS, LETTERS]);
    const few = await askOpenIds(instance, { topology: "sales", reason: "few" });
    assertEquals(few, all.slice(-3));
    assertEquals(await askOpenIds(instance, { operator: "store.orders", reason: "few" }), few);
    assertEquals(await askOpenIds(instance, { operator: "sink orders" }), []);
    assertEquals((await askLetter(instance, few[0])).offset, 2);
    await assertRejects(() => askLetter(instance, "9999"), ConfigError, 'no dead letter "9999"');
    await assertRejects(() => askOpenIds({ ...instance, password: "x" }, {}), ConfigError, "WEIR_STORE_PASSWORD");
  } finally {
    await server.close();
    letters.close();
  }
});
