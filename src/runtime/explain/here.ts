import type { StatefulNode } from "../../dsl/stream_nodes.ts";
import { parseKeyText } from "../../record/key.ts";
import { subjectOf } from "../../record/subject_of.ts";
import { taskIds } from "../../record/task_id.ts";
import type { Instance } from "../lifecycle/instance.ts";
import type {
  FlowAnswer,
  FlowQuestion,
  GroupAnswer,
  GroupQuestion,
  HeldAnswer,
  HeldQuestion,
  PartAnswer,
  PartQuestion,
  RowAnswer,
  RowQuestion,
  StageAnswer,
  StageQuestion,
} from "./part_answers.ts";
import { masksOf } from "../../plan/masks.ts";
import { horizonHere } from "./horizon_here.ts";
import {
  maskedGroupAnswer,
  maskedRowAnswer,
  withoutHiddenKeys,
  withoutSubject,
  withoutTableRow,
} from "./masked_answer.ts";
import { hasRow } from "./part_answers.ts";
import { traceGroup } from "./trace_group.ts";
import { standingHere, tasksHere, traceGlobalRow, traceRow } from "./trace_row.ts";

/** What this instance has of the answer. @throws RangeError for a table that the plan has not */
export async function answerHere(instance: Instance, question: PartQuestion): Promise<PartAnswer> {
  if (question.kind === "flow") return await flowHere(instance, question);
  if (question.kind === "stage") return stageHere(instance, question);
  if (question.kind === "held") return heldHere(instance, question);
  const answer = await (question.kind === "row" ? rowHere(instance, question) : groupHere(instance, question));
  return masksOf(instance.topology) === null ? answer : withoutHiddenKeys(answer);
}

/** The same of a row. */
export async function rowHere(instance: Instance, question: RowQuestion): Promise<RowAnswer> {
  const { plan } = instance.topics;
  const table = question.global ? at(plan.globals, question.table) : at(plan.tables, question.table);
  return maskedRowAnswer(instance, { table, answer: await wholeRow(instance, question) });
}

async function wholeRow(
  instance: Instance,
  { table: index, global, key: text }: RowQuestion,
): Promise<RowAnswer> {
  const { topics: { plan, partitions }, topology, ports: { deadLetters } } = instance;
  const key = parseKeyText(text);
  const subject = subjectOf(key);
  if (global) {
    const table = at(plan.globals, index);
    const trace = traceGlobalRow(instance, { table, key });
    const tasks = [`global ${table.name}`];
    const letters = await deadLetters.about({ topology: topology.name, tasks, subject });
    const stale = instance.globals.stale.filter((one) => one.table === table.name);
    const places = trace === null || !hasRow(trace) ? stale.flatMap((one) => one.correctedAt(key) ?? []) : [];
    const deletions = places.map((place) => ({ table: table.name, topic: table.source.topic, ...place }));
    const whole = instance.globals.readingOf(index)?.whole ?? false;
    return {
      kind: "row",
      ...whole ? { running: [0], restoring: [] } : { running: [], restoring: [0] },
      ...{
        trace,
        letters,
        deletions,
        unreadable: stale.reduce((sum, { unknown }) => sum + unknown, 0),
        horizonUs: null,
      },
    };
  }
  const table = at(plan.tables, index);
  const standing = standingHere(instance, table);
  const trace = traceRow(instance, { table, key });
  const tasks = taskIds(table.name, partitions[index]);
  const letters = await deadLetters.about({ topology: topology.name, tasks, subject });
  const sources = tasksHere(instance, table).map(({ task }) => task.source);
  return {
    kind: "row",
    ...standing,
    ...{ trace, letters, deletions: sources.flatMap((source) => source.deletions(key)) },
    unreadable: sources.flatMap(({ stale }) => stale).reduce((sum, { unknown }) => sum + unknown, 0),
    horizonUs: horizonHere(instance, { table, key }),
  };
}

/** The same of a group. */
export async function groupHere(instance: Instance, question: GroupQuestion): Promise<GroupAnswer> {
  const { topics: { plan, partitions }, topology, ports: { deadLetters, clock } } = instance;
  const table = at(plan.tables, question.table);
  at(table.groups, question.group);
  const key = parseKeyText(question.key);
  const standing = standingHere(instance, table);
  const tracing = traceGroup(instance, { table, key, question });
  let step = tracing.next();
  for (; !step.done; step = tracing.next()) await clock.breathe();
  const tasks = taskIds(table.name, partitions[table.index]);
  // A total that does not fit its column is told apart from the shares that it is made of.
  const subjects = [subjectOf(key), `${subjectOf(key)} in total`];
  const letters = await Promise.all(
    subjects.map((subject) => deadLetters.about({ topology: topology.name, tasks, subject })),
  );
  const answer: GroupAnswer = { kind: "group", ...standing, ...step.value, letters: letters.flat() };
  return maskedGroupAnswer(instance, { table, group: question.group, answer });
}

/** How far this instance is with a partition of a stream or a stage, and its letters. */
export async function flowHere(instance: Instance, { task, subjects }: FlowQuestion): Promise<FlowAnswer> {
  const { topology, ports: { deadLetters }, streams } = instance;
  const host = streams.get(task) ?? null;
  const doneTo = host?.doneTo ?? null;
  const about = await Promise.all(
    subjects.map((subject) => deadLetters.about({ topology: topology.name, tasks: [task], subject })),
  );
  const letters = about.flat();
  return {
    kind: "flow",
    standing: host === null || doneTo === null ? null : { doneTo, end: host.end, waits: host.waits },
    letters: masksOf(topology) === null ? letters : letters.map(withoutSubject),
  };
}

/** What this instance's task of a stage tells of events. */
export function stageHere({ streams, topology }: Instance, { task: id, events }: StageQuestion): StageAnswer {
  const stage = streams.get(id)?.stage ?? null;
  if (stage === null) return { kind: "stage", looks: null };
  const looks = events.map((event) => stage.look(event));
  return { kind: "stage", looks: masksOf(topology) === null ? looks : looks.map(withoutTableRow) };
}

/** What this instance's tasks of a stage hold back of a row. */
export function heldHere({ streams, topics }: Instance, { stage: index, key: text }: HeldQuestion): HeldAnswer {
  const { node, repartition } = at(topics.plan.stages, index);
  const windowed = windowOf(node) !== null;
  const views = [...streams.values()].filter(({ topic }) => topic === repartition)
    .flatMap(({ stage }) => stage === null ? [] : [stage]);
  const key = parseKeyText(text);
  const held = views.map((stage) => stage.heldBack(key, { windowed })).find((one) => one !== null) ?? null;
  return { kind: "held", held, isWhole: views.length === topics.streams.get(repartition)!.partitions };
}

function windowOf(node: StatefulNode) {
  return node.op === "suppress" ? node.of.window : node.op === "streamAggregate" ? node.window : null;
}

/** Another instance's plan is the same, or its question cannot be answered. */
function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found !== undefined) return found;
  throw new RangeError(`Cannot explain number ${index} of ${list.length}: instances run different topologies`);
}
