import { assert, assertEquals, assertRejects } from "@std/assert";
import { issuedTokens } from "../../../src/adapters/kafka/oauth_token.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { permitted } from "../../cli/support.ts";

/** What an issuer was asked, and what it answers. */
interface Issuer extends AsyncDisposable {
  readonly url: string;
  readonly asked: { readonly authorization: string; readonly form: string }[];
  answer: () => Response;
}

function serveIssuer(): Issuer {
  const asked: Issuer["asked"] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    asked.push({ authorization: request.headers.get("authorization")!, form: await request.text() });
    return issuer.answer();
  });
  const issuer: Issuer = {
    url: `http://127.0.0.1:${server.addr.port}/token`,
    asked,
    answer: () => Response.json({ access_token: `token ${asked.length}`, expires_in: 100 }),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return issuer;
}

Deno.test("a token is asked for once, and again when four fifths of its time are over", {
  ignore: !permitted,
}, async () => {
  await using issuer = serveIssuer();
  let nowMs = 0;
  const client = { clientId: "weir:1", clientSecret: "s p", scope: "kafka" };
  const token = issuedTokens({ url: issuer.url, ...client }, () => nowMs);
  assertEquals(await Promise.all([token(), token(), token()]), ["token 1", "token 1", "token 1"]);
  nowMs = 79_999;
  assertEquals(await token(), "token 1");
  nowMs = 80_000;
  assertEquals(await Promise.all([token(), token()]), ["token 2", "token 2"]);
  const [{ authorization, form }] = issuer.asked;
  assertEquals([atob(authorization.replace("Basic ", "")), form], [
    "weir%3A1:s+p",
    "grant_type=client_credentials&scope=kafka",
  ]);
});

Deno.test("an issuer's refusal says why, and may pass where it is out of order", { ignore: !permitted }, async (t) => {
  await using issuer = serveIssuer();
  const token = issuedTokens({ url: issuer.url, clientId: "weir", clientSecret: "hunter2" });
  const cases: readonly (readonly [() => Response, string, boolean])[] = [
    [() => Response.json({ error: "invalid_client" }, { status: 401 }), "status 401, invalid_client", false],
    [() => new Response("busy", { status: 503 }), "status 503", true],
    [() => Response.json({ token: "x" }), "no access_token", false],
    [() => new Response("<html>"), "no access_token", false],
    [() => new Response(null, { status: 302, headers: { location: "http://elsewhere.invalid/" } }), "", true],
  ];
  for (const [answer, says, retriable] of cases) {
    await t.step(says, async () => {
      issuer.answer = answer;
      const error = await assertRejects(token, ProductionError, says);
      assert(!error.message.includes("hunter2") && error.message.includes('client "weir"'), error.message);
      assertEquals(error.retriable, retriable);
    });
  }
  issuer.answer = () => Response.json({ access_token: "good" });
  assertEquals(await token(), "good", "a failure is not kept");
});

Deno.test("an issuer that is not there may come", { ignore: !permitted }, async () => {
  const token = issuedTokens({ url: "http://127.0.0.1:1/token", clientId: "weir", clientSecret: "s" });
  assertEquals((await assertRejects(token, ProductionError, "Cannot get a token for Kafka")).retriable, true);
});
