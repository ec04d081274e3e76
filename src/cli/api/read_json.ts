import { RequestError } from "./answer.ts";

/**
 * The body of a request as a JSON object, of so many bytes at most, whatever its head says.
 * @throws RequestError for anything else
 */
export async function readJson(request: Request, bytesMax: number): Promise<Readonly<Record<string, unknown>>> {
  const text = await readText(request, bytesMax);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RequestError(400, `Cannot read the body as JSON: ${(error as Error).message}. Send an object`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RequestError(400, "Cannot read the body as a JSON object: it is another value. Send an object");
  }
  return value as Readonly<Record<string, unknown>>;
}

/** The body of a request as text. @throws RequestError for one that is larger, or no UTF-8 */
export async function readText(request: Request, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new RequestError(413, `Cannot take more than ${bytesMax} bytes at once: send less`);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(whole);
  } catch {
    throw new RequestError(400, "Cannot read the body as UTF-8: it is damaged, or in another encoding");
  }
}
