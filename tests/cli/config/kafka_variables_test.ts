import { assert, assertEquals, assertThrows } from "@std/assert";
import { readConfiguration } from "../../../src/cli/config/configuration.ts";
import { ConfigError } from "../../../src/record/errors.ts";
import { opensslInstalled } from "../../../tools/secrets/certificates.ts";
import { permitted } from "../support.ts";
import { ownCertificate } from "./own_certificate.ts";

const REAL = { KAFKA_BROKERS: "kafka:9092", CLICKHOUSE_URL: "https://clickhouse:8443" };
const ignore = !permitted || !await opensslInstalled();

/** What is read of Kafka; `files` may change afterwards. */
function kafkaOf(environment: Record<string, string>, files: Map<string, string> = new Map()) {
  return readConfiguration({
    environment: { ...REAL, ...environment },
    readFile(path) {
      const text = files.get(path);
      if (text === undefined) throw new Deno.errors.NotFound(path);
      return text;
    },
  }).kafka!;
}

function problemsOf(environment: Record<string, string>): readonly string[] {
  return assertThrows(() => kafkaOf(environment), ConfigError).problems;
}

Deno.test("a client's certificate is read again from its files, whole pairs alone", { ignore }, async () => {
  const [first, second] = [await ownCertificate("weir"), await ownCertificate("weir")];
  const files = new Map([["/cert", first.certificate], ["/key", first.key], ["/ca", first.certificate]]);
  const named = { KAFKA_CERT_FILE: "/cert", KAFKA_KEY_FILE: "/key", KAFKA_CA_FILE: "/ca" };
  const tls = kafkaOf(named, files).tls!;
  const now = () => [tls().client!.certificate.trim(), tls().client!.key.reveal().trim()];
  assertEquals(now(), [first.certificate.trim(), first.key.trim()]);
  files.set("/cert", second.certificate);
  assertEquals(now()[0], first.certificate.trim(), "the key is not renewed yet");
  files.set("/key", second.key);
  assertEquals(now(), [second.certificate.trim(), second.key.trim()]);
  files.clear();
  assertEquals([now()[0], tls().ca], [second.certificate.trim(), first.certificate.trim()], "no file is no news");
});

Deno.test("a client's certificate needs its own key", { ignore }, async () => {
  const [own, other] = [await ownCertificate("weir"), await ownCertificate("other")];
  const [problem] = problemsOf({ KAFKA_CERT: own.certificate, KAFKA_KEY: other.key });
  assert(problem.includes("the key is not that of the (first) certificate"), problem);
  const [missing] = problemsOf({ KAFKA_CERT: own.certificate });
  assert(missing.includes("KAFKA_CERT is set, KAFKA_KEY is missing"), missing);
  const [http] = problemsOf({ CLICKHOUSE_CERT: own.certificate, CLICKHOUSE_KEY: own.key });
  assert(http.includes("CLICKHOUSE_CA missing"), http);
});

Deno.test("a token comes from a file, which is read at every login, or from an issuer", () => {
  const files = new Map([["/token", "one\n"]]);
  const login = kafkaOf({ KAFKA_SASL_MECHANISM: "OAUTHBEARER", KAFKA_OAUTH_TOKEN_FILE: "/token" }, files).login!;
  assert(login.mechanism === "oauthbearer" && "token" in login);
  assertEquals(login.token().reveal(), "one");
  files.set("/token", "two");
  assertEquals(login.token().reveal(), "two");
  const issued = kafkaOf({
    KAFKA_SASL_MECHANISM: "oauthbearer",
    KAFKA_OAUTH_TOKEN_URL: "https://issuer.example.com/token",
    KAFKA_OAUTH_CLIENT_ID: "weir",
    KAFKA_OAUTH_CLIENT_SECRET: "sesame",
  }).login!;
  assert(issued.mechanism === "oauthbearer" && "issuer" in issued);
  assertEquals([issued.issuer.clientId, issued.issuer.scope], ["weir", undefined]);
  assert(!Deno.inspect(issued, { depth: 9 }).includes("sesame"));
});

/** What contradicts itself, and a part of what is said. */
const REFUSED: readonly (readonly [Record<string, string>, string])[] = [
  [{ KAFKA_SASL_MECHANISM: "oauthbearer" }, "set KAFKA_OAUTH_TOKEN_FILE"],
  [{ KAFKA_SASL_MECHANISM: "oauthbearer", KAFKA_OAUTH_CLIENT_ID: "weir" }, "or all of KAFKA_OAUTH_TOKEN_URL"],
  [{ KAFKA_OAUTH_TOKEN: "x" }, "KAFKA_SASL_MECHANISM=oauthbearer is missing"],
  [
    { KAFKA_SASL_MECHANISM: "oauthbearer", KAFKA_OAUTH_TOKEN: "x", KAFKA_SASL_USERNAME: "weir" },
    "KAFKA_SASL_USERNAME with oauthbearer",
  ],
  [
    { KAFKA_SASL_MECHANISM: "oauthbearer", KAFKA_OAUTH_TOKEN: "x", KAFKA_OAUTH_CLIENT_ID: "weir" },
    "both KAFKA_OAUTH_TOKEN and KAFKA_OAUTH_CLIENT_ID",
  ],
  [{ KAFKA_SASL_MECHANISM: "aws_msk_iam" }, "without AWS_REGION"],
  [{ KAFKA_SASL_MECHANISM: "AWS_MSK_IAM", AWS_REGION: "r", KAFKA_TLS: "no" }, "over TLS alone"],
  [{ KAFKA_SASL_MECHANISM: "aws_msk_iam", AWS_REGION: "r", AWS_ACCESS_KEY_ID: "k" }, "set both, or none"],
  [
    { KAFKA_SASL_MECHANISM: "aws_msk_iam", AWS_REGION: "r", KAFKA_OAUTH_SCOPE: "s" },
    "KAFKA_OAUTH_SCOPE with aws_msk_iam",
  ],
  [{ KAFKA_SASL_MECHANISM: "oauthbearer", KAFKA_OAUTH_TOKEN: "x", KAFKA_OAUTH_TOKEN_URL: "issuer" }, "an address"],
];

Deno.test("logins that contradict themselves are refused", async (t) => {
  for (const [environment, says] of REFUSED) {
    await t.step(says, () => {
      const problems = problemsOf(environment).join("\n");
      assert(problems.includes(says), problems);
    });
  }
});
