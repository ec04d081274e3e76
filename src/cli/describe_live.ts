import { ConfigError } from "../record/errors.ts";
import { didYouMean } from "../record/nearest.ts";
import type { GatheredState } from "./api/live_state.ts";
import type { GraphNode } from "./api/plan_graph.ts";
import type { Configuration } from "./config/configuration.ts";
import { liveCountsText } from "./live_counts.ts";
import { askedText } from "./instances/asked_text.ts";
import { runningInstances } from "./running_instances.ts";
import { writeOut } from "./start/output.ts";
import { UsageError } from "./usage_error.ts";

interface LiveOptions {
  readonly configuration: Configuration;
  readonly url?: readonly string[];
  readonly format?: "text" | "json" | "mermaid";
}

/**
 * Prints what became of rows and events at each operator of running topologies: of those named, or of all.
 * @throws ConfigError when nothing runs, or it does not answer
 */
export async function describeLive(
  names: readonly string[],
  { configuration, url: urls, format = "text" }: LiveOptions,
): Promise<number> {
  if (format === "mermaid") throw new UsageError(['Cannot use "--live" with --format mermaid: use text or json']);
  const [url] = await runningInstances(configuration, { urls, why: "counts" });
  const password = configuration.storePassword?.reveal() ?? null;
  const { topologies: planned } = JSON.parse(await askedText(url, { path: "/api/plan", password })) as {
    readonly topologies: readonly { readonly name: string; readonly nodes: readonly GraphNode[] }[];
  };
  const asked = { path: "/api/state", parameters: { once: "true" }, password };
  const state = JSON.parse(await askedText(url, asked)) as GatheredState;
  const known = planned.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new ConfigError(
      unknown.map((name) =>
        `Cannot describe "${name}" as a running topology: there are ${known.join(", ")}${didYouMean(name, known)}`
      ),
    );
  }
  const wanted = planned.filter(({ name }) => names.length === 0 || names.includes(name));
  if (format === "json") {
    const topologies = state.topologies.filter(({ name }) => wanted.some((one) => one.name === name));
    writeOut(`${JSON.stringify({ ...state, topologies }, null, 2)}\n`);
  } else writeOut(wanted.map((topology) => liveCountsText(topology, state)).join("\n"));
  return 0;
}
