import type { LogRecord, Position } from "../../ports/log.ts";
import type { AppendRow } from "../../ports/warehouse.ts";
import { type DeserializationError, type ProcessorError, ProductionError } from "../../record/errors.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";

/** An event's place, and the task that had it. */
interface EventPlace {
  readonly task: string;
  readonly position: Position;
}

/**
 * Dead letters of events. Each event stands for itself, so each letter is about its place, and stays until a person
 * has seen to it: no later event says that it no longer applies. What an event sets off for several keys, as windows
 * that close, are letters for each key.
 */
export class StreamLetters {
  readonly #letters: DeadLetterQueue;
  readonly #epoch: number;

  /** `startMs`: takes the place of an epoch. */
  constructor(letters: DeadLetterQueue, startMs: number) {
    this.#letters = letters;
    this.#epoch = startMs;
  }

  /** A record that could not be read as an event. */
  undecodable(
    { task, position, record }: EventPlace & { readonly record: LogRecord },
    error: DeserializationError,
  ): void {
    const subject = subjectOf(position);
    this.#letters.undecodable({ task, epoch: this.#epoch, position, record, subject }, error);
  }

  /** A callback threw for an event. */
  callback({ task, position }: EventPlace, error: ProcessorError): void {
    const subject = `${subjectOf(position)}/${error.key}`;
    this.#letters.event({ task, epoch: this.#epoch, position, subject, stage: "callback" }, error);
  }

  /** ClickHouse refused a row of an event. */
  refused(
    { task, position, sink, row }: EventPlace & { readonly sink: string; readonly row: AppendRow },
    error: Error,
  ): void {
    const line = `${new TextDecoder().decode(row.line)}]`;
    const subject = `${subjectOf(position)}/${row.index}`;
    this.#letters.event({ task, epoch: this.#epoch, position, subject, stage: "sink", sink, line }, error);
  }

  /** A table was made anew, and lacks the rows of all records before the position. */
  madeAnew({ task, position, sink }: EventPlace & { readonly sink: string }): void {
    const { topic, partition, offset } = position;
    const error = new ProductionError(
      `Table "${sink}" is made anew and lacks what "${topic}" partition ${partition} has before offset ${offset}. To ` +
        'have it again, give topology and tables new names: docs/operations.md, "Append tables that were lost"',
      { retriable: false, reason: "missing" },
    );
    const subject = `${subjectOf(position)}/${sink}`;
    const reason = "made_anew";
    this.#letters.event({ task, epoch: this.#epoch, position, subject, stage: "sink", sink, reason }, error);
  }
}

function subjectOf({ topic, partition, offset }: Position): string {
  return `${topic}/${partition}/${offset}`;
}
