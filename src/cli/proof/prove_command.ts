import { ConfigError } from "../../record/errors.ts";
import { command, flag, value } from "../command.ts";
import type { Configuration } from "../config/configuration.ts";
import { configurationOf, topologiesOption } from "../data_option.ts";
import { readUrls } from "../running_instances.ts";
import { createJsonOutput } from "../start/json_output.ts";
import { createTerminalOutput } from "../start/terminal_output.ts";
import { instancesOf } from "../store/store_instances.ts";
import { lowerPriority } from "./lower_priority.ts";
import { ProofService } from "./proof_service.ts";

/** Compares what instances show while they run, for those that may begin no process. */
export const proveCommand = command({
  name: "prove",
  operands: "",
  operandCount: [0, 0],
  options: {
    url: value({
      placeholder: "URL[,URL]",
      expected: "addresses such as http://weir-1:8686, with commas between them",
      help: "Instances to ask and to tell, of which any may answer (default: the one that runs here).",
      read: readUrls,
    }),
    topologies: topologiesOption,
    json: flag("Prints JSON lines, as it does by itself on a pipe."),
  },
  description: [
    "The continuous proof as a service: compares the tables of all topologies that instances run with PostgreSQL,",
    "while they run, and tells the instances, which show it. For instances that may begin no process of their own (no",
    "--allow-run), as in containers; else they do this themselves. Set WEIR_PROOF=service on the instances. It reads,",
    "and writes nothing.",
    "",
    "It asks an instance for the records that totals of streams, append tables and topics are compared with.",
    "",
    "Needs the same topology files, version and CLICKHOUSE_... as the instances (a user that reads is enough),",
    "VERIFY_DATABASE_URL, and their WEIR_STORE_PASSWORD. KAFKA_BROKERS must be set, and nobody is asked there.",
  ].join("\n"),
  examples: ["deno task prove", "deno task prove --url http://weir-1:8686,http://weir-2:8686"],
  run: async ({ options }) => {
    const configuration = configurationOf(options);
    refuseWithout(configuration);
    const asked = { urls: options.url, why: "what runs" };
    const { urls, password } = await instancesOf(configuration, asked);
    const plain = options.json || !Deno.stdout.isTerminal();
    const output = (plain ? createJsonOutput : createTerminalOutput)(configuration.logLevel);
    const ended = new Promise<number>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => resolve(0));
    });
    lowerPriority();
    const service = new ProofService({ configuration, urls, password, onEvent: (event) => output.event(event) });
    try {
      const status = await Promise.race([ended, service.run()]);
      output.event({ level: "info", name: "ended", text: "Ended: nothing is compared any more" });
      return status;
    } finally {
      output.close();
    }
  },
});

/** @throws ConfigError for what it cannot do without */
function refuseWithout({ kafka, proof }: Configuration): void {
  if (kafka === null) {
    throw new ConfigError([
      "Cannot compare as a service in embedded mode: an instance there compares by itself. Set KAFKA_BROKERS and " +
      "CLICKHOUSE_URL as for the instances",
    ]);
  }
  if (proof.database === null) {
    throw new ConfigError(["Cannot compare without the source: set VERIFY_DATABASE_URL to PostgreSQL"]);
  }
}
