import type { StreamAggregateNode } from "../../dsl/stream_nodes.ts";
import { masksOf } from "../../plan/masks.ts";
import type { Member, StagePlan, StreamPlan, TaskTable } from "../../plan/physical.ts";
import { WINDOW_END } from "../../processor/stateful/result_of.ts";
import { keepsNewest } from "../../processor/stateful/newest_event.ts";
import { ProductionError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import { MASKED, maskedRow } from "../../record/mask.ts";
import type { Row } from "../../record/row.ts";
import { taskId } from "../../record/task_id.ts";
import { rowMasksOf } from "../stores/row_masks.ts";
import { eventKeyRow } from "./event_steps.ts";
import type { Contributor, Contributors, Page } from "./explanation.ts";
import type { Explaining } from "./explain_row.ts";
import { type FlowAnswer, type RowAnswer, undecidedOf } from "./part_answers.ts";
import { readCursor, type TotalCursor, writeCursor } from "./total_cursor.ts";
import { countNotes, proofNotes } from "./total_notes.ts";
import { addsOfEvent, TotalSum } from "./total_sum.ts";
import { type Feed, type FeedPlace, scanFeed, type TotalEvent } from "./total_scan.ts";
import { type TotalWindow, totalWindow } from "./total_window.ts";

/** How long the topics are looked through for one page: some hundred thousand records. */
const SCAN_MS_MAX = 5_000;

/** The total that is asked about. */
export interface AskedTotal {
  readonly table: TaskTable;
  readonly member: Extract<Member, { readonly kind: "folded" }>;
  readonly key: Key;
  /** What is known of its row. */
  readonly answer: RowAnswer;
  readonly page: Page;
}

/** A page of events, and what must be known of them; null with the reason in the notes where they cannot be told. */
export interface FoundEvents {
  readonly found: Contributors | null;
  readonly notes: readonly string[];
}

/** An aggregate whose events can be told. */
interface Total extends AskedTotal {
  readonly stage: StagePlan & { readonly node: StreamAggregateNode };
  readonly window: TotalWindow;
  readonly held: Row | null;
  /** Whether {@link held} is all there is: a row may be in ClickHouse alone, or in a task that has not answered. */
  readonly isKnown: boolean;
  readonly feeds: readonly Feed[];
  /** What may be missing of its events, or beyond them, in words. */
  readonly gaps: readonly string[];
  /** Events are on their way into it, or who knows has not told. */
  readonly moves: boolean;
}

/**
 * The events that make up a total of a stream. Nobody keeps them: they are looked for in the topics, run through their
 * stream's program once more, and added up; what they make is compared with the total.
 * @throws SyntaxError for an `after` that no page has said
 */
export async function eventsOfTotal(explaining: Explaining, asked: AskedTotal): Promise<FoundEvents> {
  try {
    const total = await totalOf(explaining, asked);
    if (typeof total === "string") return { found: null, notes: [total] };
    return asked.page.after === null
      ? await firstPage(explaining, total)
      : await nextPage(explaining, { total, cursor: readCursor(asked.page.after) });
  } catch (error) {
    if (!(error instanceof ProductionError)) throw error;
    return { found: null, notes: [`The events of "${asked.member.name}" cannot be read now: ${error.message}`] };
  }
}

/** All that is needed to look for its events; or why these cannot be told. */
async function totalOf(explaining: Explaining, asked: AskedTotal): Promise<Total | string> {
  const { member: { node, name }, table, key, answer } = asked;
  const { trace, horizonUs } = answer;
  const { plan: { streams, stages } } = explaining.instance.topics;
  if (node.op !== "streamAggregate") {
    return `Which events made the row is not told: it is what was told last of "${name}", whose newer changes wait`;
  }
  if (keepsNewest(node)) return `"${name}" keeps the last event of each key, and nothing of those before it`;
  const stage = stages.find((one) => one.node === node)! as Total["stage"];
  const into = ({ shuffles }: Pick<StreamPlan, "shuffles">) => shuffles.some((one) => one.stage === stage.index);
  const [between] = stages.filter(into);
  if (between !== undefined) {
    return `Which events are in the total cannot be told: they come out of "${between.node.name}", which keeps none ` +
      "of what it has brought out";
  }
  const held = trace?.members[table.members.indexOf(asked.member)].row ?? null;
  if (held !== null && node.window?.kind === "session" && held[WINDOW_END] === MASKED) {
    return "Which events are in the total is not told: where its session ends is masked";
  }
  const window = totalWindow(node, { key, held });
  if (window === null) return `"${name}" has no session that begins there, so no event is in it`;
  const { gaps, ...fed } = await feedsOf(
    explaining,
    streams.filter((stream) => stream.changes === undefined && into(stream)),
  );
  const all = explaining.instance.topics.partitions[table.index];
  const partitions = trace === null ? Array.from({ length: all }, (_, partition) => partition) : [trace.partition];
  const standings = await Promise.all(partitions.map((one) => standingOf(explaining, taskId(stage.name, one))));
  const isBehind = standings.some((one) => one === null || one.waits || one.doneTo < one.end);
  const isKnown = trace !== null || (horizonUs === null && undecidedOf(answer, all).length === 0);
  if (node.window?.kind === "sliding" && held === null) gaps.push("perhaps no sliding window begins at that time");
  return { ...asked, stage, window, held, isKnown, ...fed, gaps, moves: fed.moves || isBehind };
}

async function standingOf({ asked }: Explaining, task: string): Promise<FlowAnswer["standing"]> {
  return (await asked.flow({ kind: "flow", task, subjects: [] })).standing;
}

/** All partitions that events of the aggregate come from, in the order in which they are told. */
async function feedsOf(
  explaining: Explaining,
  plans: readonly StreamPlan[],
): Promise<Pick<Total, "feeds" | "moves"> & { gaps: string[] }> {
  const { ports: { log }, topics: { streams } } = explaining.instance;
  const feeds: Feed[] = [];
  const gaps: string[] = [];
  let moves = false;
  for (const plan of plans) {
    const { topic, name, from } = plan.source;
    const { start, end } = await log.offsets(topic);
    const lost = start.filter((offset) => offset > 0).length;
    if (lost > 0) gaps.push(`retention took the oldest records of "${topic}" in ${lost} of ${start.length} partitions`);
    if (streams.get(topic)?.compacted) gaps.push(`"${topic}" is compacted, so that it may have lost records`);
    if (from === "latest") gaps.push(`stream "${name}" did not begin with the first record`);
    if (plan.lookups.length > 0) gaps.push(`"${name}" is joined with tables, whose rows are looked up as they are now`);
    const tasks = start.map((_, partition) => taskId(plan.name, partition));
    const standings = await Promise.all(tasks.map((task) => standingOf(explaining, task)));
    for (const [partition, standing] of standings.entries()) {
      const to = Math.min(standing?.doneTo ?? end[partition], end[partition]);
      moves ||= to < end[partition] || standing === null;
      feeds.push({ plan, partition, start: start[partition], to });
    }
  }
  return { feeds, gaps, moves };
}

/** A page while it is made. */
interface PageMaking {
  readonly rows: { readonly event: TotalEvent; readonly isMaybeLate: boolean }[];
  /** Behind the last of the rows, or where the time was over. */
  last: { readonly feed: string; readonly place: FeedPlace } | null;
  more: boolean;
}

function nameOf({ plan, partition }: Feed): string {
  return `${plan.source.topic}/${partition}`;
}

/** Everything is looked through, and added up. */
async function firstPage(explaining: Explaining, total: Total): Promise<FoundEvents> {
  const { instance } = explaining;
  const { feeds, page, stage, window, held } = total;
  const deadlineMs = instance.ports.clock.elapsedMs() + SCAN_MS_MAX;
  const sum = new TotalSum(stage.node);
  const making: PageMaking = { rows: [], last: null, more: false };
  const ends = new Map<Feed, FeedPlace>();
  const counts = { events: 0, late: 0, refused: 0 };
  let first: TotalEvent | null = null;
  for (const feed of feeds) {
    const take = (event: TotalEvent, place: () => FeedPlace) => {
      first ??= event;
      if (event.isLate) counts.late++;
      else if (!sum.add(event)) counts.refused++;
      else {
        counts.events++;
        if (making.rows.length < page.limit) {
          making.rows.push({ event, isMaybeLate: false });
          making.last = { feed: nameOf(feed), place: place() };
        } else making.more = true;
      }
      return true;
    };
    const { ended, at } = await scanFeed(instance, { feed, stage, window, from: null, deadlineMs, take });
    ends.set(feed, at);
    if (ended === "end") continue;
    if (!making.more) making.last = { feed: nameOf(feed), place: at };
    return cutPage(explaining, { total, making });
  }
  const compared = total.isKnown ? sum.proof(held, window) : "not compared";
  // Where all of them make up the total, none of them was left out.
  const unsure = compared === "equal" ? [] : unsureFeeds(total, { ends, first });
  const proof = compared === "differs" && total.moves ? "not compared" : compared;
  const notes = [
    ...countNotes(counts),
    ...proofNotes({ ...total, node: stage.node }, { compared, unsure: unsure.length > 0 }),
  ];
  const cursor = { total: counts.events, proof, unsure };
  const rows = making.rows.map(({ event }) => ({ event, isMaybeLate: unsure.includes(nameOf(event.feed)) }));
  return { found: pageOf(explaining, { total, making: { ...making, rows }, cursor }), notes };
}

/** A page behind another one, of which the first has said what all of them make. */
async function nextPage(
  explaining: Explaining,
  { total, cursor }: { readonly total: Total; readonly cursor: TotalCursor },
): Promise<FoundEvents> {
  const { instance } = explaining;
  const { feeds, page, stage, window } = total;
  const begin = feeds.findIndex((feed) => nameOf(feed) === cursor.feed);
  if (begin < 0) throw new SyntaxError(`Cannot go on in "${cursor.feed}": the total is not made of it`);
  const deadlineMs = instance.ports.clock.elapsedMs() + SCAN_MS_MAX;
  const sum = new TotalSum(stage.node);
  const making: PageMaking = { rows: [], last: null, more: false };
  for (const [at, feed] of feeds.slice(begin).entries()) {
    const from = at === 0 ? cursor.place : null;
    const take = (event: TotalEvent, place: () => FeedPlace) => {
      if (event.isLate || !sum.add(event)) return true;
      making.more = making.rows.length === page.limit;
      if (making.more) return false;
      const isMaybeLate = cursor.unsure?.includes(nameOf(feed)) ?? window.takesUntil(event.columns) !== null;
      making.rows.push({ event, isMaybeLate });
      making.last = { feed: nameOf(feed), place: place() };
      return true;
    };
    const { ended, at: stopped } = await scanFeed(instance, { feed, stage, window, from, deadlineMs, take });
    if (ended === "enough") break;
    if (ended === "end") continue;
    making.last = { feed: nameOf(feed), place: stopped };
    return cutPage(explaining, { total, making, cursor });
  }
  return { found: pageOf(explaining, { total, making, cursor }), notes: [] };
}

/** Not everything was looked through in time. */
function cutPage(
  explaining: Explaining,
  { total, making, cursor }: {
    readonly total: Total;
    readonly making: PageMaking;
    readonly cursor?: Pick<TotalCursor, "total" | "proof" | "unsure">;
  },
): FoundEvents {
  const known = cursor ?? { total: null, proof: "not compared", unsure: null } as const;
  const seconds = SCAN_MS_MAX / 1_000;
  return {
    found: pageOf(explaining, { total, making: { ...making, more: true }, cursor: known }),
    notes: [`Not all events were looked through in ${seconds} seconds: there may be more behind this page`],
  };
}

function pageOf(
  explaining: Explaining,
  { total: { member, stage }, making: { rows, last, more }, cursor }: {
    readonly total: Total;
    readonly making: PageMaking;
    readonly cursor: Pick<TotalCursor, "total" | "proof" | "unsure">;
  },
): Contributors {
  const { topology } = explaining.instance;
  const streams = masksOf(topology)?.streams ?? null;
  const adds = rowMasksOf(explaining.instance)?.stage(stage.node.id).row ?? null;
  return {
    aggregate: member.name,
    total: cursor.total,
    proof: cursor.proof,
    rows: rows.map(({ event, isMaybeLate }): Contributor => {
      const { feed: { plan, partition }, offset, timestampUs, key } = event;
      const added = addsOfEvent(stage.node, event);
      return {
        ...{ table: plan.source.name, partition },
        key: eventKeyRow(key, streams?.[plan.nodes[0].id] ?? null),
        adds: adds === null ? added : maskedRow(added, adds),
        event: { topic: plan.source.topic, offset, timeUs: timestampUs, isMaybeLate },
      };
    }),
    next: more && last !== null ? writeCursor({ ...cursor, ...last }) : null,
  };
}

/** Feeds of which an event may have come when others had closed the window; how they came together nobody keeps. */
function unsureFeeds(
  { window, feeds, stage }: Total,
  { ends, first }: { readonly ends: ReadonlyMap<Feed, FeedPlace>; readonly first: TotalEvent | null },
): string[] {
  if (first === null) return [];
  const untilUs = window.takesUntil(first.columns);
  if (untilUs === null) return [];
  // Where time passes without events, it is not in the topics when it did.
  if (stage.node.window?.idleUs !== undefined) return feeds.map(nameOf);
  const clockOf = (feed: Feed) => ends.get(feed)?.clocks[first.partition] ?? -Infinity;
  const isUnsure = (feed: Feed) =>
    feeds.some((other) => other !== feed && clockOf(other) >= untilUs) ||
    // A session grows: whether it had when the event came is not known here.
    (stage.node.window?.kind === "session" && clockOf(feed) >= untilUs);
  return feeds.filter(isUnsure).map(nameOf);
}
