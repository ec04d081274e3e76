import type { StreamAggregateNode } from "../dsl/stream_nodes.ts";
import { type Key, keyOf } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { type GroupedEvent, StreamFold } from "./stream_fold.ts";
import { type Group, type Timed, type Windowed, windowsOf } from "./stream_windows.ts";

/**
 * The judge of aggregates over streams: all rows that an aggregate shows after these events, recomputed from scratch,
 * window by window. `events`: of one partition of its repartition topic, in order. An event that adds what no total can
 * be made of counts in no window, but its time passes.
 */
export function streamAggregateRows(node: StreamAggregateNode, events: readonly GroupedEvent[]): Row[] {
  const groups = new Map<Key, Timed[]>();
  const fold = new StreamFold(node);
  let streamTimeUs = -Infinity;
  for (const event of events) {
    streamTimeUs = Math.max(streamTimeUs, event.timestampUs);
    if (fold.isRefused(event)) continue;
    const key = keyOf(Object.keys(event.columns).sort().map((column) => event.columns[column]));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [{ event, streamTimeUs }]);
    else group.push({ event, streamTimeUs });
  }
  return [...groups.values()].flatMap((group) => {
    const { columns } = group[0].event;
    return rowsOf(node, { events: group, fold })
      .filter(({ closesAtUs }) => node.emit === "update" || closesAtUs <= streamTimeUs)
      .map(({ start, end, totals }) => {
        const key = node.window === null ? columns : { ...columns, window_start: start, window_end: end };
        return { ...totals, ...key };
      });
  });
}

type Totalled = Omit<Windowed, "content"> & { readonly totals: Row };

/** What the events of one group make. If they make no values together, each is tried as it came. */
function rowsOf(node: StreamAggregateNode, { events, fold }: Group): Totalled[] {
  const made = attempt(node, { events, fold });
  if (made !== null) return made;
  const taken: Timed[] = [];
  for (const event of events) if (attempt(node, { events: [...taken, event], fold }) !== null) taken.push(event);
  return attempt(node, { events: taken, fold })!;
}

function attempt({ window }: StreamAggregateNode, group: Group): Totalled[] | null {
  try {
    return windowsOf(window, group).map(({ content, ...rest }) => ({
      ...rest,
      totals: group.fold.totals(content),
    }));
  } catch {
    return null;
  }
}
