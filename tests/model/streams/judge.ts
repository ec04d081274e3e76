import { rowsOf } from "./append_rows.ts";
import type { AppendRow } from "./append_table.ts";
import type { Told } from "./told.ts";
import { type Input, PARTITIONS, type World } from "./world.ts";

/** What is in the table and should not be, or should be and is not; null if all is right. */
export function wrongAppend(world: World): string | null {
  const stored = Map.groupBy(world.table.rows, nameOf);
  const known = new Set<string>();
  for (const input of world.inputs) {
    const name = nameOf(input);
    known.add(name);
    const rows = stored.get(name) ?? [];
    const places = new Set(rows.map(({ index }) => index));
    if (places.size < rows.length) return `record ${name} is there twice: ${describe(rows)}`;
    const programs = new Set(rows.map(({ program }) => program));
    if (programs.size > 1) return `record ${name} has rows of two programs: ${describe(rows)}`;
    const missing = rows.length === 0 ? isExpected(world, input) : lacks(input, rows);
    if (missing && !world.told.some((told) => covers(told, input))) {
      return `record ${name} is not there, or in part: ${describe(rows)}`;
    }
  }
  for (const name of stored.keys()) if (!known.has(name)) return `record ${name} never was`;
  return falseAlarm(world, stored);
}

function nameOf({ topicId, partition, offset }: { topicId: number; partition: number; offset: number }): string {
  return `${topicId}/${partition}/${offset}`;
}

function describe(rows: readonly AppendRow[]): string {
  return rows.map(({ index, program }) => `row ${index} of program ${program}`).join(", ") || "no row";
}

/** Whether a record makes rows, and was not there before the first task ran. */
function isExpected({ begun }: World, input: Input): boolean {
  const first = begun[input.partition];
  if (first === null || rowsOf(input, 0).length === 0) return false;
  return input.topicId > first.topicId || (input.topicId === first.topicId && input.offset >= first.offset);
}

/** Whether not all rows of a record are there. */
function lacks(input: Input, rows: readonly AppendRow[]): boolean {
  return rows.length < rowsOf(input, rows[0]?.program ?? 0).length;
}

function covers({ reason, topicId, partition, from, to, nextTopicId }: Told, input: Input): boolean {
  if (partition !== input.partition) return false;
  if (topicId === input.topicId) return input.offset >= from && input.offset < to;
  return reason === "topic" && input.topicId > topicId && input.topicId < nextTopicId!;
}

/** Records of which it was said that they are lost, and all of them are there. */
function falseAlarm(world: World, stored: ReadonlyMap<string, readonly AppendRow[]>): string | null {
  for (const told of world.told) {
    if (told.reason !== "retention") continue;
    const inputs = world.inputs.filter((input) => covers(told, input) && rowsOf(input, 0).length > 0);
    if (inputs.length > 0 && !inputs.some((input) => lacks(input, stored.get(nameOf(input)) ?? []))) {
      return `${told.topicId}/${told.partition}: ${told.from} to ${told.to} is told lost, and is there`;
    }
  }
  return null;
}

/** A partition that has not come to rest. */
export function stuckAppend(world: World): string | null {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const task = world.owners[partition].tasks.get(partition);
    if (task === undefined || !world.coordinator.isCurrent(partition, task.tenure)) return `nobody has ${partition}`;
    if (task.over) return `the task of ${partition} is over`;
    if (!task.running || task.topicId !== world.logs[partition].topicId) {
      return `the task of ${partition} has not begun`;
    }
    if (!task.idle || task.position !== world.logs[partition].end) {
      return `the task of ${partition} is at ${task.position}, the log ends at ${world.logs[partition].end}`;
    }
  }
  return null;
}
