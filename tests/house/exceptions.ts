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
  place: [
    {
      reason: "it starts a process with a module beside it, of either form, and the configuration that it runs with",
      names: [
        "src/adapters/embedded_clickhouse/clickhouse.ts",
        "src/cli/dev/preview_process.ts",
        "src/cli/proof/proof_process.ts",
        "src/cli/side_process.ts",
      ],
    },
    {
      reason: "a library is looked for where Weir's own are, if Weir is a file, and in the project",
      names: ["src/adapters/embedded_clickhouse/chdb.ts", "src/cli/verify/mysql_client.ts"],
    },
    {
      reason: "whether this is a checkout, a package of files or one of a registry is what it tells",
      names: [
        "src/cli/module_graph.ts",
        "src/cli/new/create_project.ts",
        "src/cli/new/imports.ts",
        "src/cli/revision.ts",
      ],
    },
    {
      reason: "it takes this machine's folders out of the traces of errors, wherever Weir is",
      names: ["src/runtime/delivery/letter_text.ts"],
    },
  ],
};
