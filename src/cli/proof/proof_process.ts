import type { Revision } from "../../runtime/runner.ts";
import { siblingModule } from "../../adapters/local/sibling_module.ts";
import { waitMsAfter } from "../../ports/retry.ts";
import type { Configuration } from "../config/configuration.ts";
import { denoProgram } from "../deno_program.ts";
import { killSideProcess, spawnSideProcess } from "../side_process.ts";
import type { Event } from "../start/output.ts";
import { type FromProof, messageLine, messagesOf, type ProofBegin, type ToProof } from "./messages.ts";
import { type ContinuousProof, NOTHING_PROVED, type ProofKeeper, type ProofReport } from "./proof_report.ts";
import type { Standings } from "./standing.ts";

/** Pauses before the process is begun again. */
const PAUSES = { firstMs: 5_000, lastMs: 300_000 };
/** What it may hold; beyond that it ends, and nothing else does. */
const HEAP_MEGABYTES = 1_024;

const MODULE = siblingModule(import.meta.url, "proof_main");

/** What is needed to prove. */
export interface ProofProcessOptions {
  readonly configuration: Configuration;
  readonly revision: Revision;
  /** Files in it that need not be in the directory. */
  readonly imported: readonly string[];
  readonly topologies: readonly string[];
  /** Whether the demo store is the source, in embedded mode. */
  readonly demo: boolean;
  readonly standings: Standings;
  readonly onEvent: (event: Event) => void;
  /** A report has come. */
  readonly onReport: (report: ProofReport) => void;
}

/**
 * The proof in a process of its own: what it computes, and what it holds, must not slow down or end what it proves. It
 * is begun again when it ends.
 */
export class ProofProcess implements ProofKeeper {
  #status: ContinuousProof;
  #child: Deno.ChildProcess | null = null;
  #stopped = false;
  #wake: () => void = () => {};
  #running: Promise<void> = Promise.resolve();
  readonly #options: ProofProcessOptions;

  constructor(options: ProofProcessOptions) {
    this.#options = options;
    const reason = offReason(options);
    this.#status = { state: reason === null ? "starting" : "off", reason, told: null, ...NOTHING_PROVED };
  }

  get status(): ContinuousProof {
    return this.#status;
  }

  start(): void {
    if (this.#status.state === "off" || this.#stopped) return;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    killSideProcess(this.#child);
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let failures = 1; !this.#stopped; failures++) {
      const refused = await this.#once().catch((error) => ({ reason: error.message as string, again: true }));
      if (this.#stopped) return;
      const pauseMs = waitMsAfter(failures, PAUSES);
      const outlook = refused.again ? ` (tried again in ${Math.round(pauseMs / 1_000)} s)` : "";
      // What it knew is over: another one begins from nothing.
      this.#status = { state: "failed", reason: refused.reason + outlook, told: null, ...NOTHING_PROVED };
      this.#options.onReport(NOTHING_PROVED);
      const text = `The continuous proof has ended: ${this.#status.reason}`;
      this.#options.onEvent({ level: "warn", name: "proof ended", text });
      if (!refused.again) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** One process, from its beginning to its end. */
  async #once(): Promise<{ readonly reason: string; readonly again: boolean }> {
    const { configuration, revision, imported, topologies } = this.#options;
    const child = this.#child = spawnSideProcess(MODULE, { heapMegabytes: HEAP_MEGABYTES });
    const mark = crypto.randomUUID();
    const writer = child.stdin.getWriter();
    const write = (value: unknown) => writer.write(messageLine(value)).catch(() => {});
    const begin: ProofBegin = {
      dataDirectory: configuration.dataDirectory,
      topologiesDirectory: configuration.topologiesDirectory,
      ...{ topologies, revision, imported, mark },
    };
    write(begin);
    let refusal: string | null = null;
    for await (const message of messagesOf<FromProof>(child.stdout, mark)) {
      if (this.#stopped) break;
      if (message.kind === "refused") refusal = message.reason;
      else if (message.kind === "report") this.#told(message.report);
      else this.#answer(message).then((answer) => write({ id: message.id, answer }));
    }
    killSideProcess(this.#child);
    const { code, signal } = await child.status;
    await writer.abort().catch(() => {});
    if (refusal !== null) return { reason: refusal, again: false };
    return { reason: signal === null ? `status ${code}` : `signal ${signal}`, again: true };
  }

  #told(report: ProofReport): void {
    this.#status = { state: "running", reason: null, told: new Date().toISOString(), ...report };
    this.#options.onReport(report);
  }

  async #answer(ask: Extract<FromProof, { kind: "ask" }>): Promise<ToProof["answer"]> {
    const { standings } = this.#options;
    const { topology } = ask;
    switch (ask.question) {
      case "standing":
        return standings.of(topology);
      case "applied":
        return await standings.applied(topology).catch(() => false);
      case "brought":
        return await standings.brought(topology);
      case "topics":
        return await standings.topics(topology).catch((error: Error) => ({ unanswered: error.message }));
      case "records":
        return await standings.records(topology, ask.asked)
          .catch((error: Error) => ({ unanswered: error.message }));
    }
  }
}

function offReason({ configuration: { proof, kafka }, demo }: ProofProcessOptions): string | null {
  if (proof.by === "off") return "it is switched off (WEIR_PROOF)";
  if (kafka !== null && proof.database === null) return "VERIFY_DATABASE_URL is not set";
  if (kafka === null && !demo) return "the log is the only source without the demo store";
  if (denoProgram() === null) {
    return "this process may not run deno, which computes it (--allow-run): run deno task prove beside it, and set " +
      "WEIR_PROOF=service";
  }
  return null;
}
