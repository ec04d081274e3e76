import { textLines } from "../text_lines.ts";
import type { ProofReport } from "./proof_report.ts";
import type { ToldBrought } from "./proven_streams.ts";
import type { Standing } from "./prover.ts";
import type { AskedRecords, ToldRecords } from "./told_records.ts";
import type { ToldTopic } from "./told_topics.ts";

/** What the process of the proof is told first. Both sides speak in lines of JSON. */
export interface ProofBegin {
  readonly dataDirectory: string;
  readonly topologiesDirectory: string;
  readonly topologies: readonly string[];
  /** Of the program that the instance runs: another one would compute other rows. */
  readonly revision: { readonly weir: string; readonly topologies: string };
  /** What its lines begin with, which nobody else knows: topologies may print to the same standard output. */
  readonly mark: string;
  /** Files in it that need not be in the directory. */
  readonly imported: readonly string[];
}

/** What it tells and asks. */
export type FromProof =
  | { readonly kind: "report"; readonly report: ProofReport }
  | ({ readonly kind: "ask"; readonly id: number; readonly topology: string } & Question)
  /** It ends, and another try would end so, too. */
  | { readonly kind: "refused"; readonly reason: string };

/** What is asked of a topology. */
export type Question =
  | { readonly question: "standing" | "applied" | "brought" | "topics" }
  | { readonly question: "records"; readonly asked: AskedRecords };

/** What it is answered. */
export interface ToProof {
  readonly id: number;
  readonly answer: Standing | boolean | readonly ToldBrought[] | readonly ToldTopic[] | ToldRecords | Unanswered | null;
}

/** Why the instance cannot answer. */
export interface Unanswered {
  readonly unanswered: string;
}

/** Each line of a stream as the value that it holds. Lines that do not begin with the mark are somebody else's. */
export async function* messagesOf<T>(stream: AsyncIterable<Uint8Array>, mark = ""): AsyncGenerator<T> {
  for await (const lines of textLines(stream)) {
    for (const line of lines) {
      if (line !== "" && line.startsWith(mark)) yield JSON.parse(line.slice(mark.length)) as T;
    }
  }
}

const encoder = new TextEncoder();

/** A value as a line; with a mark as one of its own, whatever was printed before without an end. */
export function messageLine(value: unknown, mark?: string): Uint8Array<ArrayBuffer> {
  const line = `${JSON.stringify(value)}\n`;
  return encoder.encode(mark === undefined ? line : `\n${mark}${line}`);
}
