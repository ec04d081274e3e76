import { timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";

/** Whether a request has `Authorization: Bearer` with the password. How long that takes tells nothing of it. */
export function knowsPassword(request: Request, password: string): boolean {
  const given = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
  const [a, b] = [Buffer.from(given), Buffer.from(password)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** What such a request has in its head; null: nothing. */
export function passwordHeaders(password: string | null): Record<string, string> {
  return password === null ? {} : { authorization: `Bearer ${password}` };
}
