import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openKafka } from "../../../src/adapters/kafka/kafka_log.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { opensslInstalled } from "../../../tools/secrets/certificates.ts";
import { ownCertificate } from "../../cli/config/own_certificate.ts";
import { permitted } from "../../cli/support.ts";

const ignore = !permitted || !await opensslInstalled();

/**
 * What openKafka() says of a listener at `localhost` that shows a certificate of this name, which is signed by whom the
 * client trusts, and how many bytes arrive behind the handshake.
 */
async function tryWith(name: string) {
  const { certificate, key } = await ownCertificate(name, { server: true });
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: certificate, key });
  let arrived = 0;
  let handshakes = 0;
  const serving = (async () => {
    for (;;) {
      let connection: Deno.TlsConn;
      try {
        connection = await listener.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
        continue;
      }
      handshakes++;
      try {
        arrived += await connection.read(new Uint8Array(4096)) ?? 0;
      } catch {
        // The client has ended it: with an alert, or by closing.
      }
      connection.close();
    }
  })();
  const log = openKafka({
    brokers: [`localhost:${listener.addr.port}`],
    clientId: "c",
    tls: () => ({ ca: certificate }),
    sasl: { mechanism: "plain", username: "u", password: "very-secret" },
    ...{ connectTimeoutMs: 2_000, operationTimeoutMs: 3_000, deliveryTimeoutMs: 3_000, requestTimeoutMs: 2_000 },
  });
  try {
    const error = await assertRejects(() => log.topics(["t"]), ProductionError);
    assert(!error.message.includes("very-secret"));
    return { message: error.message, arrived: () => arrived, handshakes: () => handshakes };
  } finally {
    await log.close();
    listener.close();
    await serving;
  }
}

Deno.test("openKafka() refuses a broker whose certificate is of another name, and sends nothing of the login", {
  ignore,
}, async () => {
  const wrong = await tryWith("kafka.elsewhere");
  assertStringIncludes(wrong.message, "Cannot trust Kafka at ");
  assertEquals([wrong.arrived(), wrong.handshakes() > 0], [0, true]);
  // The same of the right name: it is the name that was refused, and bytes would have been seen.
  const right = await tryWith("localhost");
  assert(!right.message.includes("Cannot trust"), right.message);
  assert(right.arrived() > 0, right.message);
});
