import { decodeFed, encodeFed, type FedOutputs } from "./fed_outputs.ts";

/** What is committed with the position of a stream's partition. */
export interface StreamNote {
  /** Id of the topic; null where the log knows none. */
  readonly topicId: string | null;
  /** Rows that were about to be added: they may be there. Null: there is nothing of the kind. */
  readonly announced: Announced | null;
  /** Records before the position that were gone before they were processed: whoever reads this says so. */
  readonly lost: number;
  /** What the records before the position went into; absent in notes of earlier versions. */
  readonly fed?: FedOutputs;
}

/** The rows of the records from the position to below an offset. */
export interface Announced {
  readonly to: number;
  /** Of what they hold, and where they go. */
  readonly digest: number;
  /**
   * No insert of them that begins later adds anything: the tables' time, milliseconds since the epoch. Null: nobody
   * knows when they were announced.
   */
  readonly deadlineMs: number | null;
}

/** Of rows that no batch has. */
export const NO_DIGEST = -1;

/** As text: JSON. */
export function encodeNote({ topicId, announced, lost, fed }: StreamNote): string {
  const { to, digest, deadlineMs } = announced ?? {};
  return JSON.stringify({
    v: 1,
    id: topicId,
    ...(announced === null ? {} : { to, digest, by: deadlineMs ?? undefined }),
    ...(lost === 0 ? {} : { lost }),
    ...(fed === undefined ? {} : { fed: encodeFed(fed) }),
  });
}

/** Back from {@link encodeNote}; null for what somebody else has committed. */
export function decodeNote(text: string): StreamNote | null {
  try {
    const { v, id, to, digest, by, lost = 0, fed: into } = JSON.parse(text);
    if (v !== 1 || (id !== null && typeof id !== "string") || !Number.isSafeInteger(lost)) return null;
    const fed = decodeFed(into);
    const rest = { lost, ...(fed === undefined ? {} : { fed }) };
    if (to === undefined) return { topicId: id, announced: null, ...rest };
    if (!Number.isSafeInteger(to) || typeof digest !== "number") return null;
    return { topicId: id, announced: { to, digest, deadlineMs: Number.isSafeInteger(by) ? by : null }, ...rest };
  } catch {
    return null;
  }
}
