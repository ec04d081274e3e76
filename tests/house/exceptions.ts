import type { Exceptions } from "./compare.ts";
import longLines from "./long_lines.json" with { type: "json" };
import { PARAMETER_EXCEPTIONS } from "./parameter_exceptions.ts";

/**
 * Who may break a rule of the house, and why. The list may only shrink: a name that no longer needs its exception fails
 * the test until it is taken out. A new one needs a better reason than that it is easier.
 */
export const EXCEPTIONS: Exceptions = {
  boolean: [
    {
      reason: "the function belongs to a library, whose order is not ours",
      names: [
        "src/adapters/embedded_clickhouse/clickhouse_engine.ts Addon.InsertRawAsyncConnection",
        "src/adapters/embedded_log/log_store.ts setReturnArrays",
        "src/adapters/kafka/protocol/kafkajs_internals.ts KafkaJsConnection.setSupportAuthenticationProtocol",
      ],
    },
    {
      reason: "older than this rule: repair it when its file is opened next",
      names: [
        "tests/adapters/kafka/protocol/codec_bench.ts decodeOurs",
        "tests/cli/start/status_changes_test.ts proof",
        "tests/conformance/topologies.ts joined",
        "tests/processor/aggregate_test.ts big",
        "tests/processor/aggregate_test.ts mean",
        "tests/stack/artifacts.ts need",
        "tools/secrets/make_secrets.ts writeEnvironment",
      ],
    },
  ],
  export: [
    {
      reason: "older than this rule: repair it when its file is opened next",
      names: [
        "compose/kafka/prepare_kafka.ts prepareAcls",
        "tests/bench/throughput.ts topicsOf",
        "tests/bench/usage.ts residentBytesOf",
        "tests/compose/live/scenarios/crashes.ts EVERYTHING",
        "tests/compose/secure_kafka.ts brokerProperties",
        "tests/ports/log_conformance.ts LogCapability",
        "tests/ports/log_conformance_support.ts PATIENCE_MS",
        "tests/ports/warehouse_conformance.ts OpenedWarehouse",
        "tests/stack/e2e/prometheus.ts RuleState",
        "tests/stack/e2e/prometheus.ts Series",
        "tests/stack/e2e/prometheus.ts Target",
        "tests/stack/e2e/transactions.ts Run",
        "tests/stack/process.ts logFile",
        "tools/picture/frame.ts timeOf",
        "tools/picture/theme.ts SERIES",
      ],
    },
  ],
  error: [
    {
      reason: "older than this rule: repair it when its file is opened next",
      names: [
        "compose/debezium/register_connector.ts putConfig",
        "compose/debezium/register_connector.ts registerConnector",
        "compose/kafka/prepare_kafka.ts createTopics",
        "compose/kafka/prepare_kafka.ts kafkaConfig",
        "compose/kafka/prepare_kafka.ts kafkaConfig",
        "compose/kafka/prepare_kafka.ts prepareTopics",
        "tools/dashboards/demo_load.ts put",
        "tools/kubernetes_schema.ts (file)",
        "tools/lock.ts (file)",
        "tools/secrets/certificates.ts openssl",
        "tools/secrets/make_secrets.ts makeSecrets",
      ],
    },
  ],
  function: [
    {
      reason: "older than this rule: repair it when its file is opened next",
      names: [
        'tests/cli/config/configuration_test.ts callback of test "readConfiguration() refuses"',
        "tests/compose/secure_kafka.ts startSecureKafka",
        'tests/grafana/panel_queries_test.ts callback of test "panels that ask ClickHouse, after a demo"',
      ],
    },
  ],
  parameters: PARAMETER_EXCEPTIONS,
  line: [{
    reason: "older than this rule: break the line when its file is opened next",
    // By file, how many lines.
    names: Object.entries(longLines).flatMap(([path, count]) => new Array<string>(count).fill(path)),
  }],
};
