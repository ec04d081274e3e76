import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";
import { chainedCredentials, mskTokens } from "../../../src/adapters/kafka/msk_token.ts";
import { saslOf } from "../../../src/cli/start/kafka_login.ts";
import { Secret } from "../../../src/cli/config/secret.ts";
import { ConfigError } from "../../../src/record/errors.ts";

const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest();
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

interface Scope {
  /** `YYYYMMDD`. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
}

/** Signature Version 4 as Amazon describes it, written here without a library. */
function signingKey(secret: string, { day, region, service }: Scope): Buffer {
  return [day, region, service, "aws4_request"].reduce<Buffer | string>(hmac, `AWS4${secret}`) as Buffer;
}

function signature(canonical: string, { secret, time, scope }: { secret: string; time: string; scope: Scope }): string {
  const { day, region, service } = scope;
  const toSign = `AWS4-HMAC-SHA256\n${time}\n${day}/${region}/${service}/aws4_request\n${sha256(canonical)}`;
  return hmac(signingKey(secret, scope), toSign).toString("hex");
}

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

Deno.test("the test's own signature is Amazon's, by their published examples", () => {
  const iam = { day: "20150830", region: "us-east-1", service: "iam" };
  const key = "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9";
  assertEquals(signingKey(SECRET, iam).toString("hex"), key);
  // `get-vanilla` of the Signature Version 4 test suite.
  const headers = "host:example.amazonaws.com\nx-amz-date:20150830T123600Z\n";
  const canonical = `GET\n/\n\n${headers}\nhost;x-amz-date\n${sha256("")}`;
  const given = { secret: SECRET, time: "20150830T123600Z", scope: { ...iam, service: "service" } };
  assertEquals(signature(canonical, given), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
});

/** What a broker looks at in a token. */
function opened(token: string): { readonly url: URL; readonly expected: string } {
  assert(/^[A-Za-z0-9_-]+$/.test(token), token);
  const url = new URL(Buffer.from(token, "base64url").toString());
  const signed = [...url.searchParams].filter(([name]) => name !== "X-Amz-Signature" && name !== "User-Agent");
  const encoded = signed.map((pair) => pair.map(encodeURIComponent).join("=")).sort().join("&");
  const canonical = `GET\n/\n${encoded}\nhost:${url.host}\n\nhost\n${sha256("")}`;
  const time = url.searchParams.get("X-Amz-Date")!;
  const scope = { day: time.slice(0, 8), region: "eu-central-1", service: "kafka-cluster" };
  return { url, expected: signature(canonical, { secret: SECRET, time, scope }) };
}

Deno.test("mskTokens() signs what Amazon MSK asks for, for a quarter of an hour, anew each time", async (t) => {
  for (const sessionToken of [undefined, "session+/=token"]) {
    await t.step(sessionToken ?? "keys that stay", async () => {
      let nowMs = Date.parse("2026-03-04T05:06:07.890Z");
      const credentials = () =>
        Promise.resolve({
          ...{ accessKeyId: "AKIDEXAMPLE", secretAccessKey: SECRET },
          ...sessionToken === undefined ? {} : { sessionToken },
        });
      const token = mskTokens({ region: "eu-central-1", credentials, nowMs: () => nowMs });
      const { url, expected } = opened(await token());
      const { searchParams: query } = url;
      assertEquals(url.origin + url.pathname, "https://kafka.eu-central-1.amazonaws.com/");
      assertEquals(query.get("Action"), "kafka-cluster:Connect");
      assertEquals([query.get("X-Amz-Date"), query.get("X-Amz-Expires")], ["20260304T050607Z", "900"]);
      assertEquals(query.get("X-Amz-Credential"), "AKIDEXAMPLE/20260304/eu-central-1/kafka-cluster/aws4_request");
      assertEquals(query.get("X-Amz-Security-Token"), sessionToken ?? null);
      assertEquals([query.get("X-Amz-SignedHeaders"), query.get("X-Amz-Signature")], ["host", expected]);
      nowMs += 3_600_000;
      const later = opened(await token());
      assertEquals(later.url.searchParams.get("X-Amz-Date"), "20260304T060607Z");
      assertEquals(later.url.searchParams.get("X-Amz-Signature"), later.expected);
    });
  }
});

Deno.test("saslOf() logs in to Amazon MSK by a token, with the keys that are given or those of the chain", async () => {
  const keys = { id: "AKIDEXAMPLE", secret: new Secret(SECRET), session: undefined };
  const login = saslOf({ mechanism: "aws_msk_iam", region: "eu-central-1", keys });
  assert(login.mechanism === "oauthbearer");
  const { url, expected } = opened(await login.token());
  assertEquals(url.searchParams.get("X-Amz-Signature"), expected);
  const failing = mskTokens({ region: "r", credentials: () => Promise.reject(new Error("none")) });
  await assertRejects(failing, Error, "none");
  const missing = assertThrows(() => chainedCredentials(), ConfigError);
  assert(missing.message.includes("deno add npm:@aws-sdk/credential-provider-node"), missing.message);
});
