import { assert, assertEquals, assertRejects } from "@std/assert";
import { RequestError } from "../../../src/cli/api/answer.ts";
import { guarded } from "../../../src/cli/api/guard.ts";
import { askParts, partQuestion } from "../../../src/cli/explain/ask_parts.ts";
import { serveHttp } from "../../../src/cli/http_server.ts";
import { askOthers, refusedWith } from "../../../src/cli/instances/ask_others.ts";
import { askedText } from "../../../src/cli/instances/asked_text.ts";
import { ConfigError } from "../../../src/record/errors.ts";
import { freePort } from "../../free_port.ts";
import { permitted } from "../support.ts";

const options = { ignore: !permitted };
const PASSWORD = "a secret";
const ANSWER_MS = 1_000;

/** An instance with an answer, and one for each way not to give one. */
async function withInstances(
  use: (world: { readonly address: string; readonly nobody: string; readonly broken: string }) => Promise<void>,
): Promise<void> {
  const { promise: never, resolve: end } = Promise.withResolvers<Response>();
  const server = serveHttp(
    { host: "127.0.0.1", port: 0 },
    guarded({
      "GET /api/rows": (request) => Response.json({ rows: new URL(request.url).searchParams.get("key") }),
      "GET /api/silent": () => never,
      "GET /api/busy": () => {
        throw new RequestError(503, "not now: try again");
      },
      "GET /api/text": () => new Response("<html>"),
      "GET /api/moved": () => new Response(null, { status: 302, headers: { location: "/api/rows" } }),
      "GET /api/endless": () =>
        new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)) })),
      "POST /api/rows": async (request) => Response.json({ posted: await request.text() }),
    }, { password: PASSWORD }),
  );
  // As an instance that is killed while it answers.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(10_000));
      await connection.write(new TextEncoder().encode('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"rows"'));
      connection.close();
    }
  })().catch(() => {});
  const nobody = `127.0.0.1:${freePort()}`;
  try {
    await use({ address: `127.0.0.1:${server.port}`, nobody, broken: `127.0.0.1:${listener.addr.port}` });
  } finally {
    end(new Response());
    await server.close();
  }
}

const read = (text: string) => JSON.parse(text) as unknown;

Deno.test(
  "askOthers() tells each instance apart, with the reason and without what was asked",
  options,
  () =>
    withInstances(async ({ address, nobody, broken }) => {
      const parameters = { key: "a customer's name" };
      const asked = { parameters, password: PASSWORD, answerMs: ANSWER_MS, read };
      assertEquals(await askOthers([address, nobody, broken], { ...asked, path: "/api/rows" }), [
        { instance: address, answer: { rows: parameters.key } },
        { instance: nobody, problem: "tcp connect error: Connection refused (os error 111)" },
        { instance: broken, problem: "error reading a body from connection" },
      ]);
      const problemOf = async (path: string, password = PASSWORD) => {
        const [told] = await askOthers([address], { ...asked, path, password });
        return "problem" in told ? told.problem : null;
      };
      assertEquals(await problemOf("/api/silent"), "it has not answered within 1 s");
      assertEquals(await problemOf("/api/busy"), "status 503: not now: try again");
      assertEquals(
        await problemOf("/api/rows", "another"),
        "status 401: Only with the password, as Authorization: Bearer ... Give all instances the same " +
          "WEIR_STORE_PASSWORD or _FILE",
      );
      assert((await problemOf("/api/text"))!.startsWith("its answer cannot be read, as that of another version"));
      assert((await problemOf("/api/moved"))!.includes("redirect"));
      for (const path of ["/api/silent", "/api/moved", "/api/text"]) {
        assert(!(await problemOf(path))!.includes("customer"), "keys of rows are in the address");
      }
    }),
);

Deno.test("askOthers() holds so many bytes of an answer at most", options, () =>
  withInstances(async ({ address }) => {
    const asked = { path: "/api/endless", password: PASSWORD, answerMs: 60_000, read };
    const [told] = await askOthers([address], asked);
    assertEquals(told, { instance: address, problem: "its answer has more than 67108864 bytes" });
  }));

Deno.test(
  "askOthers() takes the statuses that it is told as answers",
  options,
  () =>
    withInstances(async ({ address }) => {
      const asked = { path: "/api/busy", password: PASSWORD, statuses: [200, 503], read };
      assertEquals(await askOthers([address], asked), [{ instance: address, answer: { error: "not now: try again" } }]);
      assertEquals(refusedWith({ status: 500, text: "a bug\n" }), "status 500: a bug");
    }),
);

Deno.test(
  "askParts() waits for a silent instance once, and goes on to name it",
  options,
  () =>
    withInstances(async ({ address, nobody }) => {
      const ask = askParts({ topology: "shop", addresses: [nobody, address], password: PASSWORD });
      const question = { kind: "row", table: 0, global: false, key: "1" } as const;
      const [first, second] = [await ask(question), await ask(question)];
      // The one has nobody at its port; the other knows no explanations.
      assertEquals(first.unanswered.map(({ instance }) => instance), [nobody, address]);
      assertEquals(second, first);
      assertEquals(second.answers, []);
      await assertRejects(async () => await partQuestion("{}"), SyntaxError, "another version");
    }),
);

Deno.test(
  "askedText() says to whoever runs a command what to do",
  options,
  () =>
    withInstances(async ({ address, nobody }) => {
      const url = `http://${address}`;
      const asked = { path: "/api/rows", password: PASSWORD };
      assertEquals(await askedText(url, { ...asked, parameters: { key: "1" } }), '{"rows":"1"}');
      assertEquals(await askedText(url, { ...asked, body: "{}" }), '{"posted":"{}"}');
      for (
        const [where, question, said] of [
          [`http://${nobody}`, asked, "Connection refused (os error 111). Start one, or name another with --url"],
          [`http://${nobody}`, { ...asked, elseKnown: "Nothing is lost" }, "with --url. Nothing is lost"],
          [url, { ...asked, password: null }, "Give its password in WEIR_STORE_PASSWORD or _FILE"],
          [url, { ...asked, path: "/api/silent", answerMs: 100 }, `at ${url}: it has not answered within 0.1 s`],
          [url, { ...asked, path: "/api/busy" }, "not now: try again"],
        ] as const
      ) {
        const error = await assertRejects(() => askedText(where, question), ConfigError);
        assert(error.message.includes(said), error.message);
      }
    }),
);
