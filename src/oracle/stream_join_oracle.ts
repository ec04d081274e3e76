import type { StreamJoinNode } from "../dsl/stream_nodes.ts";
import type { Row } from "../record/row.ts";
import { inTimeOrder, type JoinedEvent, joinKeyText, type JoinResult, newestUntil } from "./joined_events.ts";

type Spec = Pick<StreamJoinNode, "kind" | "beforeUs" | "afterUs" | "graceUs" | "columns">;

/**
 * The judge of joins of two streams: what each event of one partition causes, in order, found by comparing every event
 * with every other one.
 */
export function computeStreamJoin(events: readonly JoinedEvent[], spec: Spec): JoinResult[][] {
  const { kind, beforeUs, afterUs, graceUs } = spec;
  const counts = ({ key, value }: JoinedEvent) => key !== null && value !== null;
  const newest = [0, 1].map((side) => newestUntil(events, (event) => counts(event) && event.input === side));
  const stream = newestUntil(events, counts);
  const preserved = (event: JoinedEvent) => event.input === 0 ? kind !== "inner" : kind === "outer";
  const lastPartnerUs = ({ input, timestampUs }: JoinedEvent) => timestampUs + (input === 0 ? afterUs : beforeUs);

  /** Whether the one at `earlier` is a partner of the one at `later`, which comes when it is still kept. */
  const meet = (earlier: number, later: number) => {
    const [a, b] = [events[earlier], events[later]];
    if (!counts(a) || !counts(b) || a.input === b.input || joinKeyText(a.key!) !== joinKeyText(b.key!)) return false;
    const [left, right] = a.input === 0 ? [a, b] : [b, a];
    const ahead = right.timestampUs - left.timestampUs;
    const kept = a.timestampUs > newest[a.input][later] - beforeUs - afterUs - graceUs;
    return kept && -beforeUs <= ahead && ahead <= afterUs;
  };
  const places = events.map((_, at) => at);
  const partnersOf = places.map((at) =>
    places.slice(0, at).filter((earlier) => meet(earlier, at)).sort((a, b) =>
      events[a].timestampUs - events[b].timestampUs || a - b
    )
  );

  /** Because of which event it is told without a partner: itself, a later one, or none. */
  const toldAt = (at: number): number | null => {
    const event = events[at];
    if (event.value === null || !preserved(event)) return null;
    if (event.key === null) return at;
    if (partnersOf[at].length > 0) return null;
    if (lastPartnerUs(event) < stream[at]) return at;
    const behind = places.slice(at + 1);
    const closes = behind.find((later) => stream[later] > lastPartnerUs(event) + graceUs);
    const met = behind.find((later) => partnersOf[later].includes(at));
    return closes === undefined || (met !== undefined && met < closes) ? null : closes;
  };
  const told = places.map(toldAt);

  return places.map((at) => {
    const closed = places.filter((earlier) => told[earlier] === at && earlier !== at);
    closed.sort((a, b) =>
      events[a].timestampUs - events[b].timestampUs || events[b].input - events[a].input || inTimeOrder(events)(a, b)
    );
    return [
      ...closed.map((earlier) => result(spec, [events[earlier]])),
      ...partnersOf[at].map((partner) => result(spec, [events[at], events[partner]])),
      ...told[at] === at ? [result(spec, [events[at]])] : [],
    ];
  });
}

function result({ columns }: Spec, sides: readonly JoinedEvent[]): JoinResult {
  const valueOf = (input: number) => sides.find((side) => side.input === input)?.value ?? null;
  const value: Row = columns.left === null
    ? { ...valueOf(0) as Row, [columns.right]: valueOf(1) }
    : { [columns.left]: valueOf(0), [columns.right]: valueOf(1) };
  return { key: sides[0].key, value, timestampUs: Math.max(...sides.map(({ timestampUs }) => timestampUs)) };
}
