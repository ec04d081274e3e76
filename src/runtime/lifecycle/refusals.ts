import type { SinkPlan } from "../../plan/physical.ts";
import { divideRecord } from "../conversation/divide_record.ts";
import type { ProcessorError } from "../../record/errors.ts";
import { parseKeyText } from "../../record/key.ts";
import { subjectOf } from "../../record/subject_of.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";
import type { ProducerOptions } from "../delivery/message_producer.ts";
import type { OutgoingRow } from "../delivery/waiting_rows.ts";
import { refuseRow } from "../task/task_outputs.ts";
import type { TaskHost } from "./task_host.ts";

type Hosts = ReadonlyMap<string, TaskHost>;

/** ClickHouse refused a row: the task that wrote it takes it back, if it is still here and the same. */
export function takeBack(hosts: Hosts, refused: { readonly sink: SinkPlan; readonly row: OutgoingRow }): void {
  const task = hosts.get(refused.row.task)?.task;
  if (task) refuseRow(task, refused);
}

/**
 * The log refused a record for its size: what is sent instead, with a dead letter for what is left out. Whether a later
 * value is taken is not known to the task, so nothing but the next start says that the letter no longer applies.
 */
export function dividing(hosts: Hosts, deadLetters: DeadLetterQueue): ProducerOptions["divide"] {
  return (record, error) => {
    const host = hosts.get(record.task);
    const columns = host?.table.keyColumns?.map(({ name }) => name) ?? [];
    const onRefused = (refused: ProcessorError) => {
      const subject = `${subjectOf(parseKeyText(refused.key))} for the log`;
      if (host?.task) return host.task.refusals.other(refused, { columns, subject });
      const maker = { task: record.task, epoch: 0 };
      deadLetters.callback({ ...maker, error: refused, subject, columns, position: null, occasion: null });
    };
    return divideRecord(record, { error, onRefused });
  };
}
