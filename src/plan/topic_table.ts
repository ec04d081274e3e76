import type { SinkSpec } from "../dsl/sink.ts";
import type { TopicTable } from "../ports/topic_table.ts";
import type { TableSpec } from "../ports/warehouse.ts";
import type { KeyColumn } from "../record/key_column.ts";
import type { SinkPlan, TaskTable } from "./physical.ts";

/** A sink that is a topic. */
type TopicSinkSpec = SinkSpec & Required<Pick<SinkSpec, "output">>;

/** Whether rows go to a topic, and not to ClickHouse. */
export function isTopic(sink: SinkSpec): sink is TopicSinkSpec {
  return sink.output !== undefined;
}

/**
 * The topic that stands in the place of a sink's table. Its keys are made of the row's key alone. `widest`: partitions
 * of the topic if it must be made and says nothing.
 */
export function topicPlan(
  sink: TopicSinkSpec,
  { keyColumns, widest }: Pick<TaskTable, "keyColumns"> & { readonly widest: number },
): Omit<SinkPlan, "name"> {
  const { topic, columns, partitions, keyColumns: declared, changes } = sink.output;
  const output: TopicTable = {
    topic,
    key: columnsOf(sink, keyColumns),
    text: sink.output.keyDeclared && sink.output.key === "text",
    columns,
    partitions: partitions ?? widest,
    ...changes ? { changes } : {},
  };
  const key = output.key.map(({ name }) => name);
  const table: TableSpec = { name: sink.name, columns: [], key, shares: false, output };
  return { table, keyOrder: key.map((_, index) => index), byName: keyColumns === null && declared !== null };
}

/** The columns that keys are written with, in the order of the row key. */
function columnsOf({ output }: TopicSinkSpec, keyColumns: TaskTable["keyColumns"]): KeyColumn[] {
  const { key, keyDeclared, keyColumns: declared } = output;
  if (declared !== null) {
    // The order of the names, which is that of a group's key.
    return keyColumns === null ? [...declared].sort((a, b) => a.name < b.name ? -1 : 1) : [...declared];
  }
  const bare = keyDeclared && key === "json";
  return (keyColumns ?? []).map((column) => ({ ...column, bare: column.bare || bare }));
}

/** What is wrong with a topic as the sink of this table's rows. */
export function topicPlanProblems(
  { output: { topic, key, keyDeclared, keyColumns: declared, changes } }: TopicSinkSpec,
  { name, keyColumns }: Pick<TaskTable, "name" | "keyColumns">,
): string[] {
  if (changes) return [];
  if (keyColumns === null) {
    return declared !== null ? [] : [
      `Cannot write table "${name}" to topic "${topic}": its key is made of a group's columns, which are known when ` +
      "there are rows. Name them: key: z.object({ ... })",
    ];
  }
  const names = keyColumns.map((column) => column.name).join(", ");
  if (declared !== null && declared.length !== keyColumns.length) {
    return [
      `Topic "${topic}" has ${declared.length} key column(s) (${declared.map((column) => column.name).join(", ")}), ` +
      `but table "${name}" is keyed by ${keyColumns.length} (${names}). Name one for each, in the same order`,
    ];
  }
  if (!keyDeclared || key !== "text" || keyColumns.length === 1) return [];
  return [
    `Cannot write keys of table "${name}" to topic "${topic}" as text: it is keyed by ${keyColumns.length} columns ` +
    `(${names}). Leave key out, for an object of them`,
  ];
}
