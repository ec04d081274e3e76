/**
 * The Snapshots port: what tasks knew, kept for their next start. A snapshot that is lost, old or damaged costs time
 * and nothing else, so nothing is retried: whoever cannot write or read one goes on without it. Guarantees of every
 * adapter:
 *
 * - a snapshot is read whole, as it was written, or not at all (whoever reads it checks its contents all the same);
 * - until {@link StagedSnapshot.publish} has begun, the one before is read; after it has ended, the new one, also after
 *   a crash of the machine.
 */
export interface Snapshots {
  /** The one published last under this name; null if there is none. Names are of any characters. */
  read(name: string): Promise<Uint8Array | null>;
  /**
   * Stores a snapshot, beside the one before it. `parts`: its bytes, in order. They are taken once; each is there until
   * the next is asked for.
   */
  write(name: string, parts: Iterable<Uint8Array>): Promise<StagedSnapshot>;
}

/** A snapshot that is stored, and read by nobody yet. */
export interface StagedSnapshot {
  /** From now on it is the one that is read. */
  publish(): Promise<void>;
  /** It is thrown away. */
  discard(): Promise<void>;
}

/** Keeps nothing. */
export const noSnapshots: Snapshots = {
  read: () => Promise.resolve(null),
  write: () => Promise.resolve({ publish: () => Promise.resolve(), discard: () => Promise.resolve() }),
};
