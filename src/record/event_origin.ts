import type { RecordHeaders } from "./headers.ts";

/** Header of every record that a topology writes of a stream: where the event comes from. */
export const ORIGIN_HEADER = "weir-origin";

/** Where an event comes from that a topology has written: the record that it was made of, and which of those it is. */
export interface EventOrigin {
  /** Topic with its id, and partition. */
  readonly source: string;
  readonly offset: number;
  readonly index: number;
}

/** What a header says of it; null for one that no topology has written. */
export function originIn(headers: RecordHeaders): EventOrigin | null {
  const [, source, offset, index] = /^(.+\/\d+)\/(\d+)\/(\d+)$/.exec(headers[ORIGIN_HEADER] ?? "") ?? [];
  return source === undefined ? null : { source, offset: Number(offset), index: Number(index) };
}

/** Offset and index of the last origin of a source, and the offset of the record that had it. */
export type LastOrigin = readonly [offset: number, index: number, at: number];

/**
 * Whether the record at an offset says again what came before: of one source the origins grow in each partition of the
 * topic, but for repeats. `last`: of the source in that partition.
 */
export function isRepeat({ offset, index }: EventOrigin, { last, at }: {
  readonly last: LastOrigin | undefined;
  readonly at: number;
}): boolean {
  if (last === undefined || offset > last[0] || (offset === last[0] && index > last[1])) return false;
  // Several events may be made of one record.
  return offset !== last[0] || index !== last[1] || at !== last[2];
}
