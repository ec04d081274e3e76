import { chunksOf } from "../../../src/cli/instances/chunks_of.ts";
import { freePort } from "../../free_port.ts";
import type { Stage } from "./stage.ts";
import type { WeirProcess } from "./weir.ts";

/** What all instances have, unless another is given. */
export const PASSWORD = "asked by all";
/** Longer than any question may take. */
const ANSWER_MS_MAX = 30_000;

// deno-lint-ignore no-explicit-any -- what comes as JSON is looked at as it is
type Untyped = any;

/** An answer, and how long it took. */
export interface Answer {
  readonly status: number;
  /** The answer as JSON; null if it is none. */
  readonly json: Untyped;
  readonly ms: number;
}

/** A process of Weir that others can ask, and its API. */
export class AskedInstance {
  readonly weir: WeirProcess;
  /** Its host and port, as it has told the group. */
  readonly address: string;
  readonly #password: string;

  private constructor(weir: WeirProcess, { address, password }: { readonly address: string; password: string }) {
    this.weir = weir;
    this.address = address;
    this.#password = password;
  }

  /** Starts one. `port`: that of an instance before it; any if absent. */
  static start(
    stage: Stage,
    { topologies, port = freePort(), password = PASSWORD, environment = {} }: {
      readonly topologies: readonly string[];
      readonly port?: number;
      readonly password?: string;
      readonly environment?: Readonly<Record<string, string>>;
    },
  ): AskedInstance {
    const address = `127.0.0.1:${port}`;
    const weir = stage.startWeir(topologies, {
      WEIR_PORT: String(port),
      WEIR_APPLICATION_SERVER: address,
      WEIR_STORE_PASSWORD: password,
      ...environment,
    });
    return new AskedInstance(weir, { address, password });
  }

  get port(): number {
    return Number(this.address.split(":")[1]);
  }

  /** `path`: below the address. @throws when it does not answer */
  async ask(path: string, body?: unknown): Promise<Answer> {
    const startedMs = performance.now();
    const response = await fetch(`http://${this.address}${path}`, {
      ...body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
      headers: this.#headers,
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const text = await response.text();
    let json: Untyped = null;
    try {
      json = JSON.parse(text);
    } catch {
      // Said by the null.
    }
    return { status: response.status, json, ms: performance.now() - startedMs };
  }

  /** How all instances stand, as this one has found out. */
  async state(): Promise<Untyped> {
    return (await this.ask("/api/state?once=true")).json;
  }

  /** Reads a tap until `signal` is aborted; events as they come. */
  async tap(path: string, { signal, onEvent }: {
    readonly signal: AbortSignal;
    readonly onEvent: (event: string, data: Untyped) => void;
  }): Promise<void> {
    try {
      const response = await fetch(`http://${this.address}${path}`, { headers: this.#headers, signal });
      const decoder = new TextDecoder();
      let text = "";
      for await (const chunk of chunksOf(response.body, signal)) {
        const events = (text + decoder.decode(chunk, { stream: true })).split("\n\n");
        text = events.pop()!;
        for (const event of events) {
          const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? [];
          if (name !== undefined) onEvent(name, JSON.parse(data));
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  get #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#password}` };
  }
}
