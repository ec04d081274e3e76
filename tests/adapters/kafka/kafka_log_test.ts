import { openKafka } from "../../../src/adapters/kafka/kafka_log.ts";
import { logConformance, type LogFeatures, type OpenedLog } from "../../ports/log_conformance.ts";
import { brokers, compactingSoon, deleteTopic, waitForCompaction } from "./real_broker.ts";

const features: LogFeatures = { lacks: {} };

function open(): Promise<OpenedLog> {
  const log = compactingSoon(openKafka({ brokers, clientId: "weir-test", sessionTimeoutMs: 10_000 }));
  return Promise.resolve({
    log,
    close: () => log.close(),
    deleteTopic,
    compact: (topic) => waitForCompaction(log, topic),
    async reopen() {
      await log.close();
      return await open();
    },
  });
}

if (brokers.length > 0) logConformance("openKafka()", features, open);
else {
  Deno.test({
    name: "openKafka(): conformance (needs a broker: set WEIR_TEST_KAFKA to host:port)",
    ignore: true,
    fn: () => {},
  });
}
