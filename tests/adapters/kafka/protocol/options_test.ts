import { assertEquals, assertThrows } from "@std/assert";
import { kafkaSettings } from "../../../../src/adapters/kafka/protocol/options.ts";
import { ConfigError } from "../../../../src/record/errors.ts";

Deno.test("kafkaSettings() reads addresses and fills in defaults", () => {
  const settings = kafkaSettings({ brokers: ["a:9092", "[::1]:9093"], clientId: "c", deliveryTimeoutMs: undefined });
  assertEquals(settings.bootstrap, [{ host: "a", port: 9092 }, { host: "::1", port: 9093 }]);
  assertEquals([settings.deliveryTimeoutMs, settings.compression], [120_000, "none"]);
});

Deno.test("kafkaSettings() reports all problems at once, and no secret", () => {
  const secret = "hunter2-secret";
  const error = assertThrows(() =>
    kafkaSettings({
      brokers: ["nonsense", "host:99999"],
      clientId: "c",
      tls: { ca: secret, cert: `-----BEGIN CERTIFICATE-----\n${secret}` },
      sasl: { mechanism: "oauth" as "plain", username: "", password: secret },
      heartbeatIntervalMs: 20_000,
    }), ConfigError);
  assertEquals(error.problems.length, 7);
  assertEquals(error.message.includes(secret), false);
});

Deno.test("kafkaSettings() refuses an empty list of brokers", () => {
  assertThrows(() => kafkaSettings({ brokers: [], clientId: "c" }), ConfigError, "it is empty");
});
