/** Connect's REST interface with one connector. */
export async function withConnect(
  config: Readonly<Record<string, string>>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return Response.json({ version: "4.3.0" });
    const status = { connector: { state: "RUNNING" }, tasks: [{ state: "FAILED", trace: "Bad things\n at x" }] };
    return Response.json({ shop: { info: { config }, status } });
  });
  try {
    await use(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}
