import { compile } from "../plan/compile.ts";
import { describe } from "../plan/describe.ts";
import { describeMermaid } from "../plan/describe_mermaid.ts";
import { describeText } from "../plan/describe_text.ts";
import { command, flag, value } from "./command.ts";
import { configurationOf, dataOption, topologiesOption } from "./data_option.ts";
import { describeLive } from "./describe_live.ts";
import { readChoice } from "./option_values.ts";
import { readUrls } from "./running_instances.ts";
import { UsageError } from "./usage_error.ts";
import { loadTopologies } from "./topology_files.ts";

/** Prints the plan of topologies. */
export const describeCommand = command({
  name: "describe",
  operands: "[topology...]",
  operandCount: [0, Infinity],
  options: {
    live: flag("What became of the rows at each operator of a running topology, instead of the plan."),
    url: value({
      placeholder: "URL",
      expected: "an address such as http://weir-1:8686",
      help: "With --live: the instance to ask, which asks the others (default: the one that runs here).",
      read: readUrls,
    }),
    data: dataOption,
    topologies: topologiesOption,
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
    "",
    "With --live it asks a running instance how many rows there are at each operator, of all instances together, and " +
    "how many are",
    "filtered out, have no partner, wait or failed; --format json gives it with totals, lag and tasks.",
  ].join("\n"),
  examples: ["deno task describe sales", "deno task describe sales --format mermaid", "deno task describe --live"],
  run: async ({ operands, options }) => {
    if (options.live) return await describeLive(operands, { ...options, configuration: configurationOf(options) });
    if (options.url !== undefined) throw new UsageError(['Cannot use "--url" without --live: a plan is in files']);
    const files = await loadTopologies(configurationOf(options).topologiesDirectory, operands);
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
