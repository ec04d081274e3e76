import { leftOvers } from "../../adapters/clickhouse/left_overs.ts";
import type { Topology } from "../../dsl/topology.ts";
import { compile } from "../../plan/compile.ts";
import { clickHouseSinksOf } from "../../plan/outputs_of.ts";
import type { Configuration } from "../config/configuration.ts";
import { topologyNames } from "../topology_files.ts";
import { writeCommand } from "../write_command.ts";
import type { Event } from "./output.ts";
import type { World } from "./world.ts";

/**
 * What removed topologies and renamed columns have left behind in ClickHouse, with the statement that removes it: Weir
 * itself drops nothing. Told only when every file of the directory of topologies runs here: what a file that does not
 * run declares is not left over.
 */
export async function leftOverEvents(
  { configuration, topologies }: { readonly configuration: Configuration; readonly topologies: readonly Topology[] },
  { ports: { warehouse }, mode }: Pick<World, "ports" | "mode">,
): Promise<Event[]> {
  if (topologies.length < topologyNames(configuration.topologiesDirectory).length) return [];
  const declared = topologies.flatMap((topology) => clickHouseSinksOf(compile(topology)).map(({ table }) => table));
  const { database, clickhouse } = configuration;
  const left = await leftOvers(warehouse, { database, cluster: clickhouse?.cluster ?? undefined, declared });
  return left.map(({ what, statement }) => {
    const embedded = mode === "embedded";
    // A server may be used by several installations of Weir, a data directory by one.
    const unless = embedded ? "If nobody needs it" : "If nothing else writes it and nobody needs it";
    const command = embedded ? writeCommand(configuration.dataDirectory, statement) : statement;
    return {
      level: "warn",
      name: "left over",
      text:
        `No topology of ${configuration.topologiesDirectory}/ writes ${what} any more. ${unless}, remove it with: ` +
        command,
      fields: { what, statement },
    };
  });
}
