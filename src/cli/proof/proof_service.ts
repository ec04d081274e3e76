import { resolve } from "node:path";
import { waitMsAfter } from "../../ports/retry.ts";
import type { Configuration } from "../config/configuration.ts";
import { askInstance, errorIn, type Question } from "../instances/ask_instance.ts";
import type { Event } from "../start/output.ts";
import { type AppliedAnswer, programOf, PROOF_PATH, type WhatRuns } from "./proof_routes.ts";
import { isRevision, prove, type ProvenInstances } from "./prove.ts";
import type { Standing } from "./prover.ts";
import { serviceStreams } from "./service_streams.ts";
import type { PostedWord } from "./word_schema.ts";

/** Pauses before it is tried again. */
const PAUSES = { firstMs: 2_000, lastMs: 30_000 };
/** An instance waits for what it has read to be shown, and for the others. */
const APPLIED_MS = 90_000;

/** No instance gives the answer, and why each of them does not: the service asks again. */
class UnansweredError extends Error {
  override readonly name = "UnansweredError";
}

/** Whom the service asks, and what it compares with. */
export interface ProofServiceOptions {
  readonly configuration: Configuration;
  /** Addresses of instances, of which any may answer. */
  readonly urls: readonly string[];
  readonly password: string | null;
  readonly onEvent: (event: Event) => void;
  /** Waits before it is tried again; a growing time if absent. */
  readonly pause?: (failures: number) => Promise<void>;
}

/** The continuous proof as a program of its own beside the instances. */
export class ProofService {
  readonly #options: ProofServiceOptions;
  /** Place of the address that has answered last. */
  #place = 0;
  /** What was said last: nothing is said twice. */
  #said = "";

  constructor(options: ProofServiceOptions) {
    this.#options = options;
  }

  /** Compares what the instances run, until the process ends. */
  async run(): Promise<never> {
    for (let failures = 1;; failures++) {
      const startedMs = Date.now();
      const reason = await this.#once().catch((error: Error) => error.message);
      this.#say({ level: "warn", name: "proof ended", text: `Compares nothing: ${reason}` });
      await this.#tell({ program: "", says: { reason } });
      if (Date.now() - startedMs > PAUSES.lastMs) failures = 1;
      await (this.#options.pause ?? growingPause)(failures);
    }
  }

  /** Resolves to why it is over. */
  async #once(): Promise<string> {
    const { configuration, urls } = this.#options;
    const { topologiesDirectory } = configuration;
    const { revision, topologies, imported: fromThere, shows } = await this.#whatRuns();
    if (topologies.length === 0) return "the instances run no topology";
    const imported = fromThere.map((path) => resolve(topologiesDirectory, path));
    if (!await isRevision(topologiesDirectory, { revision, imported })) {
      return "the instances run other topology files, or another version of Weir, than are here: give both the same";
    }
    const program = programOf(revision);
    const text = `Compares ${topologies.join(", ")} with PostgreSQL while they run, and tells ${urls.join(", ")}`;
    this.#say({ level: "info", name: "proof", text });
    return await prove({
      ...{ configuration, topologiesDirectory, topologies },
      instances: this.#instances(program, { shows }),
      over: async () => {
        const now = await this.#whatRuns().catch(() => null);
        const isSame = now === null ||
          programOf(now.revision) === program && now.topologies.join("\n") === topologies.join("\n");
        return isSame ? null : "the instances run something else since";
      },
    });
  }

  #instances(program: string, { shows }: Pick<WhatRuns, "shows">): ProvenInstances {
    const excuses = new Map<string, string | null>();
    const ask = async <T>(what: string, question: Omit<Question, "path" | "password">) =>
      await this.#ask({ path: `${PROOF_PATH}/${what}`, ...question }) as T;
    return {
      async standing(topology): Promise<Standing> {
        try {
          const path = `standing/${encodeURIComponent(topology)}`;
          const standing = await ask<Standing>(path, { parameters: { program } });
          // What is asked knows of its own rows alone; what all of them said last is older.
          return { ...standing, excuse: standing.excuse ?? excuses.get(topology) ?? null };
        } catch (error) {
          return { paused: (error as Error).message, elsewhere: false, excuse: null };
        }
      },
      async applied(topology): Promise<boolean> {
        try {
          const path = `applied/${encodeURIComponent(topology)}`;
          const { applied, excuse } = await ask<AppliedAnswer>(path, { answerMs: APPLIED_MS });
          excuses.set(topology, excuse);
          return applied;
        } catch {
          // Nobody answers: the next standing says so.
          return false;
        }
      },
      streams: serviceStreams(
        ({ kind, topology }, question) => ask(`${kind}/${encodeURIComponent(topology)}`, question),
        {
          shows,
        },
      ),
      tell: (report) => void this.#tell({ program, says: { report } }),
    };
  }

  async #whatRuns(): Promise<WhatRuns> {
    return await this.#ask({ path: PROOF_PATH }) as WhatRuns;
  }

  /** One that is not told is told a second later; nobody waits for it. */
  async #tell(word: Omit<PostedWord, "told">): Promise<void> {
    const body: PostedWord = { ...word, told: new Date().toISOString() };
    try {
      await this.#ask({ path: PROOF_PATH, body: JSON.stringify(body) });
    } catch (error) {
      this.#say({
        level: "warn",
        name: "proof untold",
        text: `Cannot tell what was found: ${(error as Error).message}`,
      });
    }
  }

  /** Asks the instances one after the other until one answers. @throws UnansweredError */
  async #ask(question: Omit<Question, "password">): Promise<unknown> {
    const { urls, password } = this.#options;
    const problems: string[] = [];
    for (let tried = 0; tried < urls.length; tried++) {
      const place = (this.#place + tried) % urls.length;
      try {
        const reply = await askInstance(urls[place], { ...question, password });
        if (reply.status === 200) {
          this.#place = place;
          return JSON.parse(reply.text);
        }
        problems.push(`${urls[place]} answers with status ${reply.status}: ${errorIn(reply)}`);
      } catch (error) {
        problems.push(`${urls[place]} does not answer: ${(error as Error).message}`);
      }
    }
    throw new UnansweredError(problems.join("; "));
  }

  #say(event: Event): void {
    if (event.text === this.#said) return;
    this.#said = event.text;
    this.#options.onEvent(event);
  }
}

function growingPause(failures: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, waitMsAfter(failures, PAUSES)));
}
