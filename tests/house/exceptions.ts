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
        "src/adapters/embedded_clickhouse/clickhouse_engine.ts release",
        "src/adapters/kafka/group/membership.ts KafkaMembership.#refusal",
        "src/formats/unknown_columns.ts UnknownColumns.see",
        "src/formats/unknown_columns.ts shapeOf",
        "src/record/errors.ts ProductionError.constructor",
        "src/runtime/conversation/share_sender.ts ShareSender.#send",
        "src/runtime/lifecycle/unfinished.ts unfinishedTo",
      ],
    },
  ],
  export: [
    {
      reason: "older than this rule: repair it when its file is opened next",
      names: [
        "src/demo/mod.ts DemoRunOptions",
        "src/demo/mod.ts DemoStoreOptions",
        "src/demo/mod.ts FillLogOptions",
        "src/demo/mod.ts ORDERS_MAX",
        "src/demo/mod.ts OnProgress",
        "src/demo/mod.ts OrderStatus",
        "src/demo/mod.ts Rows",
        "src/demo/mod.ts SellerRow",
        "src/demo/mod.ts StoreView",
        "src/demo/mod.ts TOPIC_PREFIX",
        "src/demo/mod.ts UserRow",
        "src/runtime/runner.ts TaskStatus",
        "src/runtime/runner.ts UnreadTopic",
      ],
    },
  ],
  error: [
    {
      reason: "older than this rule: repair it when its file is opened next",
      names: [
        "src/adapters/embedded_log/log_group.ts LogGroups.#notify",
        "src/adapters/kafka/protocol/kafkajs_internals.ts closedByClient",
        "src/cli/start/topology_run.ts TopologyRun.#untilFailure",
      ],
    },
  ],
  function: [
    {
      reason: "older than this rule: repair it when its file is opened next",
      names: [
        "src/adapters/clickhouse/connection.ts connect",
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
