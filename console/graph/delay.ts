import type { LiveTopology, PlannedTopology } from "../api/contract.ts";
import type { Rate } from "../state/rates.ts";

/** How long rows wait: quick below a second, slow below ten; stopped: they wait, and none passes. */
export type Delay = "unknown" | "quick" | "slow" | "late" | "stopped";

export const DELAYS: Readonly<Record<Delay, string>> = {
  quick: "under 1 s behind",
  slow: "under 10 s",
  late: "10 s and more",
  stopped: "waiting, none passes",
  unknown: "not known",
};

/** Records behind that are no delay: what came while the last message was made. */
const RECORDS_IDLE = 5;

/**
 * How long records of a topic wait, by those that are behind and those that pass. Undefined lag: nobody knows.
 */
export function delayOf(lagRecords: number | undefined, perSecond: number): Delay {
  if (lagRecords === undefined) return "unknown";
  if (lagRecords <= RECORDS_IDLE) return "quick";
  if (perSecond < 0.05) return "stopped";
  const seconds = lagRecords / perSecond;
  return seconds < 1 ? "quick" : seconds < 10 ? "slow" : "late";
}

/**
 * The delay of each node, by its id: that of the topic it reads, and for all others the worst of what they come from.
 */
export function delaysOf(
  { nodes, edges }: PlannedTopology,
  { live, rates }: { readonly live: LiveTopology | undefined; readonly rates: ReadonlyMap<string, Rate> },
): ReadonlyMap<string, Delay> {
  const inputs = new Map<string, string[]>();
  for (const { from, to } of edges) inputs.set(to, [...inputs.get(to) ?? [], from]);
  const found = new Map<string, Delay>();
  const visit = (id: string, trail: ReadonlySet<string>): Delay => {
    const known = found.get(id);
    if (known !== undefined || trail.has(id)) return known ?? "unknown";
    const node = nodes.find((one) => one.id === id);
    const topic = [node?.topic, node?.label].find((name) => typeof name === "string" && live?.lag[name] !== undefined);
    const from = (inputs.get(id) ?? []).map((input) => visit(input, new Set([...trail, id])));
    const own = topic === undefined || topic === null
      ? []
      : [delayOf(live?.lag[topic], rates.get(id)?.in ?? rates.get(id)?.out ?? 0)];
    const delay = worst([...own, ...from]);
    found.set(id, delay);
    return delay;
  };
  for (const { id } of nodes) visit(id, new Set());
  return found;
}

function worst(delays: readonly Delay[]): Delay {
  const order: readonly Delay[] = ["unknown", "quick", "slow", "late", "stopped"];
  return order[Math.max(0, ...delays.map((delay) => order.indexOf(delay)))];
}
