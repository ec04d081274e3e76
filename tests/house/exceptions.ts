import type { Exceptions } from "./compare.ts";
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
        "src/adapters/embedded_clickhouse/chdb.ts Addon.InsertRawAsyncConnection",
        "src/adapters/embedded_log/log_store.ts setReturnArrays",
        "src/adapters/kafka/protocol/kafkajs_internals.ts KafkaJsConnection.setSupportAuthenticationProtocol",
      ],
    },
  ],
  parameters: PARAMETER_EXCEPTIONS,
};
