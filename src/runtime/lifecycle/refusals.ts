import type { SinkPlan } from "../../plan/physical.ts";
import { divideRecord } from "../conversation/divide_record.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";
import type { ProducerOptions } from "../delivery/message_producer.ts";
import type { OutgoingRow } from "../delivery/sink_writer.ts";
import { refuseRow } from "../task/task_outputs.ts";
import type { TaskHost } from "./task_host.ts";

type Hosts = ReadonlyMap<string, TaskHost>;

/** ClickHouse refused a row: the task that wrote it takes it back, if it is still here and the same. */
export function takeBack(hosts: Hosts, refused: { readonly sink: SinkPlan; readonly row: OutgoingRow }): void {
  const task = hosts.get(refused.row.task)?.task;
  if (task) refuseRow(task, refused);
}

/** The log refused a record for its size: what is sent instead, with a dead letter for what is left out. */
export function dividing(deadLetters: DeadLetterQueue): ProducerOptions["divide"] {
  return (record, error) => divideRecord(record, { error, onRefused: (refused) => deadLetters.callback(refused) });
}
