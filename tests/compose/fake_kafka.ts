/** Kafka's wire protocol as far as a login: every password is refused. */
export interface RefusingKafka {
  readonly address: string;
  /** How many logins were refused. */
  readonly logins: () => number;
  close(): void;
}

const API_VERSIONS = 18;
const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
const SASL_AUTHENTICATION_FAILED = 58;

/** A broker that knows nobody: it negotiates versions and mechanisms, then says that authentication failed. */
export function serveRefusingKafka(): RefusingKafka {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let refused = 0;
  (async () => {
    for await (const connection of listener) {
      serve(connection, () => refused++).catch(() => {}).finally(() => {
        try {
          connection.close();
        } catch {
          // The client has closed it.
        }
      });
    }
  })().catch(() => {});
  const { port } = listener.addr as Deno.NetAddr;
  return { address: `127.0.0.1:${port}`, logins: () => refused, close: () => listener.close() };
}

async function serve(connection: Deno.Conn, onRefused: () => void): Promise<void> {
  while (true) {
    const size = new DataView((await readExactly(connection, 4)).buffer).getInt32(0);
    const request = new DataView((await readExactly(connection, size)).buffer);
    const api = request.getInt16(0);
    const body = answer(api, request.getInt16(2));
    if (body === null) return;
    if (api === SASL_AUTHENTICATE) onRefused();
    const frame = new DataView(new ArrayBuffer(8 + body.length));
    frame.setInt32(0, 4 + body.length);
    frame.setInt32(4, request.getInt32(4));
    const bytes = new Uint8Array(frame.buffer);
    bytes.set(body, 8);
    await connection.write(bytes);
  }
}

function answer(api: number, version: number): Uint8Array<ArrayBuffer> | null {
  if (api === API_VERSIONS) {
    const known = [[API_VERSIONS, 2], [SASL_HANDSHAKE, 1], [SASL_AUTHENTICATE, 1], [3, 6], [0, 7], [1, 11], [2, 3]];
    const rows = known.flatMap(([key, max]) => [...int16(key), ...int16(0), ...int16(max)]);
    return Uint8Array.from([...int16(0), ...int32(known.length), ...rows, ...(version > 0 ? int32(0) : [])]);
  }
  if (api === SASL_HANDSHAKE) {
    const mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
    return Uint8Array.from([...int16(0), ...int32(mechanisms.length), ...mechanisms.flatMap(text)]);
  }
  if (api === SASL_AUTHENTICATE) {
    const reason = text("Authentication failed: Invalid username or password");
    return Uint8Array.from([
      ...int16(SASL_AUTHENTICATION_FAILED),
      ...reason,
      ...int32(0),
      ...(version > 0 ? [...int32(0), ...int32(0)] : []),
    ]);
  }
  return null;
}

const int16 = (value: number) => [value >> 8 & 255, value & 255];
const int32 = (value: number) => [value >> 24 & 255, value >> 16 & 255, value >> 8 & 255, value & 255];
const text = (value: string) => [...int16(value.length), ...new TextEncoder().encode(value)];

async function readExactly(connection: Deno.Conn, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const read = await connection.read(bytes.subarray(at));
    if (read === null) throw new Error("the connection ended");
    at += read;
  }
  return bytes;
}
