import type { Event } from "../start/output.ts";
import { type ContinuousProof, NOTHING_PROVED, type ProofKeeper, type ProofReport } from "./proof_report.ts";

/** So long after its last word the service is taken to be gone. It speaks once a second. */
const SILENT_MS = 30_000;

/** What the service says. */
export interface Word {
  /** When it said so, ISO 8601 in UTC, by its own clock. */
  readonly told: string;
  /** What it has found; or why it cannot compare. */
  readonly says: { readonly report: ProofReport } | { readonly reason: string };
}

/**
 * The proof as a service beside the instances computes it: where an instance may run no other program, as in a
 * container. It asks and tells whichever instance answers, and the instances ask each other.
 */
export class ToldProof implements ProofKeeper {
  #status: ContinuousProof = {
    ...{ state: "starting", reason: "the service that compares (deno task prove) has not told anything yet" },
    ...{ told: null, ...NOTHING_PROVED },
  };
  #silence: ReturnType<typeof setTimeout> | undefined;
  readonly #onReport: (report: ProofReport) => void;
  readonly #onEvent: (event: Event) => void;

  constructor({ onReport, onEvent }: {
    readonly onReport: (report: ProofReport) => void;
    readonly onEvent: (event: Event) => void;
  }) {
    this.#onReport = onReport;
    this.#onEvent = onEvent;
  }

  get status(): ContinuousProof {
    return this.#status;
  }

  /** The service tells something, whenever it wants to. */
  take({ told, says }: Word): void {
    clearTimeout(this.#silence);
    if ("reason" in says) return this.#over(says.reason, told);
    this.#silence = setTimeout(() => {
      // Another instance may be told instead: the status of all of them is that of the one told last.
      this.#over(`the service that compares (deno task prove) has said nothing here since ${told}`, told);
    }, SILENT_MS);
    Deno.unrefTimer(this.#silence);
    this.#status = { state: "running", reason: null, told, ...says.report };
    this.#onReport(says.report);
  }

  start(): void {}

  stop(): Promise<void> {
    clearTimeout(this.#silence);
    return Promise.resolve();
  }

  #over(reason: string, told: string): void {
    const isNews = this.#status.reason !== reason;
    this.#status = { state: "failed", reason, told, ...NOTHING_PROVED };
    this.#onReport(NOTHING_PROVED);
    if (isNews) {
      this.#onEvent({ level: "warn", name: "proof ended", text: `The continuous proof has ended: ${reason}` });
    }
  }
}
