import { Exception, exceptionText, statusOf } from "../../../src/adapters/embedded_clickhouse/clickhouse_exception.ts";

/** An error of ClickHouse. */
export interface Refusal {
  readonly code: number;
  readonly codeName: string;
  readonly message: string;
}

/** Headers of one connection, which its other end makes itself. */
const HOP_HEADERS = ["connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"];

/** Which statements are refused. */
export type Refused = "inserts" | "everything";

/**
 * An address in front of a ClickHouse that answers as a ClickHouse does that has taken away a right or a password, or
 * has no space left: the engine of the tests has neither users with rights nor a disk of its own. Everything else is
 * passed on.
 */
export class ClickHouseFront {
  readonly url: string;
  /** Statements refused since {@link refuse}. */
  refused = 0;
  #refusal: Refusal | null = null;
  #isRefused: (statement: string) => boolean = () => false;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #behind: { readonly url: string; readonly version: string };

  constructor(behind: { readonly url: string; readonly version: string }) {
    this.#behind = behind;
    const onListen = () => {};
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, (request) => this.#answer(request));
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** From now on such statements are refused. */
  refuse(refusal: Refusal, which: Refused): void {
    this.#refusal = refusal;
    this.#isRefused = which === "everything" ? () => true : (statement) => /^\s*INSERT\b/i.test(statement);
    this.refused = 0;
  }

  /** From now on nothing is refused. */
  allow(): void {
    this.#refusal = null;
  }

  async close(): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, search, searchParams } = new URL(request.url);
    // Statements with rows behind them are in the address, all others in the body.
    const statement = searchParams.get("query") ?? "";
    if (this.#refusal !== null && this.#isRefused(statement)) return await this.#answerWith(this.#refusal, request);
    const response = await fetch(`${this.#behind.url}${pathname}${search}`, {
      method: request.method,
      headers: passedOn(request.headers),
      body: request.body,
    });
    return new Response(response.body, { status: response.status, headers: passedOn(response.headers) });
  }

  /** The rows are read before the answer, as ClickHouse does. */
  async #answerWith(refusal: Refusal, request: Request): Promise<Response> {
    for await (const _ of request.body ?? []);
    this.refused++;
    const text = exceptionText(new Exception(refusal, refusal.message), this.#behind.version);
    return new Response(text, {
      status: statusOf(refusal.code),
      headers: {
        "content-type": "text/plain; charset=UTF-8",
        "x-clickhouse-exception-code": String(refusal.code),
        "x-clickhouse-summary": '{"read_rows":"0","read_bytes":"0","written_rows":"0","written_bytes":"0"}',
      },
    });
  }
}

function passedOn(headers: Headers): Headers {
  const copy = new Headers(headers);
  for (const name of HOP_HEADERS) copy.delete(name);
  return copy;
}
