import { freePort } from "../../free_port.ts";

/** One request, and what its client showed in TLS. */
export interface SeenRequest {
  /** By name in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  /** The subject of the client's certificate; null: it showed none. */
  readonly certificate: string | null;
}

/** A server of `openssl` that asks its clients for a certificate and takes those that have none. */
export interface CertificateServer extends AsyncDisposable {
  readonly url: string;
  /** Answers the next request with these headers and no body, and tells what it was. */
  next(headers: Readonly<Record<string, string>>): Promise<SeenRequest>;
}

/** `trusted`: the authority of the clients' certificates. Neither Deno's servers nor its node:https ask for one. */
export async function certificateServer(
  shown: { readonly certificate: string; readonly key: string },
  { trusted }: { readonly trusted: string },
): Promise<CertificateServer> {
  const folder = await Deno.makeTempDir({ prefix: "weir-test-tls-" });
  const files = { cert: shown.certificate, key: shown.key, CAfile: trusted };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
  const port = freePort();
  const child = new Deno.Command("openssl", {
    args: ["s_server", "-accept", `127.0.0.1:${port}`, "-verify", "1", "-no_ticket"]
      .concat(Object.keys(files).flatMap((name) => [`-${name}`, `${folder}/${name}`])),
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const said = printed(child.stdout);
  const stdin = child.stdin.getWriter();
  await said.until((text) => text.indexOf("ACCEPT"));
  return {
    url: `https://localhost:${port}`,
    async next(headers) {
      // Each request is a connection of its own, and what is printed of it begins with the client's certificate.
      const request = await said.until(endOfRequest);
      const lines = ["HTTP/1.1 200 OK", "Content-Length: 0", "Connection: close"];
      lines.push(...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "", "");
      await stdin.write(new TextEncoder().encode(lines.join("\r\n")));
      await said.until((text) => text.indexOf("DONE"));
      const [beginning, head] = HEAD.exec(request)!;
      return {
        headers: Object.fromEntries(
          head.trim().split("\r\n").map((line) => {
            const colon = line.indexOf(":");
            return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
          }),
        ),
        certificate: /^subject=(.+)$/m.exec(request.slice(0, request.indexOf(beginning)))?.[1]
          .replace(/\s*=\s*/g, "=") ?? null,
      };
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await stdin.close().catch(() => {});
      await said.ended;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const HEAD = /^(?:POST|GET) .+ HTTP\/1\.1\r\n((?:.+\r\n)+)\r\n/m;

/** Where the first request has its end; -1: it has not arrived. */
function endOfRequest(text: string): number {
  const head = HEAD.exec(text);
  if (head === null) return -1;
  const begin = head.index + head[0].length;
  if (/^transfer-encoding: chunked\r$/mi.test(head[1])) return text.indexOf("0\r\n\r\n", begin);
  const length = Number(/^content-length: (\d+)\r$/mi.exec(head[1])?.[1] ?? 0);
  return text.length >= begin + length ? begin + length : -1;
}

/** What a process prints, to be waited for and taken piece by piece. */
function printed(stdout: ReadableStream<Uint8Array>) {
  let text = "";
  let whole = false;
  let more = Promise.withResolvers<void>();
  const ended = (async () => {
    for await (const piece of stdout.pipeThrough(new TextDecoderStream())) {
      text += piece;
      more.resolve();
      more = Promise.withResolvers();
    }
    whole = true;
    more.resolve();
  })();
  return {
    ended,
    /** Takes what is printed up to where `end` finds what it looks for. */
    async until(end: (text: string) => number): Promise<string> {
      for (;;) {
        const at = end(text);
        if (at >= 0) {
          const taken = text.slice(0, at);
          text = text.slice(at);
          return taken;
        }
        if (whole) throw new Error(`openssl has ended: ${text}`);
        await more.promise;
      }
    },
  };
}
