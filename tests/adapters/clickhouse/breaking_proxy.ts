/** An address in front of ClickHouse that can break, as a network or a server does. */
export interface BreakingProxy extends AsyncDisposable {
  readonly url: string;
  /** Requests that came, and what becomes of the next ones. */
  readonly requests: string[];
  /**
   * `refuse`: nobody listens any more. `lose`: of each further INSERT the rows arrive, and the answer does not.
   */
  breakNow(how: "refuse" | "lose"): Promise<void>;
}

/** `target`: address of the ClickHouse behind it. */
export function breakingProxy(target: string): BreakingProxy {
  const requests: string[] = [];
  let losing = false;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const url = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    const statement = url.searchParams.get("query") ?? new TextDecoder().decode(body);
    requests.push(statement);
    const headers = new Headers(request.headers);
    headers.delete("host");
    const answer = await fetch(`${target}${url.pathname}${url.search}`, {
      method: request.method,
      headers,
      ...(request.method === "GET" ? {} : { body }),
    });
    const content = await answer.arrayBuffer();
    if (losing && statement.startsWith("INSERT")) return new Response(broken());
    return new Response(content, { status: answer.status, headers: answer.headers });
  });
  let ended: Promise<void> | null = null;
  const end = () => ended ??= server.shutdown();
  return {
    url: `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`,
    requests,
    async breakNow(how) {
      if (how === "lose") losing = true;
      else await end();
    },
    [Symbol.asyncDispose]: end,
  };
}

function broken(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.error(new Error("broken by the test")) });
}
