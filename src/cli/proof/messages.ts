import { textLines } from "../text_lines.ts";
import type { ProofReport } from "./proof_report.ts";
import type { Standing } from "./prover.ts";

/** What the process of the proof is told first. Both sides speak in lines of JSON. */
export interface ProofBegin {
  readonly dataDirectory: string;
  readonly topologiesDirectory: string;
  readonly topologies: readonly string[];
  /** Of the program that the instance runs: another one would compute other rows. */
  readonly revision: { readonly weir: string; readonly topologies: string };
  /** Files in it that need not be in the directory. */
  readonly imported: readonly string[];
}

/** What it tells and asks. */
export type FromProof =
  | { readonly kind: "report"; readonly report: ProofReport }
  | { readonly kind: "ask"; readonly id: number; readonly question: "standing" | "applied"; readonly topology: string }
  /** It ends, and another try would end so, too. */
  | { readonly kind: "refused"; readonly reason: string };

/** What it is answered. */
export interface ToProof {
  readonly id: number;
  readonly answer: Standing | boolean;
}

/** Each line of a stream as the value that it holds. */
export async function* messagesOf<T>(stream: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  for await (const lines of textLines(stream)) {
    for (const line of lines) if (line !== "") yield JSON.parse(line) as T;
  }
}

const encoder = new TextEncoder();

/** A value as a line. */
export function messageLine(value: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${JSON.stringify(value)}\n`);
}
