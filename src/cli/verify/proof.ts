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
  try {
    const proof = JSON.parse(Deno.readTextFileSync(`${directory}/${FILE}`));
    return typeof proof.time === "string" && typeof proof.equal === "boolean" ? proof : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Keeps the proof in the data directory, if there is one. */
export function writeProof(directory: string, proof: Proof): void {
  try {
    const temporary = `${directory}/${FILE}.${Deno.pid}`;
    Deno.writeTextFileSync(temporary, `${JSON.stringify(proof)}\n`);
    Deno.renameSync(temporary, `${directory}/${FILE}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
