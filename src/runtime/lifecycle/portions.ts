import type { Fetched, LogRecord } from "../../ports/log.ts";

/** Text or bytes that take about as long to read as a record by itself. */
const LENGTH_OF_ONE = 256;
/** The same of what tasks tell each other, which has no key: a message is short, and a row may be answered to it. */
const MESSAGE_LENGTH = 16;
/** What is taken in one turn of the event loop, in units of one small record. */
export const TURN_WEIGHT = 400;

/** How long it takes to read the records, in units of one small record. */
export function weightOf(records: readonly LogRecord[]): number {
  return records.reduce((sum, record) => sum + weightOfOne(record), 0);
}

function weightOfOne({ key, value }: LogRecord): number {
  return 1 + (value === null ? 0 : value.length / (key === null ? MESSAGE_LENGTH : LENGTH_OF_ONE));
}

/** One part of what was fetched as several, in order, each of which can be taken in one turn. */
export function portionsOf(fetched: Fetched): Fetched[] {
  const portions: Fetched[] = [];
  const { records } = fetched;
  let { fromOffset } = fetched;
  let first = 0;
  let weight = 0;
  for (let index = 0; index < records.length - 1; index++) {
    weight += weightOfOne(records[index]);
    if (weight + weightOfOne(records[index + 1]) <= TURN_WEIGHT) continue;
    const nextOffset = records[index].offset + 1;
    portions.push({ ...fetched, fromOffset, nextOffset, records: records.slice(first, index + 1) });
    fromOffset = nextOffset;
    first = index + 1;
    weight = 0;
  }
  portions.push(first === 0 ? fetched : { ...fetched, fromOffset, records: records.slice(first) });
  return portions;
}
