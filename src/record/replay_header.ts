import { readHeaders, type RecordHeaders } from "./headers.ts";

/**
 * Header of an event that is written again behind a dead letter: for which stream of which topology, and in place of
 * which record of the same topic.
 */
export const REPLAY_HEADER = "weir-replay";

/** Why a record with the header of another stream is passed over. */
export const REPLAY_OF_ANOTHER = "replay_of_another";

/** What such a header says. */
export interface ReplayedPlace {
  readonly topology: string;
  /** Name of the stream, as its tasks have it. */
  readonly stream: string;
  /** Id of the topic; null if the log does not tell. */
  readonly topicId: string | null;
  readonly partition: number;
  readonly offset: number;
}

/** The header's value. */
export function replayHeader({ topology, stream, topicId, partition, offset }: ReplayedPlace): string {
  return JSON.stringify([topology, stream, topicId, partition, offset]);
}

/** Whether packed headers have one that says something else than that they are for this stream. */
export function isForAnother(
  packed: Uint8Array | undefined,
  { topology, stream }: Pick<ReplayedPlace, "topology" | "stream">,
): boolean {
  if (packed === undefined || !holdsName(packed)) return false;
  const header = headerIn(packed);
  return header !== null && !header.startsWith(`${JSON.stringify([topology, stream]).slice(0, -1)},`);
}

/** The header of packed headers; null if there is none. */
export function headerIn(packed: Uint8Array | undefined): string | null {
  return packed !== undefined && holdsName(packed) ? headersIn(packed)[REPLAY_HEADER] ?? null : null;
}

/** Those that can be read. */
function headersIn(packed: Uint8Array): RecordHeaders {
  try {
    return readHeaders(packed);
  } catch {
    return {};
  }
}

const NAME = new TextEncoder().encode(REPLAY_HEADER);

/** Most headers are of others: they are not made texts for this. */
function holdsName(packed: Uint8Array): boolean {
  for (let at = packed.indexOf(NAME[0]); at >= 0; at = packed.indexOf(NAME[0], at + 1)) {
    if (NAME.every((byte, index) => packed[at + index] === byte)) return true;
  }
  return false;
}
