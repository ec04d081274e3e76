import { readDataFile, writeDataFile } from "../data_file.ts";

/** What the last `verify` on a data directory found that compared anything, in short. */
export interface Proof {
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly equal: boolean;
  readonly sinks: number;
  readonly rows: number;
}

const FILE = "proof.json";

/** The proof kept in a data directory; null if there is none. */
export function readProof(directory: string): Proof | null {
  const proof = readDataFile(directory, FILE) as Proof | null;
  const read = typeof proof?.time === "string" && typeof proof.equal === "boolean";
  // Earlier versions wrote one of nothing, too, which read as a difference.
  return read && proof.sinks > 0 ? proof : null;
}

/** Keeps the proof in the data directory, if there is one. One that compared nothing leaves the last one as it is. */
export function writeProof(directory: string, proof: Proof): void {
  if (proof.sinks === 0) return;
  try {
    writeDataFile(directory, { name: FILE, value: proof });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
