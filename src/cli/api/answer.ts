/** Version of the API; it grows with what takes something away from those who use it, and not with what is added. */
export const API_VERSION = 1;

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
  return new Response(`${JSON.stringify(value)}\n`, { status, headers: { "content-type": "application/json" } });
}

/** `{ "error": ... }` */
export function problem(status: number, error: string): Response {
  return json({ error }, status);
}
