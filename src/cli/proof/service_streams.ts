import type { Question } from "../instances/ask_instance.ts";
import type { ProvenStreams, ToldBrought } from "./proven_streams.ts";
import { recordsIn, type ToldRecords } from "./told_records.ts";
import type { ToldTopic } from "./told_topics.ts";
import { withheldFrom } from "./withheld.ts";

/** A partition may give nothing for a while. */
const RECORDS_MS = 30_000;

/** Asks for what is told of a topology, such as `topics`. @throws Error when no instance answers */
export type AskOfTopology = (
  what: { readonly kind: "brought" | "topics" | "records"; readonly topology: string },
  question: Pick<Question, "parameters" | "answerMs">,
) => Promise<unknown>;

/** What the log has of streams, as instances tell the service that compares. `shows`: whether they show rows. */
export function serviceStreams(ask: AskOfTopology, { shows }: { readonly shows: boolean }): ProvenStreams {
  return {
    withheld: (topology) => withheldFrom(topology, { shows }),
    brought: async (topology) => await ask({ kind: "brought", topology }, {}) as readonly ToldBrought[],
    topics: async (topology) => await ask({ kind: "topics", topology }, {}) as readonly ToldTopic[],
    async records(topology, { topic, partition, from, to }) {
      const parameters = { topic, partition: String(partition), from: String(from), to: String(to) };
      const told = await ask({ kind: "records", topology }, { parameters, answerMs: RECORDS_MS });
      return told === null ? null : recordsIn(told as ToldRecords);
    },
  };
}
