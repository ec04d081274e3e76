import type { AppendSpec } from "../../dsl/append_sink.ts";
import type { AppendNode } from "../../dsl/stream_nodes.ts";
import type { Topology } from "../../dsl/topology.ts";
import { computeAppends } from "../../oracle/append_oracle.ts";
import { WHY_TAKEN } from "../verify/why_taken.ts";
import type { LeftOut } from "./proof_report.ts";
import { streamsBehind } from "./proved_totals.ts";

const DEPENDS =
  "its rows depend on what was there, or came before, when each event was processed, which nobody can compute again";
const EXPIRES = "ClickHouse removes its rows when their time is over (ttl)";

/**
 * Which append tables of a topology can be compared while it runs, and why the others cannot. `withheld`: why no
 * records of topics can be read.
 */
export function provedAppends(
  topology: Topology,
  { withheld }: { readonly withheld: string | null },
): { readonly appends: readonly AppendSpec[]; readonly appendsLeftOut: readonly LeftOut[] } {
  const computed = computeAppends(topology, () => []);
  const appends: AppendSpec[] = [];
  const appendsLeftOut: LeftOut[] = [];
  for (const node of topology.streams) {
    if (node.op !== "append") continue;
    const reason = computed.get(node.name) === null ? DEPENDS : withheld ?? reasonOf(topology, node);
    if (reason === null) appends.push(node.sink);
    else appendsLeftOut.push({ topology: topology.name, sink: node.sink.name, reason });
  }
  return { appends, appendsLeftOut };
}

function reasonOf({ streams }: Topology, node: AppendNode): string | null {
  if (node.sink.ttl !== null) return EXPIRES;
  const sources = streamsBehind(streams, node).flatMap((one) => one.op === "events" ? [one.source] : []);
  const latest = sources.find(({ from }) => from === "latest");
  if (latest !== undefined) {
    return `nobody knows with which record of "${latest.topic}" it has begun, as it did with the newest of that time`;
  }
  const repeats = sources.find(({ dropsRepeats }) => dropsRepeats);
  return repeats === undefined ? null : WHY_TAKEN.repeats(repeats.topic);
}
