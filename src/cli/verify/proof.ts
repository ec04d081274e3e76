import { readDataFile, writeDataFile } from "../data_file.ts";

/** What the last `verify` on a data directory found, in short. */
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
  return typeof proof?.time === "string" && typeof proof.equal === "boolean" ? proof : null;
}

/** Keeps the proof in the data directory, if there is one. */
export function writeProof(directory: string, proof: Proof): void {
  try {
    writeDataFile(directory, { name: FILE, value: proof });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
