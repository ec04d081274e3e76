import { knowsPassword } from "../bearer.ts";

/** `password` null: whoever is on this machine may ask, and no page but our own; else who knows it, from wherever. */
export interface Access {
  readonly password: string | null;
}

/** Where a request comes from, as the server sees it. */
export interface Origin {
  readonly loopback: boolean;
}

/** Whether the request may be answered. */
export function isAllowed(request: Request, { loopback, password }: Access & Origin): boolean {
  return password === null ? loopback : knowsPassword(request, password);
}

/**
 * Whether a request that changes something comes from a page of our own, or from no page at all. A browser names the
 * page's origin with everything that it posts.
 */
export function isSameOrigin({ headers }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = headers.get("origin");
  if (origin === null) return true;
  // Behind a proxy the scheme may differ, the name does not.
  return URL.canParse(origin) && new URL(origin).host === headers.get("host");
}
