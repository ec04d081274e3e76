import type { TableJoinNode } from "../dsl/stream_nodes.ts";
import type { Row } from "../record/row.ts";
import { inTimeOrder, type JoinedEvent, joinKeyText, type JoinResult, newestUntil } from "./joined_events.ts";

type Spec = Pick<TableJoinNode, "kind" | "column" | "historyUs" | "graceUs">;

/**
 * The judge of joins of a stream (input 0) with a table (input 1): what each event of one partition causes, in order,
 * found by looking through all changes of the table for each event.
 */
export function computeTableJoin(
  events: readonly JoinedEvent[],
  { kind, column, historyUs, graceUs }: Spec,
): JoinResult[][] {
  const isEvent = ({ input, key, value }: JoinedEvent) => input === 0 && key !== null && value !== null;
  const own = newestUntil(events, isEvent);
  const table = newestUntil(events, ({ input, key }) => input === 1 && key !== null);
  const places = events.map((_, at) => at);

  /** The row of an event's key when the event at `moment` has come. */
  const rowOf = ({ key, timestampUs }: JoinedEvent, moment: number): Row | null => {
    const changes = places.slice(0, moment + 1).filter((at) =>
      events[at].input === 1 && events[at].key !== null && joinKeyText(events[at].key) === joinKeyText(key!)
    );
    if (historyUs === null) return changes.length === 0 ? null : events[changes.at(-1)!].value as Row | null;
    const known = changes.filter((at) => events[at].timestampUs >= table[at] - historyUs);
    known.sort((a, b) => events[a].timestampUs - events[b].timestampUs || a - b);
    const found = known.findLast((at) => events[at].timestampUs <= timestampUs);
    const isKnown = found === known.at(-1) || timestampUs >= table[moment] - historyUs;
    return found === undefined || !isKnown ? null : events[found].value as Row | null;
  };

  /** Because of which event the one at `at` is told; null: of none so far. */
  const toldAt = (at: number): number | null => {
    const event = events[at];
    if (!isEvent(event)) return null;
    if (graceUs === 0 || event.timestampUs < own[at] - graceUs) return at;
    return places.slice(at).find((later) => own[later] >= event.timestampUs + graceUs && isEvent(events[later])) ??
      null;
  };
  const told = places.map(toldAt);

  return places.map((at) => {
    const event = events[at];
    if (event.input === 0 && event.key === null && event.value !== null && kind === "left") {
      return [{ key: null, value: { ...event.value as Row, [column]: null }, timestampUs: event.timestampUs }];
    }
    return places.filter((earlier) => told[earlier] === at).sort(inTimeOrder(events)).flatMap((one) => {
      const { key, value, timestampUs } = events[one];
      const row = rowOf(events[one], at);
      return row === null && kind === "inner" ? [] : [{ key, value: { ...value as Row, [column]: row }, timestampUs }];
    });
  });
}
