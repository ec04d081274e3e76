import { assert, assertEquals, assertRejects } from "@std/assert";
import { openKafka } from "../../src/adapters/kafka/kafka_log.ts";
import { issuedTokens } from "../../src/adapters/kafka/oauth_token.ts";
import type { KafkaOptions } from "../../src/adapters/kafka/protocol/options.ts";
import type { Bytes, Log } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { type LoginBroker, SESSION_MS, startLoginBroker } from "./login_broker.ts";

const ignore = Deno.env.get("WEIR_TEST_STACK") === undefined;
const suffix = ignore ? " (starts a broker of its own: set WEIR_TEST_STACK=1)" : "";
/** Longer than the sessions of two logins. */
const USED_MS = 2.5 * SESSION_MS;

let broker: LoginBroker;

Deno.test.beforeAll(async () => {
  if (!ignore) broker = await startLoginBroker();
});

Deno.test.afterAll(async () => {
  if (!ignore) await broker[Symbol.asyncDispose]();
});

function logWith(options: Pick<KafkaOptions, "brokers" | "tls" | "sasl">): Log {
  return openKafka({ ...options, clientId: "logins", operationTimeoutMs: 5_000, deliveryTimeoutMs: 5_000 });
}

function textOf(value: Bytes | null): string {
  return typeof value === "string" ? value : new TextDecoder().decode(value!);
}

/** A token as Kafka takes it where nobody signs them. */
function tokenFor(subject: string, lifetimeS: number): string {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
  const iat = Math.floor(Date.now() / 1_000);
  return `${part({ alg: "none" })}.${part({ sub: subject, iat, exp: iat + lifetimeS, scope: [] })}.`;
}

Deno.test({
  name: `an instance logs in by tokens, again and again while it works${suffix}`,
  ignore,
  async fn() {
    let issued = 0;
    const answer = () => {
      issued++;
      return Response.json({ access_token: tokenFor("weir", SESSION_MS / 1_000), expires_in: SESSION_MS / 1_000 });
    };
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
    const url = `http://127.0.0.1:${server.addr.port}/token`;
    const token = issuedTokens({ url, clientId: "weir", clientSecret: "s" });
    const log = logWith({ brokers: [broker.oauth], sasl: { mechanism: "oauthbearer", token } });
    try {
      await log.createTopic({ name: "tokens", partitions: 1, cleanup: "delete", retentionMs: -1 });
      const reader = log.reader();
      reader.seek("tokens", 0, 0);
      const read: string[] = [];
      let written = 0;
      for (const endMs = performance.now() + USED_MS; performance.now() < endMs; written++) {
        await log.append([{ topic: "tokens", partition: 0, records: [{ key: null, value: String(written) }] }]);
        for (const { records, problem } of await reader.poll(100)) {
          assertEquals(problem, undefined);
          read.push(...records.map(({ value }) => textOf(value)));
        }
      }
      while (read.length < written) {
        for (const { records } of await reader.poll(1_000)) {
          read.push(...records.map(({ value }) => textOf(value)));
        }
      }
      assertEquals(read, Array.from({ length: written }, (_, index) => String(index)));
      assert(written > 50 && issued >= 3, `${written} records, ${issued} tokens`);
      await reader.close();
    } finally {
      await log.close();
      await server.shutdown();
    }
  },
});

Deno.test({
  name: `a token that does not hold is refused for good, with a sentence${suffix}`,
  ignore,
  async fn() {
    const old = logWith({
      brokers: [broker.oauth],
      sasl: { mechanism: "oauthbearer", token: () => Promise.resolve(tokenFor("weir", -60)) },
    });
    const error = await assertRejects(() => old.offsets("tokens"), ProductionError, "invalid_token");
    assertEquals(error.retriable, false);
    await old.close();
  },
});

Deno.test({
  name: `an instance shows its certificate, and another one once it is renewed${suffix}`,
  ignore,
  async fn() {
    const { ca, clients, tls } = broker;
    let [own] = clients;
    let asked = 0;
    const current = () => {
      asked++;
      return { ca, cert: own.certificate, key: own.key };
    };
    const log = logWith({ brokers: [tls], tls: current });
    await log.createTopic({ name: "certificates", partitions: 1, cleanup: "delete", retentionMs: -1 });
    const before = asked;
    own = clients[1];
    const reader = log.reader();
    reader.seek("certificates", 0, 0);
    await log.append([{ topic: "certificates", partition: 0, records: [{ key: null, value: "x" }] }]);
    assertEquals((await reader.poll(5_000))[0].records.length, 1);
    assert(asked > before, "connections that are made later have the new certificate");
    await reader.close();
    await log.close();
    const stranger = logWith({ brokers: [tls], tls: { ca } });
    await assertRejects(() => stranger.offsets("certificates"), ProductionError);
    await stranger.close();
  },
});
