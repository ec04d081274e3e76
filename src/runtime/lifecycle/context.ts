import type { Decoder } from "../../formats/decoder.ts";
import type { UnitDoubt } from "../../formats/unit_doubts.ts";
import type { TaskTable } from "../../plan/physical.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";
import { decoderOf } from "../globals/change_reader.ts";
import { foldedDecoder } from "../globals/folded_decoder.ts";
import type { GlobalReader } from "../globals/global_reader.ts";
import { Globals } from "../globals/globals.ts";
import type { RunOptions } from "../options.ts";
import type { MessageProducer } from "../delivery/message_producer.ts";
import type { Ports } from "../ports.ts";
import type { SinkWriter } from "../delivery/sink_writer.ts";
import type { TaskContext } from "../task/task_context.ts";
import { taskId } from "../../record/task_id.ts";
import { suspects } from "./suspects.ts";
import type { TaskHost } from "./task_host.ts";
import type { GlobalLetters } from "./global_letters.ts";
import type { Topics } from "./topics.ts";

/** What all tasks of one topology share, wired to its ports. */
export function createTaskContext(parts: {
  readonly topics: Topics;
  readonly topology: string;
  readonly options: RunOptions;
  readonly ports: Ports;
  readonly deadLetters: DeadLetterQueue;
  readonly writers: ReadonlyMap<string, SinkWriter>;
  readonly producer: MessageProducer;
  readonly hosts: ReadonlyMap<string, TaskHost>;
  /** Null before it is there. */
  readonly globalReader: () => GlobalReader | null;
  readonly globalLetters: GlobalLetters;
  readonly corrections: TaskContext["corrections"];
  readonly onDoubt: (table: string, doubt: UnitDoubt) => void;
}): TaskContext {
  const { topics, topology, ports, deadLetters, globalLetters, writers, producer } = parts;
  const { plan, partitions, inboxes } = topics;
  const looked = [...plan.tables, ...plan.globals, ...plan.streams, ...plan.stages].flatMap(({ lookups }) =>
    lookups.flatMap((lookup) => lookup.global ? [[lookup.table, lookup.step] as const] : [])
  );
  const globals: Globals = new Globals({
    tables: plan.globals,
    looked,
    refusals: (table) => globalLetters.refusals(table, () => globals.reading),
    compileAfterRows: parts.options.compileAfterRows,
  });
  const decoders = new Map<TaskTable, (Decoder | null)[]>();
  return {
    plan,
    options: parts.options,
    partitions,
    ...ports.decoded === undefined ? {} : { keyBytes: ports.decoded.keyBytes },
    globals,
    decoders(table) {
      let list = decoders.get(table);
      if (list === undefined) {
        list = table.members.map((member) =>
          member.kind === "merge"
            ? null
            : member.kind === "folded"
            ? foldedDecoder(member)
            : decoderOf(member, (doubt) => parts.onDoubt(member.name, doubt))
        );
        decoders.set(table, list);
      }
      return list;
    },
    isStarting(table, partition) {
      const host = parts.hosts.get(taskId(plan.tables[table].name, partition));
      return host !== undefined && host.state !== "running";
    },
    emit(task, destination, record) {
      producer.enqueue({ topic: inboxes[destination.table], partition: destination.partition, text: record, task });
    },
    suspect: suspects({ plan, hosts: parts.hosts, globals, reader: parts.globalReader }),
    put: (sink, row, sourceMs) => writers.get(sink.name)!.put(row, sourceMs),
    letters: deadLetters,
    corrections: parts.corrections,
    count: (name, labels, value) => ports.metrics.count(name, { topology, ...labels }, value),
  };
}
