/** Why a request cannot be answered, in a sentence with what to do, and the status that fits. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 503;

  constructor(status: RequestError["status"], message: string) {
    super(message);
    this.status = status;
  }
}

/** An answer as JSON. */
export function json(value: unknown, status = 200): Response {
  return jsonText(JSON.stringify(value), status);
}

/** The same of a text that is JSON already. */
export function jsonText(text: string, status = 200): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "application/json" } });
}

/** `{ "error": ... }` */
export function problem(status: number, error: string): Response {
  return json({ error }, status);
}
