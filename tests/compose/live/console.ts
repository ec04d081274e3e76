import type { Stage } from "./stage.ts";

const ANSWER_MS_MAX = 10_000;

/** Asks the console's port, or that at another host address, with its password, or another one; null: without. */
export function askConsole(
  stage: Stage,
  path: string,
  {
    host = `127.0.0.1:${stage.port(8686)}`,
    password = stage.secret("weir_store_password"),
    ...init
  }: RequestInit & { readonly host?: string; readonly password?: string | null } = {},
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (password !== null) headers.set("authorization", `Bearer ${password}`);
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  return fetch(`http://${host}${path}`, { ...init, headers, signal });
}
