import type { StagePlan } from "../../plan/physical.ts";
import type { DeadLetter } from "../../ports/dead_letters.ts";
import type { LogRecord, Position } from "../../ports/log.ts";
import { ProductionError, readOrNull } from "../../record/errors.ts";
import { keyText } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import { topicOf } from "../../record/source_name.ts";
import { parseTaskId, taskId } from "../../record/task_id.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { placedBy } from "../streams/flow.ts";
import { type Pack, readPack } from "../streams/pack.ts";
import { appendedNotes, appendedOf, appendedStates, shownOf } from "./appended_rows.ts";
import { type EventSources, placeText } from "./event_place.ts";
import { recordAt } from "./event_record.ts";
import type { StagePass } from "./event_tracer.ts";
import type { ExplainedStep, Explanation, Outcome } from "./explanation.ts";
import type { Explaining } from "./explain_row.ts";
import { newestRecord, SEARCH_MS_MAX } from "./newest_record.ts";
import { EMPTY } from "./nothing.ts";
import type { FlowAnswer } from "./part_answers.ts";
import { stageSteps, stageWords } from "./stage_steps.ts";
import type { Verdict } from "./verdict.ts";

const NOWHERE = { operator: null, at: null };

/** What became of an event in the stages that it went into, and what else is known. */
export interface StageVerdict extends Verdict {
  readonly letters: readonly DeadLetter[];
  /** What the stages' operators made of its events. */
  readonly steps: readonly ExplainedStep[];
  readonly notes: readonly string[];
}

/** Which of the verdicts of several tasks is told. */
const FIRST: readonly Outcome[] = ["dead letter", "waiting", "undecided", "matched", "taken"];

/** What is asked of the stages that an event went into. */
interface AskedStages {
  readonly place: Position;
  readonly table: string;
  readonly into: readonly StagePass[];
  /** Of the stream. */
  readonly standing: FlowAnswer["standing"];
}

/**
 * The first task that has a dead letter of the event counts, then one in which it waits. One record may make thousands
 * of events, so all that came to one task are asked about at once, and all are looked for within the same time.
 */
export async function stageVerdict(explaining: Explaining, asked: AskedStages): Promise<StageVerdict> {
  const { topics, ports: { clock } } = explaining.instance;
  const tasks = Map.groupBy(asked.into, ({ stage, event }) => {
    const { partitions } = topics.streams.get(stage.repartition)!;
    return taskId(stage.name, partitionOf(placedBy(event!.key, asked.place.offset), partitions));
  });
  const deadlineMs = clock.elapsedMs() + SEARCH_MS_MAX;
  const verdicts: StageVerdict[] = [];
  for (const [task, into] of tasks) verdicts.push(await inStage(explaining, { ...asked, into, task, deadlineMs }));
  const first = FIRST.map((word) => verdicts.find(({ outcome }) => outcome === word))
    .find((verdict) => verdict !== undefined) ?? verdicts[0];
  return {
    ...first,
    letters: verdicts.flatMap(({ letters }) => letters),
    steps: verdicts.flatMap(({ steps }) => steps),
    notes: verdicts.flatMap(({ notes }) => notes),
  };
}

async function inStage(
  explaining: Explaining,
  { place, table, into, standing: stream, task, deadlineMs }: AskedStages & {
    readonly task: string;
    readonly deadlineMs: number;
  },
): Promise<StageVerdict> {
  const { instance, asked } = explaining;
  const [{ stage }] = into;
  const keys = new Set(into.map(({ event }) => event!.key === null ? "null" : keyText(event!.key)));
  const subjects = [...keys].map((key) => `${placeText(place)}/${key}`);
  const { standing, letters } = await asked.flow({ kind: "flow", task, subjects });
  const { name } = stage.node;
  const at = { operator: name, at: null };
  if (letters.length > 0) {
    const words = `is a dead letter of "${name}": ${letters[0].error}`;
    return { outcome: "dead letter", ...at, words, letters, steps: [], notes: [] };
  }
  const told = { letters, steps: [], notes: [] };
  if (stream !== null && place.offset >= stream.doneTo) {
    return { outcome: "waiting", ...at, words: `waits: its stream has not written it for "${name}" yet`, ...told };
  }
  if (stream === null || standing === null) {
    const words = `went to "${name}", and who has its partition has not told how far that is`;
    return { outcome: "undecided", ...at, words, ...told };
  }
  if (standing.waits) {
    const words = `waits: events of "${name}" wait for those of other sources`;
    return { outcome: "waiting", ...at, words, ...told };
  }
  const { partition } = parseTaskId(task);
  const pack = await packOf(instance, { stage, partition, place, into, deadlineMs });
  if (pack !== null && pack.offset >= standing.doneTo) {
    return { outcome: "waiting", ...at, words: `waits: "${name}" has not taken it yet`, ...told };
  }
  const isSettled = standing.doneTo >= standing.end;
  const steps = await stageSteps(explaining, { stage, task, place, into, isSettled, deadlineMs });
  if (steps === null) {
    const words = `went to "${name}", and who has its partition has not told what it made of it`;
    return { outcome: "undecided", ...at, words, ...told };
  }
  const notes = [
    ...await rowsOfPack(instance, { stage, partition, table, pack }),
    ...into.length > steps.length
      ? [`The first ${steps.length} of its ${into.length} events in "${name}" are told`]
      : [],
  ];
  return { ...at, ...stageWords(steps), letters, steps, notes };
}

/** What a record of the stage's topic made, as long as that topic has it. */
async function rowsOfPack(
  instance: Instance,
  { stage, partition, table, pack }: {
    readonly stage: StagePlan;
    readonly partition: number;
    readonly table: string;
    readonly pack: FoundPack | null;
  },
): Promise<string[]> {
  const sink = stage.sinks.find(({ name }) => name === table);
  if (sink === undefined || pack === null) return [];
  const place = { topic: stage.repartition, partition, offset: pack.offset };
  const { rows } = await appendedOf(instance, { sink, place, expected: [] });
  if (rows === null) return [];
  const others = pack.others === 0 ? "" : `, with ${pack.others} others`;
  return [`It came to "${stage.node.name}" as ${placeText(place)}${others}; ${rows.length} row(s) were made of that`];
}

interface FoundPack {
  readonly offset: number;
  /** Events in it that are none of those. */
  readonly others: number;
}

/** The newest record by which events came to a stage; null if none is found. @throws nothing of the log */
async function packOf(
  { ports }: Instance,
  { stage: { repartition: topic }, partition, place, into, deadlineMs }: Pick<AskedStages, "place" | "into"> & {
    readonly stage: StagePlan;
    readonly partition: number;
    readonly deadlineMs: number;
  },
): Promise<FoundPack | null> {
  const indexes = new Set(into.map(({ index }) => index));
  let others = 0;
  const isWanted = (record: LogRecord) => {
    const pack = packIn(topic, record);
    if (pack === null || topicOf(pack.source) !== place.topic || pack.partition !== place.partition) return false;
    const own = pack.events.filter(({ offset, index }) => offset === place.offset && indexes.has(index)).length;
    if (own > 0) others = pack.events.length - own;
    return own > 0;
  };
  try {
    const before = (await ports.log.offsets(topic)).end[partition] ?? 0;
    const found = await newestRecord(ports, { topic, partition, before, isWanted, deadlineMs });
    return found === null ? null : { offset: found.offset, others };
  } catch (error) {
    if (error instanceof ProductionError) return null;
    throw error;
  }
}

function packIn(topic: string, record: LogRecord): Pack | null {
  return readOrNull(() => readPack(topic, record));
}

/** What became of a record of a stage's own topic, which is what the rows name that the stage brings out. */
export async function explainStagePlace(
  explaining: Explaining,
  { table, sources, place }: {
    readonly table: string;
    readonly sources: EventSources;
    readonly place: Position;
  },
): Promise<Explanation> {
  const { instance, asked } = explaining;
  const stage = sources.stages.find(({ repartition }) => repartition === place.topic)!;
  const found = await recordAt(instance, place);
  const sink = stage.sinks.find(({ name }) => name === table) ?? null;
  const appended = sink === null ? null : await appendedOf(instance, { sink, place, expected: [] });
  const task = taskId(stage.name, place.partition);
  const { standing, letters } = await asked.flow({ kind: "flow", task, subjects: [placeText(place)] });
  const rows = appended?.rows?.length ?? 0;
  const verdict = placeVerdict({ stage, place, found, standing, rows });
  const states = appended === null ? [] : appendedStates(instance, { sink: sink!, appended });
  const pack = found.kind === "record" ? packIn(place.topic, found.record) : null;
  return {
    ...{ topology: instance.topology.name, table, kind: "events", key: { ...place } },
    ...{ outcome: verdict.outcome, sentence: `${table}: the record at ${placeText(place)} ${verdict.words}` },
    ...{ operator: verdict.operator, task, source: null },
    ...EMPTY,
    ...{ shown: shownOf(states), shownKnown: appended !== null && appended.rows !== null, appended: states },
    ...{ shares: [], outputs: [], deadLetters: letters },
    notes: [
      ...appended === null ? [] : appendedNotes(appended),
      ...pack === null || pack.events.length === 0 ? [] : [originsNote(pack)],
    ],
    unanswered: asked.unanswered,
  };
}

/** Origins that are told by name. */
const ORIGINS_MAX = 20;

function originsNote({ source, partition, events }: Pack): string {
  const offsets = [...new Set(events.map(({ offset }) => offset))];
  const more = offsets.length > ORIGINS_MAX ? ` and ${offsets.length - ORIGINS_MAX} more` : "";
  const told = offsets.slice(0, ORIGINS_MAX).join(", ");
  return `Its events are of "${topicOf(source)}" partition ${partition}, offset ${told}${more}`;
}

function placeVerdict({ stage: { node }, place, found, standing, rows }: {
  readonly stage: StagePlan;
  readonly place: Position;
  readonly found: Awaited<ReturnType<typeof recordAt>>;
  readonly standing: FlowAnswer["standing"];
  readonly rows: number;
}): Verdict {
  const at = { operator: node.name, at: null };
  if (rows > 0) {
    const words = `is shown: "${node.name}" made ${rows === 1 ? "1 row" : `${rows} rows`} of it`;
    return { outcome: "shown", ...NOWHERE, words };
  }
  if (found.kind === "ahead") {
    return { outcome: "unknown", ...NOWHERE, words: `is not there yet: its partition ends at offset ${found.end}` };
  }
  if (standing === null) return { outcome: "undecided", ...at, words: "may wait: who has its partition has not told" };
  if (place.offset >= standing.doneTo) {
    return { outcome: "waiting", ...at, words: `waits: "${node.name}" has not brought out what it makes of it` };
  }
  return {
    outcome: "not kept",
    ...at,
    words: `was taken by "${node.name}", and ClickHouse has no row of it: none was made of it, or it was removed`,
  };
}
