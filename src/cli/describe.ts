import { compile } from "../plan/compile.ts";
import { describe } from "../plan/describe.ts";
import { describeMermaid } from "../plan/describe_mermaid.ts";
import { describeText } from "../plan/describe_text.ts";
import { loadConfiguration } from "./config/configuration.ts";
import { command, value } from "./command.ts";
import { readChoice } from "./option_values.ts";
import { loadTopologies } from "./topology_files.ts";

/** Prints the plan of topologies. */
export const describeCommand = command({
  name: "describe",
  operands: "[topology...]",
  operandCount: [0, Infinity],
  options: {
    format: value({
      placeholder: "FORMAT",
      expected: "text, json or mermaid",
      help: "text (default), json, or mermaid: a flow chart that Markdown readers draw.",
      read: readChoice("text", "json", "mermaid"),
    }),
  },
  description: [
    "Shows the plan of topologies, by default of all files of topologies/: operators and where they run, which " +
    "joins are subscribed and",
    "which replicated, tasks with their stores and inboxes, sinks, and what a change costs. Runs nothing.",
  ].join("\n"),
  examples: ["deno task describe sales", "deno task describe sales --format mermaid"],
  run: async ({ operands, options }) => {
    const files = await loadTopologies(loadConfiguration().topologiesDirectory, operands);
    const descriptions = files.map(({ topology }) => describe(compile(topology), topology));
    switch (options.format ?? "text") {
      case "text":
        console.log(descriptions.map(describeText).map((text) => text.trimEnd()).join("\n\n"));
        break;
      case "mermaid":
        console.log(descriptions.map(describeMermaid).map((text) => text.trimEnd()).join("\n\n"));
        break;
      case "json":
        console.log(JSON.stringify(descriptions.length === 1 ? descriptions[0] : descriptions, null, 2));
    }
    return 0;
  },
});
