import { assert, assertEquals } from "@std/assert";
import { connect } from "node:net";
import type { Access } from "../../../src/cli/api/access.ts";
import { json, RequestError } from "../../../src/cli/api/answer.ts";
import { guarded } from "../../../src/cli/api/guard.ts";
import { readJson } from "../../../src/cli/api/read_json.ts";
import { type HttpServer, serveHttp } from "../../../src/cli/http_server.ts";
import { z } from "zod";
import { DeserializationError, LimitError, ProductionError } from "../../../src/record/errors.ts";
import { permitted } from "../support.ts";

const options = { ignore: !permitted };
const BODY_BYTES_MAX = 1_000;

/** What a route may throw, and its status. */
const THROWN: readonly (readonly [number, unknown, string])[] = [
  [400, new TypeError("no such column"), "no such column"],
  [400, new RangeError("too many"), "too many"],
  [400, new SyntaxError("no JSON"), "no JSON"],
  [400, new DeserializationError("wrong_type", "no number"), "no number"],
  [400, z.strictObject({ limit: z.number() }).safeParse({ limit: "x" }).error, "limit"],
  [503, new ProductionError("ClickHouse does not answer", { retriable: true }), "ClickHouse does not answer"],
  [413, new RequestError(413, "too large"), "too large"],
  [500, new LimitError("rows", "a bug"), "a bug"],
];

/** Whether the stream of `GET /api/stream` is read. */
const stream = { open: 0 };

async function withApi(access: Access, use: (server: HttpServer) => Promise<void>): Promise<void> {
  const routes = guarded({
    "GET /api": () => json({ version: 1 }),
    "GET /api/stream": () => {
      stream.open++;
      return new Response(new ReadableStream({ cancel: () => void stream.open-- }));
    },
    "GET /api/path/*": (request) => json(decodeURIComponent(new URL(request.url).pathname)),
    "GET /api/no": () => {
      throw new RequestError(409, "not now: try again");
    },
    "GET /api/broken": () => {
      throw new Error("a bug");
    },
    "GET /api/thrown/*": (request) => {
      throw THROWN[Number(new URL(request.url).pathname.split("/").pop())][1];
    },
    "POST /api/echo": async (request) => json(await readJson(request, BODY_BYTES_MAX)),
  }, access);
  const server = serveHttp({ host: "127.0.0.1", port: 0 }, routes);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

async function ask(url: string, init?: RequestInit): Promise<[number, unknown]> {
  const response = await fetch(url, init);
  return [response.status, await response.json()];
}

/** A request whose `Host` says something else than where it goes. */
function askAs(port: number, { host, path = "/api", headers = "" }: { host: string; path?: string; headers?: string }) {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => text += chunk.toString());
  socket.on("close", () => resolve(text));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n`);
  return promise;
}

Deno.test(
  "guarded() without a password answers this machine, and no page but our own",
  options,
  () =>
    withApi({ password: null }, async ({ url, port }) => {
      assertEquals(await ask(`${url}/api`), [200, { version: 1 }]);
      assertEquals((await ask(`${url}/api`, { headers: { origin: url, "sec-fetch-site": "same-origin" } }))[0], 200);
      for (
        const headers of [
          { origin: "http://elsewhere.example" },
          { origin: "null" },
          { "sec-fetch-site": "cross-site" },
          { "sec-fetch-site": "same-site" },
        ] as Record<string, string>[]
      ) {
        for (const [path, method] of [["/api", "GET"], ["/api/echo", "POST"]]) {
          const [status, { error }] = await ask(url + path, { method, headers }) as [number, { error: string }];
          assertEquals(status, 403, JSON.stringify(headers));
          assert(error.includes("WEIR_STORE_PASSWORD"), error);
        }
      }
      // A name of somebody else that leads to this machine.
      assert((await askAs(port, { host: "rebound.example" })).startsWith("HTTP/1.1 403"));
      assert((await askAs(port, { host: `rebound.example:${port}` })).startsWith("HTTP/1.1 403"));
      assert((await askAs(port, { host: `127.0.0.1:${port}` })).startsWith("HTTP/1.1 200"));
      assert((await askAs(port, { host: `localhost:${port}` })).startsWith("HTTP/1.1 200"));
    }),
);

Deno.test(
  "guarded() with a password answers who knows it, and posts of no other page even then",
  options,
  () =>
    withApi({ password: "a secret" }, async ({ url, port }) => {
      const authorization = "Bearer a secret";
      assertEquals((await ask(`${url}/api`))[0], 401);
      assertEquals((await ask(`${url}/api?password=a%20secret`))[0], 401, "never in an address");
      assertEquals((await ask(`${url}/api`, { headers: { authorization: "Bearer a secre" } }))[0], 401);
      assertEquals((await ask(`${url}/api`, { headers: { authorization } }))[0], 200);
      const named = await askAs(port, { host: "weir.example", headers: `Authorization: ${authorization}\r\n` });
      assert(named.startsWith("HTTP/1.1 200"), "from another machine, by any name");
      const post = (headers: Record<string, string>) =>
        ask(`${url}/api/echo`, { method: "POST", body: "{}", headers: { authorization, ...headers } });
      assertEquals((await post({}))[0], 200);
      assertEquals((await post({ origin: url }))[0], 200);
      assertEquals((await post({ origin: "https://elsewhere.example" }))[0], 403);
      assertEquals((await post({ origin: "null" }))[0], 403);
      assertEquals((await post({ "sec-fetch-site": "same-site" }))[0], 403);
    }),
);

Deno.test(
  "guarded() gives what is thrown as an answer, and browsers what they must know",
  options,
  () =>
    withApi({ password: null }, async ({ url, port }) => {
      assertEquals(await ask(`${url}/api/no`), [409, { error: "not now: try again" }]);
      assertEquals(
        await fetch(`${url}/api/broken`).then(async (response) => [response.status, await response.text()]),
        [
          500,
          '{"error":"a bug"}\n',
        ],
      );
      for (const [index, [status, , said]] of THROWN.entries()) {
        const [is, { error }] = await ask(`${url}/api/thrown/${index}`) as [number, { error: string }];
        assertEquals([is, error.includes(said)], [status, true], error);
      }
      assertEquals((await ask(`${url}/api/nothing`))[0], 404);
      assertEquals((await ask(`${url}/api/echo`))[0], 405);
      const damaged = await askAs(port, { host: `127.0.0.1:${port}`, path: "/api/path/%E0%A4%A" });
      assert(damaged.startsWith("HTTP/1.1 400"), damaged);
      const { headers } = await fetch(`${url}/api`, { method: "HEAD" });
      for (
        const [name, value] of [
          ["content-security-policy", "default-src 'self'"],
          ["x-content-type-options", "nosniff"],
          ["referrer-policy", "no-referrer"],
          ["cache-control", "no-store"],
        ]
      ) assert(headers.get(name)?.startsWith(value), name);
      assertEquals(headers.get("access-control-allow-origin"), null);
      const head = await fetch(`${url}/api/stream`, { method: "HEAD" });
      assertEquals([head.status, await head.text(), stream.open], [200, "", 0], "nobody reads it");
    }),
);

Deno.test(
  "readJson() takes an object, of so many bytes at most",
  options,
  () =>
    withApi({ password: null }, async ({ url }) => {
      const post = (body: BodyInit | undefined) => ask(`${url}/api/echo`, { method: "POST", body });
      assertEquals(await post('{"a":1}'), [200, { a: 1 }]);
      for (const body of ["", "{", "[]", "null", "7", new Uint8Array([123, 255, 125])]) {
        assertEquals((await post(body))[0], 400);
      }
      assertEquals((await post(JSON.stringify({ text: "x".repeat(BODY_BYTES_MAX) })))[0], 413);
      // Of a length that nobody has said before.
      const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) });
      assertEquals((await post(endless))[0], 413);
    }),
);

Deno.test("guarded() tells nothing that a row could be in, where rows are hidden", options, async () => {
  await withApi({ password: null, ...{ showsRows: false } }, async ({ url }) => {
    for (const [index, [status, error, says]] of THROWN.entries()) {
      const [told, { error: sentence }] = await ask(`${url}/api/thrown/${index}`) as [number, { error: string }];
      assertEquals(told, status);
      assertEquals(sentence.includes(says), error instanceof RequestError, sentence);
      assert(error instanceof RequestError || sentence.includes("WEIR_CONSOLE_ROWS is off"), sentence);
    }
  });
});
