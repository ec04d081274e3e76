import type { StagePlan } from "../../plan/physical.ts";
import type { DeadLetter } from "../../ports/dead_letters.ts";
import type { LogRecord, Position } from "../../ports/log.ts";
import { DeserializationError, ProductionError } from "../../record/errors.ts";
import { keyText } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import { taskId } from "../../record/task_id.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { type Pack, readPack } from "../streams/pack.ts";
import { topicOf } from "../streams/time_order.ts";
import { appendedNotes, appendedOf, appendedStates, shownOf } from "./appended_rows.ts";
import { type EventSources, placeText } from "./event_place.ts";
import { recordAt } from "./event_record.ts";
import type { StagePass } from "./event_tracer.ts";
import type { Explanation } from "./explanation.ts";
import type { Explaining } from "./explain_row.ts";
import { searchNewest } from "./newest_record.ts";
import { EMPTY } from "./nothing.ts";
import type { FlowAnswer } from "./part_answers.ts";
import type { Verdict } from "./verdict.ts";

const NOWHERE = { operator: null, at: null };

/** What became of an event in the stages that it went into, and what else is known. */
export interface StageVerdict extends Verdict {
  readonly letters: readonly DeadLetter[];
  readonly notes: readonly string[];
}

/** The first stage that has a dead letter of the event counts, then one in which it waits. */
export async function stageVerdict(
  explaining: Explaining,
  asked: {
    readonly place: Position;
    readonly table: string;
    readonly into: readonly StagePass[];
    /** Of the stream. */
    readonly standing: FlowAnswer["standing"];
  },
): Promise<StageVerdict> {
  const verdicts: StageVerdict[] = [];
  for (const pass of asked.into) verdicts.push(await inStage(explaining, { ...asked, pass }));
  const first = ["dead letter", "waiting", "undecided"].map((word) => verdicts.find(({ outcome }) => outcome === word))
    .find((verdict) => verdict !== undefined) ?? verdicts[0];
  return {
    ...first,
    letters: verdicts.flatMap(({ letters }) => letters),
    notes: verdicts.flatMap(({ notes }) => notes),
  };
}

async function inStage(
  explaining: Explaining,
  { place, table, pass, standing: stream }: Omit<Parameters<typeof stageVerdict>[1], "into"> & {
    readonly pass: StagePass;
  },
): Promise<StageVerdict> {
  const { instance, asked } = explaining;
  const { stage, event } = pass;
  const { partitions } = instance.topics.streams.get(stage.repartition)!;
  const key = event!.key === null ? null : keyText(event!.key);
  const partition = partitionOf(key ?? String(place.offset), partitions);
  const subjects = [`${placeText(place)}/${key ?? "null"}`];
  const { standing, letters } = await asked.flow({ kind: "flow", task: taskId(stage.name, partition), subjects });
  const at = { operator: stage.node.name, at: null };
  const { name } = stage.node;
  if (letters.length > 0) {
    const words = `is a dead letter of "${name}": ${letters[0].error}`;
    return { outcome: "dead letter", ...at, words, letters, notes: [] };
  }
  const told = { letters, notes: [] };
  if (stream !== null && place.offset >= stream.doneTo) {
    return { outcome: "waiting", ...at, words: `waits: its stream has not written it for "${name}" yet`, ...told };
  }
  if (stream === null || standing === null) {
    const words = `went to "${name}", and who has its partition has not told how far that is`;
    return { outcome: "undecided", ...at, words, ...told };
  }
  const pack = await packOf(instance, { stage, partition, place, index: pass.index });
  if (standing.waits || (pack !== null && pack.offset >= standing.doneTo)) {
    const why = standing.waits
      ? `events of "${name}" wait for those of other sources`
      : `"${name}" has not taken it yet`;
    return { outcome: "waiting", ...at, words: `waits: ${why}`, ...told };
  }
  const words =
    `was taken by "${name}", which does not keep of which events each result was made: whether it came too ` +
    "late there, found a partner or waits for one is not known any more";
  const notes = await rowsOfPack(instance, { stage, partition, table, pack });
  return { outcome: "not kept", ...at, words, letters, notes };
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
  const others = pack.events === 1 ? "" : `, with ${pack.events - 1} others`;
  return [`It came to "${stage.node.name}" as ${placeText(place)}${others}; ${rows.length} row(s) were made of that`];
}

interface FoundPack {
  readonly offset: number;
  readonly events: number;
}

/** The record by which an event came to a stage; null if its topic has it no more. @throws nothing of the log */
async function packOf(
  { ports, topics }: Instance,
  { stage, partition, place, index }: {
    readonly stage: StagePlan;
    readonly partition: number;
    readonly place: Position;
    readonly index: number;
  },
): Promise<FoundPack | null> {
  const { repartition: topic } = stage;
  let events = 0;
  const isWanted = (record: LogRecord) => {
    const pack = packIn(topic, record);
    const holds = pack !== null && topicOf(pack.source) === place.topic && pack.partition === place.partition &&
      pack.events.some((event) => event.offset === place.offset && event.index === index);
    if (holds) events = pack.events.length;
    return holds;
  };
  try {
    const before = (await ports.log.offsets(topic)).end[partition] ?? 0;
    const found = await searchNewest(ports, { topic, partition, before, isWanted });
    return found === null || found === "none" || !topics.streams.has(topic) ? null : { offset: found.offset, events };
  } catch (error) {
    if (error instanceof ProductionError) return null;
    throw error;
  }
}

function packIn(topic: string, record: LogRecord): Pack | null {
  try {
    return readPack(topic, record);
  } catch (error) {
    if (error instanceof DeserializationError) return null;
    throw error;
  }
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
