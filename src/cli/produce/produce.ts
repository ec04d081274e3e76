import { PARTITIONS_DEFAULT, TABLES, topicOf } from "../../demo/mod.ts";
import { exists } from "../../adapters/local/exists.ts";
import { command, value } from "../command.ts";
import { configurationOf, dataOption, topologiesOption } from "../data_option.ts";
import { pathsIn } from "../embedded_directory.ts";
import { counted, grouped } from "../numbers.ts";
import { readInteger } from "../option_values.ts";
import { textLines } from "../text_lines.ts";
import { type Produced, produceRecords } from "./produce_records.ts";

const PROGRESS_EVERY_MS = 2_000;

/** Writes records of one's own into a topic. */
export const produceCommand = command({
  name: "produce",
  operands: "<topic>",
  operandCount: [1, 1],
  options: {
    partitions: value({
      placeholder: "N",
      expected: "a whole number from 1",
      help: `Partitions of the topic, if it must be made (default ${PARTITIONS_DEFAULT}).`,
      read: readInteger(1, 1_000),
    }),
    data: dataOption,
    topologies: topologiesOption,
  },
  description: [
    "Writes the lines of its input as records into a topic: of the embedded log, whether or not start runs on it, or " +
    "of the configured",
    "brokers. The topic is made if it is missing. Each line is one JSON object, with values as Debezium writes them:",
    "",
    '  {"id":1,"name":"Ada"}                        a row: it is there now, or replaces the row of its key',
    '  {"op":"u","after":{"id":1,"name":"Ada L."}}  an envelope of Debezium\'s: c, r, u',
    '  {"op":"d","before":{"id":1}}                 deletes the row: a delete and its tombstone',
    '  {"key":{"id":1},"value":null}                deletes the row: a tombstone; "value" may be a row or an envelope',
    "",
    "The key is made of the columns that a topology declares as the topic's key, and written as Debezium would, so " +
    "that it is in the",
    "partition where it belongs. A line that a topology could not read is refused with its number; the lines before " +
    "it are written,",
    "and writing them again changes nothing.",
    "",
    "Of a topic that topologies declare with events(...) a line is an event's value, a JSON object (or a text, where " +
    "values are texts), or",
    '{"key":"a","value":{...}} with its key. Each line is an event of its own: written again, it is there twice.',
  ].join("\n"),
  examples: [
    "deno task produce shop.public.customers < customers.jsonl",
    `echo '{"op":"d","before":{"id":1}}' | deno task produce shop.public.customers`,
    "deno task produce shop.public.orders --partitions 3 --data /tmp/other < orders.jsonl",
    `echo '{"user_id":1,"url":"/"}' | deno task produce shop.clickstream`,
  ],
  run: async ({ operands: [topic], options }) => {
    if (Deno.stdin.isTerminal()) console.error("Reads one JSON object on each line; Ctrl-D ends");
    let toldMs = Date.now();
    const produced = await produceRecords({
      topic,
      data: options.data,
      topologies: options.topologies,
      partitions: options.partitions,
      onProgress(records) {
        if (Date.now() - toldMs < PROGRESS_EVERY_MS) return;
        toldMs = Date.now();
        console.error(`${counted(records, "record")} written`);
      },
    }, linesOf(Deno.stdin.readable));
    console.log(summary(topic, produced).join("\n"));
    const configuration = configurationOf(options);
    const demo = configuration.kafka === null && exists(pathsIn(configuration.dataDirectory).store);
    if (demo && TABLES.some((table) => topicOf(table) === topic)) {
      console.log("The demo store writes this topic and knows nothing of these records: verify will tell differences");
    }
    return 0;
  },
});

/** What was written, and what a reader may miss. */
export function summary(topic: string, produced: Produced): string[] {
  const { records, rows, deletes, tombstones, events, created, partitions, topologies, unreadColumns } = produced;
  if (partitions === null) return [`Nothing to write to "${topic}": the input has no lines`];
  const parts = [
    ...rows > 0 ? [counted(rows, "row")] : [],
    ...deletes > 0 ? [`${counted(deletes, "delete")}, each with its tombstone`] : [],
    ...tombstones > 0 ? [counted(tombstones, "tombstone")] : [],
    ...events > 0 ? [counted(events, "event")] : [],
  ];
  return [
    `${counted(records, "record")} written to "${topic}" (${created ? "new, " : ""}${
      counted(partitions, "partition")
    }): ${parts.join("; ")}`,
    ...topologies.length === 0 ? ["No topology has it as a source"] : [`Read by: ${topologies.join(", ")}`],
    ...[...unreadColumns].map(([name, count]) =>
      `No topology reads column "${name}" (in ${grouped(count)} of the rows)`
    ),
  ];
}

/** One by one. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  for await (const lines of textLines(stream)) yield* lines;
}
