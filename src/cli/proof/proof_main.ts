/** The process of the continuous proof: begun by `start`, and over when that ends. */
import { loadConfiguration } from "../config/configuration.ts";
import { lowerPriority } from "./lower_priority.ts";
import type { ToldBrought } from "./proven_streams.ts";
import type { ToldTopic } from "./told_topics.ts";
import { ProductionError } from "../../record/errors.ts";
import {
  type FromProof,
  messageLine,
  messagesOf,
  type ProofBegin,
  type Question,
  type ToProof,
  type Unanswered,
} from "./messages.ts";
import { recordsIn, type ToldRecords } from "./told_records.ts";
import { isRevision, prove, type ProvenInstances } from "./prove.ts";
import type { Standing } from "./prover.ts";

async function main(): Promise<void> {
  lowerPriority();
  const incoming = messagesOf<ProofBegin | ToProof>(Deno.stdin.readable);
  const begin = (await incoming.next()).value as ProofBegin | undefined;
  if (begin === undefined) return;
  const { instances, heard } = conversation(incoming, begin);
  // Whoever began this has ended: nobody reads any more.
  heard.then(() => Deno.exit(0));
  await run(begin, instances).catch((error) => {
    console.error(`Continuous proof: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  });
}

async function run(begin: ProofBegin, instances: ProvenInstances): Promise<void> {
  const { topologiesDirectory, revision, imported, topologies } = begin;
  const over = async () => await isRevision(topologiesDirectory, { revision, imported }) ? null : OTHER_FILES;
  const configuration = { ...loadConfiguration(), dataDirectory: begin.dataDirectory };
  const wanted = { configuration, topologiesDirectory, topologies, instances, over };
  const reason = await over() ?? await prove(wanted);
  write(begin, { kind: "refused", reason });
  Deno.exit(0);
}

const OTHER_FILES = "topology files are not those any more that this instance runs: start it again";

/** Questions to the instance. `heard` resolves when it is gone. */
function conversation(
  incoming: AsyncIterable<ProofBegin | ToProof>,
  begin: ProofBegin,
): { readonly instances: ProvenInstances; readonly heard: Promise<void> } {
  const waiting = new Map<number, (answer: never) => void>();
  let last = 0;
  const ask = <T extends ToProof["answer"]>(topology: string, question: Question) =>
    new Promise<T>((resolve) => {
      waiting.set(++last, resolve);
      write(begin, { kind: "ask", id: last, topology, ...question });
    });
  const listen = async () => {
    for await (const message of incoming) {
      const { id, answer } = message as ToProof;
      waiting.get(id)?.(answer as never);
      waiting.delete(id);
    }
  };
  const instances: ProvenInstances = {
    standing: (topology) => ask<Standing>(topology, { question: "standing" }),
    applied: (topology) => ask<boolean>(topology, { question: "applied" }),
    streams: {
      withheld: () => null,
      brought: (topology) => ask<readonly ToldBrought[]>(topology, { question: "brought" }),
      topics: async (topology) =>
        answered(await ask<readonly ToldTopic[] | Unanswered>(topology, { question: "topics" })),
      async records(topology, asked) {
        const told = await ask<ToldRecords | Unanswered | null>(topology, { question: "records", asked });
        return told === null ? null : recordsIn(answered(told));
      },
    },
    tell: (report) => write(begin, { kind: "report", report }),
  };
  return { instances, heard: listen() };
}

/** @throws ProductionError with the reason why the instance does not answer */
function answered<T extends object>(told: T | Unanswered): T {
  if ("unanswered" in told) throw new ProductionError(told.unanswered, { retriable: true });
  return told;
}

function write({ mark }: ProofBegin, message: FromProof): void {
  const bytes = messageLine(message, mark);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

if (import.meta.main) await main();
