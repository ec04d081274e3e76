import type { Stage } from "./stage.ts";

const ANSWER_MS_MAX = 10_000;

/** Asks the console's port with its password, or another one; null: without. */
export function askConsole(
  stage: Stage,
  path: string,
  { password = stage.secret("weir_store_password").trim(), ...init }: RequestInit & { password?: string | null } = {},
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (password !== null) headers.set("authorization", `Bearer ${password}`);
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  return fetch(`http://127.0.0.1:${stage.port(8686)}${path}`, { ...init, headers, signal });
}
