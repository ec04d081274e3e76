import type { Topology } from "../../dsl/topology.ts";
import { ConfigError } from "../../record/errors.ts";
import type { Configuration } from "../config/configuration.ts";
import { topologyNames } from "../topology_files.ts";

/** @throws ConfigError when tables are to be taken over from a topology that is still there */
export function refuseTakeOver(
  { run: { takeOver }, topologiesDirectory }: Pick<Configuration, "run" | "topologiesDirectory">,
  topologies: readonly Topology[],
): void {
  if (takeOver.length === 0) return;
  const there = new Set([...topologyNames(topologiesDirectory), ...topologies.map(({ name }) => name)]);
  const problems = takeOver.filter((name) => there.has(name)).map((name) =>
    `Cannot take over the tables of topology "${name}": it is still in ${topologiesDirectory}/. Remove it there, or ` +
    `leave --take-over (WEIR_TAKE_OVER) out`
  );
  if (problems.length > 0) throw new ConfigError(problems);
}
