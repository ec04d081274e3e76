import { FEEDS } from "./schema.ts";
import type { EmitChange } from "./transaction.ts";

/**
 * Collects records for one outbox entry. Values are JSON and so hold neither a raw tab nor a raw line feed: those are
 * the separators.
 */
export interface OutboxEntryWriter {
  readonly emit: EmitChange;
  /** The entry's text, after which the writer is empty; `null` when nothing was emitted. */
  take(): string | null;
}

export function outboxEntryWriter(): OutboxEntryWriter {
  let lines: string[] = [];
  return {
    emit: (feed, id, value, timestampMs) =>
      void lines.push(`${FEEDS.indexOf(feed)}\t${id}\t${timestampMs}\t${value ?? ""}`),
    take() {
      const text = lines.length === 0 ? null : lines.join("\n");
      lines = [];
      return text;
    },
  };
}

/** Emits an entry's records again, in the order in which they were written. */
export function readOutboxEntry(text: string, emit: EmitChange): void {
  for (let start = 0; start < text.length;) {
    const stop = text.indexOf("\n", start);
    const end = stop === -1 ? text.length : stop;
    const id = text.indexOf("\t", start) + 1;
    const time = text.indexOf("\t", id) + 1;
    const value = text.indexOf("\t", time) + 1;
    emit(
      FEEDS[Number(text.slice(start, id - 1))],
      Number(text.slice(id, time - 1)),
      value === end ? null : text.slice(value, end),
      Number(text.slice(time, value - 1)),
    );
    start = end + 1;
  }
}
