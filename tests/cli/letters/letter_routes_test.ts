import { assert, assertEquals } from "@std/assert";
import { openEmbeddedDeadLetters } from "../../../src/adapters/local/dead_letters.ts";
import { guarded } from "../../../src/cli/api/guard.ts";
import { showingRows } from "../../../src/cli/api/showing_rows.ts";
import { letterRoutes } from "../../../src/cli/letters/letter_routes.ts";
import type { ReplayRequest, ReplayResult } from "../../../src/runtime/replays/replay.ts";
import type { DeadLetter } from "../../../src/ports/dead_letters.ts";
import { largeOrders, unreadableOrder as letter } from "../../letters_to.ts";
import type { Runner } from "../../../src/runtime/runner.ts";

/** Routes over letters, and what was asked of the topology `sales`; what is told of each letter is `told`. */
async function opened({ password = null, told = "replayed", showsRows = true }: {
  readonly password?: string | null;
  readonly showsRows?: boolean;
  readonly told?: ReplayResult["outcome"] | Error;
} = {}) {
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  await letters.put([letter(1), letter(2), letter(3, { reason: "not_json" }), letter(4, { topology: "other" })]);
  const asked: ReplayRequest[] = [];
  const atOnce: number[] = [];
  const replay = (requests: readonly ReplayRequest[]) => {
    asked.push(...requests);
    atOnce.push(requests.length);
    if (told instanceof Error) return Promise.reject(told);
    return Promise.resolve(requests.map(() => ({ outcome: told, sentence: "so" })));
  };
  const runner = { replays: { replay }, deadLetters: { flush: () => Promise.resolve() } } as unknown as Runner;
  const runs = [{ name: "sales", state: "running", runner }, { name: "other", state: "starting", runner: null }];
  const plain = letterRoutes({ ...{ letters: letters.stored, runs, showsRows }, nowMs: () => 5 });
  const routes = guarded(showingRows(plain, { showsRows }), { password, showsRows });
  return {
    letters,
    asked,
    atOnce,
    async get(path: string, { route = "GET /api/dead-letters", loopback = true, headers = {} } = {}) {
      const response = await routes[route](new Request(`http://127.0.0.1${path}`, { headers }), { loopback });
      return { status: response.status, body: await response.json() };
    },
    async replay(body: string) {
      // As a program sends it that does not know the length before.
      const chunks = new Blob([body]).stream();
      const request = new Request("http://127.0.0.1/api/dead-letters/replay", { method: "POST", body: chunks });
      const response = await routes["POST /api/dead-letters/replay"](request, { loopback: true });
      return { status: response.status, body: await response.json() };
    },
  };
}

Deno.test("GET /api/dead-letters lists, filters, counts and pages, and says what it does not understand", async () => {
  const { get } = await opened();
  const all = await get("/api/dead-letters?limit=3");
  assertEquals([all.status, all.body.letters.length, all.body.open, all.body.resolved], [200, 3, 4, 0]);
  assertEquals(all.body.reasons.length, 3);
  const rest = await get(`/api/dead-letters?after=${all.body.next}`);
  assertEquals([rest.body.letters.map(({ offset }: DeadLetter) => offset), rest.body.next], [[1], null]);
  const some = await get("/api/dead-letters?topology=sales&reason=not_json");
  assertEquals(some.body.letters.map(({ offset }: DeadLetter) => offset), [3]);
  const route = "GET /api/dead-letters/*";
  const one = await get(`/api/dead-letters/${some.body.letters[0].id}`, { route });
  assertEquals([one.status, one.body.offset, one.body.attempts], [200, 3, []]);
  assertEquals((await get("/api/dead-letters/77", { route })).status, 404);
  for (const wrong of ["?reasn=x", "?limit=0", "?state=shut", "?after=x", "?after="]) {
    const { status, body } = await get(`/api/dead-letters${wrong}`);
    assertEquals([status, typeof body.error], [400, "string"]);
  }
  assert((await get("/api/dead-letters?reasn=x")).body.error.includes('Did you mean "reason"?'));
});

Deno.test("letters are listed, counted and replayed of one operator, those behind other pages, too", async () => {
  const { letters, get, replay, asked } = await opened();
  await letters.put([
    ...[5, 6].map((offset) => letter(offset, { operator: "sink things", stage: "callback", subject: `${offset}` })),
    ...Array.from({ length: 120 }, (_, at) => letter(10 + at, { operator: "things.mapValues" })),
  ]);
  const { body } = await get("/api/dead-letters?operator=sink%20things");
  assertEquals(body.letters.map(({ offset }: DeadLetter) => offset), [6, 5]);
  assertEquals([body.open, body.resolved, body.next], [2, 0, null]);
  assertEquals(body.reasons, [{ topology: "sales", stage: "callback", reason: "wrong_type", letters: 2 }]);
  const none = await get("/api/dead-letters?operator=things");
  assertEquals([none.body.letters, none.body.open, none.body.reasons], [[], 0, []]);
  const { body: replayed } = await replay('{"topology":"sales","reason":"wrong_type","operator":"sink things"}');
  assertEquals(replayed.results.length, 2);
  assertEquals(asked.map(({ letter: { offset } }) => offset), [5, 6]);
});

Deno.test("large letters are told in pages of 16 MiB, and replayed in parts", async () => {
  const { letters, get, replay, atOnce, asked } = await opened();
  await letters.put(largeOrders(700).map((one) => ({ ...one, reason: "large" })));
  const { body } = await get("/api/dead-letters?reason=large&limit=10000");
  assertEquals([body.open, body.letters.length < 300, body.next === body.letters.at(-1).id], [700, true, true]);
  const { body: { results } } = await replay('{"topology":"sales","reason":"large"}');
  assertEquals([results.length, asked.map(({ letter: { offset } }) => offset)], [700, [...Array(700).keys()]]);
  assertEquals([atOnce.length, Math.max(...atOnce) < 600], [2, true]);
});

Deno.test("letterRoutes() answers who may see rows, and nobody else", async () => {
  const mine = await opened();
  assertEquals((await mine.get("/api/dead-letters", { loopback: false })).status, 403);
  const { get } = await opened({ password: "secret" });
  assertEquals((await get("/api/dead-letters")).status, 401);
  const known = await get("/api/dead-letters", { loopback: false, headers: { authorization: "Bearer secret" } });
  assertEquals(known.status, 200);
});

Deno.test("POST /api/dead-letters/replay replays ids or a reason, keeps attempts, says what it cannot", async () => {
  const { replay, asked, letters } = await opened();
  const { body } = await replay('{"ids":["1","4","77"],"edit":{"id":"1","set":{"amount":12.50}}}');
  assertEquals(body.results.map(({ id, outcome }: { id: string; outcome: string }) => `${id} ${outcome}`), [
    "1 replayed",
    "4 refused",
    "77 refused",
  ]);
  assert(/"other" is starting/.test(body.results[1].sentence), body.results[1].sentence);
  assertEquals([asked.length, JSON.stringify(asked[0].edit)], [1, '{"set":{"amount":12.50}}']);
  const [{ edit, outcome, atMs }] = letters.stored.letter("1")!.attempts;
  assertEquals([edit, outcome, atMs], ['{"set":{"amount":12.50}}', "replayed", 5]);
  asked.length = 0;
  await replay('{"topology":"sales","reason":"wrong_type"}');
  assertEquals(asked.map(({ letter: { offset }, edit }) => [offset, edit]), [[1, null], [2, null]]);
  for (const wrong of ["{", "{}", '{"ids":[]}', '{"ids":["1"],"more":1}', '{"ids":["1","2"],"edit":{"value":"x"}}']) {
    assertEquals((await replay(wrong)).status, 400, wrong);
  }
  assert((await replay("{}")).body.error.includes('send { "ids": ["17"] }'));
  asked.length = 0;
  const other = await replay('{"ids":["1","2"],"edit":{"id":"3","set":{"amount":1}}}');
  assertEquals([other.status, asked], [400, []]);
  assert(other.body.error.startsWith("Cannot edit letter 3: it is none of those to replay"), other.body.error);
});

Deno.test("an attempt whose end nobody knows is kept as failed with why, and the letter stays open", async () => {
  const { replay, letters } = await opened({ told: new Error("a bug") });
  assertEquals((await replay('{"ids":["1"]}')).status, 500);
  const { attempts, resolvedMs } = letters.stored.letter("1")!;
  assertEquals([attempts[0].outcome, attempts[0].sentence, resolvedMs], ["failed", "a bug", null]);
  const hiding = await opened({ told: new Error("amount 12.50 is none"), showsRows: false });
  const { status, body } = await hiding.replay('{"ids":["1"]}');
  assertEquals([status, body.error.includes("12.50"), body.error.includes("WEIR_CONSOLE_ROWS")], [500, false, true]);
});

Deno.test("letters are not told where rows are hidden, and are replayed without a word of what they hold", async () => {
  const { get, replay, letters } = await opened({ showsRows: false, told: "failed" });
  for (
    const [path, route] of [["", undefined], ["?reason=wrong_type", undefined], [
      "/1",
      "GET /api/dead-letters/*",
    ]] as const
  ) {
    const { status, body } = await get(`/api/dead-letters${path}`, { route });
    assertEquals([status, body], [403, { error: "Contents of rows are not shown here: WEIR_CONSOLE_ROWS is off" }]);
  }
  const { status, body: { results: [{ outcome, sentence }] } } = await replay('{"ids":["1"]}');
  assertEquals([status, outcome, sentence.includes("deno task dlq show 1")], [200, "failed", true], sentence);
  assertEquals(letters.stored.letter("1")!.attempts[0].sentence, "so", "who is on the machine is told");
  const thrown = await opened({ showsRows: false, told: new Error("a bug with customer 4711") });
  const { status: failed, body } = await thrown.replay('{"ids":["1"]}');
  assertEquals([failed, body.error.includes("4711")], [500, false], body.error);
  const other = await opened({ showsRows: false });
  assertEquals((await other.replay('{"ids":["1"]}')).body.results, [{ id: "1", outcome: "replayed", sentence: "so" }]);
});
