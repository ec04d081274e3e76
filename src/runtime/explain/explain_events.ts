import { masksOf } from "../../plan/masks.ts";
import type { StreamPlan } from "../../plan/physical.ts";
import type { DeadLetter } from "../../ports/dead_letters.ts";
import type { Position } from "../../ports/log.ts";
import { MASKED } from "../../record/mask.ts";
import { taskId } from "../../record/task_id.ts";
import { appendedNotes, appendedOf, appendedStates, missingOf, shownOf } from "./appended_rows.ts";
import { type AskedEvent, askedEvent, type EventSources, placeText, sourcesOf } from "./event_place.ts";
import { newestOfKey, recordAt } from "./event_record.ts";
import { sourceOfEvent } from "./event_source.ts";
import { type EventSteps, eventSteps } from "./event_steps.ts";
import { type EventTrace, EventTracer } from "./event_tracer.ts";
import { eventVerdict } from "./event_verdict.ts";
import type { Explanation } from "./explanation.ts";
import type { Explaining } from "./explain_row.ts";
import { EMPTY } from "./nothing.ts";
import type { AskedKey } from "./read_key.ts";
import { explainStagePlace, stageVerdict } from "./stage_events.ts";
import type { Target } from "./targets.ts";

/** A table that events are added to, and what is asked of it. */
interface AskedTable {
  readonly table: string;
  readonly sources: EventSources;
}

/**
 * What became of one record on its way to a table that events are added to. Nothing of an event is kept, so the record
 * is read again, and its stream's program is run once more.
 * @throws TypeError for a place that there cannot be
 */
export async function explainEvents(
  explaining: Explaining,
  { target: { name: table }, key: asked }: {
    readonly target: Extract<Target, { readonly kind: "events" }>;
    readonly key: AskedKey;
  },
): Promise<Explanation> {
  const { instance } = explaining;
  const sources = sourcesOf(instance.topics.plan, table);
  const event = askedEvent(asked, sources);
  const found = event.kind === "place"
    ? { place: event.place, notes: [] }
    : await ofKey(explaining, { event, sources });
  if (found.place === null) return notFound(explaining, { table, ...found });
  const { place, notes } = found;
  const plan = sources.streams.find(({ source }) => source.topic === place.topic);
  const explained = plan === undefined
    ? await explainStagePlace(explaining, { table, sources, place })
    : await explainRecord(explaining, { table, sources, plan, place });
  return { ...explained, notes: [...notes, ...explained.notes] };
}

type Found = { readonly place: Position; readonly notes: readonly string[] } | {
  readonly place: null;
  readonly key: string;
  readonly outcome: "unknown" | "not kept" | "undecided";
  readonly words: string;
};

async function ofKey(
  { instance }: Explaining,
  { event: { text }, sources }: {
    readonly event: Extract<AskedEvent, { readonly kind: "key" }>;
    readonly sources: EventSources;
  },
): Promise<Found> {
  const topics = sources.streams.map(({ source }) => `"${source.topic}"`).join(", ");
  const how = 'Ask for the place of a record as topic/partition/offset: the columns "_source", "_partition" and ' +
    '"_offset" of the table that ends with "_rows" have those of each row';
  if (sources.streams.length === 0) {
    const words = `is made of changes of tables: ask for a row of these. ${how}`;
    return { place: null, key: text, outcome: "not kept", words };
  }
  const { found, cut, lost } = await newestOfKey(instance, { plans: sources.streams, text });
  if (found !== null) {
    const sure = cut
      ? "the newest one of this key among the records that were looked through"
      : "the newest one of its key";
    return { place: found.place, notes: [`This record is ${sure}; older ones are asked for by their places`] };
  }
  if (cut) {
    const words =
      `may be made of a record with this key or not: not all of ${topics} was looked through in time. ${how}`;
    return { place: null, key: text, outcome: "undecided", words };
  }
  const words = `is not made of a record with this key: ${topics} has none${
    lost ? " any more, and what retention or compaction took is not known" : ""
  }. ${how}`;
  return { place: null, key: text, outcome: lost ? "not kept" : "unknown", words };
}

function notFound(
  { instance, asked }: Explaining,
  { table, key, outcome, words }: Omit<Extract<Found, { place: null }>, "place"> & { readonly table: string },
): Explanation {
  // It may be a masked one.
  const shownKey = masksOf(instance.topology) === null ? key : MASKED;
  return {
    ...{ topology: instance.topology.name, table, kind: "events", key: { key: shownKey }, outcome },
    sentence: `${table} ${words}`,
    ...{ operator: null, task: null, source: null },
    ...EMPTY,
    ...{ shown: null, shownKnown: false, appended: [], shares: [], outputs: [], deadLetters: [], notes: [] },
    unanswered: asked.unanswered,
  };
}

/** A record of a stream's topic, and the table that is asked about. */
interface AskedRecord extends AskedTable {
  readonly plan: StreamPlan;
  readonly place: Position;
}

async function explainRecord(explaining: Explaining, asked: AskedRecord): Promise<Explanation> {
  const { instance } = explaining;
  const { table, sources, plan, place } = asked;
  const found = await recordAt(instance, place);
  const trace = found.kind === "record" ? new EventTracer(instance, plan).trace(found.record, place.partition) : null;
  const steps = trace === null ? null : eventSteps(instance, { plan, trace, sink: table, sources });
  const sink = plan.sinks.find(({ name }) => name === table) ?? null;
  const made = trace?.rows.filter((row) => row.sink === sink) ?? [];
  const appended = sink === null ? null : await appendedOf(instance, { sink, place, expected: made });
  const missing = appended === null ? [] : missingOf(appended);
  const task = taskId(plan.name, place.partition);
  const subjects = subjectsOf(place, { trace, missing });
  const { standing, letters } = await explaining.asked.flow({ kind: "flow", task, subjects });
  const hides = masksOf(instance.topology) !== null;
  const direct = eventVerdict({ table, plan, sink, place, found, steps, trace, appended, standing, letters, hides });
  const staged = direct === null ? await stageVerdict(explaining, { place, table, into: steps!.into, standing }) : null;
  const verdict = direct ?? staged!;
  const states = appended === null ? [] : appendedStates(instance, { sink: sink!, appended });
  const source = sourceOfEvent(instance, { plan, place, found, trace });
  return {
    ...{ topology: instance.topology.name, table, kind: "events", key: { ...place } },
    outcome: verdict.outcome,
    sentence: `${table}: the record at ${placeText(place)} ${verdict.words}`,
    steps: [...steps?.steps ?? [], ...staged?.steps ?? []],
    ...{ operator: verdict.operator, task, source, sources: [source], totals: [] },
    ...{ shown: shownOf(states), shownKnown: appended !== null && appended.rows !== null, appended: states },
    ...{ shares: [], outputs: [], deadLetters: withoutRepeats([...letters, ...staged?.letters ?? []]) },
    notes: [
      ...appended === null ? [] : appendedNotes(appended),
      ...staged?.notes ?? [],
      ...stepNotes(steps),
      ...found.kind === "record" && plan.source.from === "latest" && verdict.outcome === "missing"
        ? [`Stream "${plan.source.name}" began behind the last record that there was: this one may be before that`]
        : [],
    ],
    unanswered: explaining.asked.unanswered,
  };
}

function stepNotes(steps: EventSteps | null): string[] {
  return steps?.more ? [`The first ${steps.steps.length} of its steps are told`] : [];
}

/** What dead letters of the record are about, as its task writes them. */
function subjectsOf(
  place: Position,
  { trace, missing }: { readonly trace: EventTrace | null; readonly missing: readonly number[] },
): string[] {
  const whole = placeText(place);
  const failed = [...trace?.passes ?? [], ...trace?.stages ?? []].flatMap(({ error }) =>
    error === null ? [] : [error.key]
  );
  return [
    ...new Set([whole, ...failed.map((key) => `${whole}/${key}`), ...missing.map((index) => `${whole}/${index}`)]),
  ];
}

function withoutRepeats(letters: readonly DeadLetter[]): DeadLetter[] {
  const known = new Set<string>();
  return letters.filter((letter) => {
    const name = JSON.stringify([letter.task, letter.stage, letter.operator, letter.subject, letter.error]);
    return !known.has(name) && known.add(name) !== undefined;
  });
}
