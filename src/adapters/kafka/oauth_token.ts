import { Buffer } from "node:buffer";
import { ProductionError } from "../../record/errors.ts";

/** Who gives tokens, by OAuth 2.0's client credentials (RFC 6749, section 4.4). */
export interface TokenIssuer {
  /** Address of the token endpoint. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
}

/** Milliseconds until an answer of the issuer is given up. */
const ANSWER_MS_MAX = 10_000;
/** Of a token that says no more of itself. */
const LIFETIME_S_DEFAULT = 300;
/** Part of its lifetime after which another one is asked for: a login must not begin with one about to end. */
const USED_SHARE = 0.8;

/**
 * Tokens of an issuer. One is kept until four fifths of its time are over, and asked for once, however many connections
 * want it. `nowMs`: milliseconds of any clock that goes on.
 * @returns a function that gives one. It throws a ProductionError: retriable if the issuer cannot be reached or is out
 * of order, else with what it says; never with the secret
 */
export function issuedTokens(
  issuer: TokenIssuer,
  nowMs: () => number = () => performance.now(),
): () => Promise<string> {
  let known: { readonly token: string; readonly untilMs: number } | null = null;
  let asked: Promise<string> | null = null;

  async function ask(): Promise<string> {
    const startMs = nowMs();
    const { token, lifetimeS } = await askIssuer(issuer);
    known = { token, untilMs: startMs + lifetimeS * 1_000 * USED_SHARE };
    return token;
  }

  return () => {
    if (known !== null && nowMs() < known.untilMs) return Promise.resolve(known.token);
    return asked ??= ask().finally(() => asked = null);
  };
}

async function askIssuer(issuer: TokenIssuer): Promise<{ readonly token: string; readonly lifetimeS: number }> {
  const { url, clientId, clientSecret, scope } = issuer;
  const form = new URLSearchParams({ grant_type: "client_credentials", ...scope === undefined ? {} : { scope } });
  // Both parts are encoded as forms are (RFC 6749, section 2.3.1).
  const login = [clientId, clientSecret].map((part) => new URLSearchParams({ "": part }).toString().slice(1)).join(":");
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { accept: "application/json", authorization: `Basic ${Buffer.from(login).toString("base64")}` },
      body: form,
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    text = await response.text();
  } catch (error) {
    throw refused(issuer, { reason: (error as Error).message, retriable: true });
  }
  const told = parsed(text);
  if (!response.ok) {
    const reason = [told.error, told.error_description].filter((part) => typeof part === "string").join(": ");
    const retriable = response.status >= 500 || response.status === 429;
    throw refused(issuer, { reason: `status ${response.status}${reason === "" ? "" : `, ${reason}`}`, retriable });
  }
  if (typeof told.access_token !== "string" || told.access_token === "") {
    throw refused(issuer, { reason: "its answer has no access_token", retriable: false });
  }
  const lifetimeS = Number(told.expires_in ?? LIFETIME_S_DEFAULT);
  return { token: told.access_token, lifetimeS: lifetimeS > 0 ? lifetimeS : LIFETIME_S_DEFAULT };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function refused(
  { url, clientId }: TokenIssuer,
  { reason, retriable }: { readonly reason: string; readonly retriable: boolean },
): ProductionError {
  return new ProductionError(
    `Cannot get a token for Kafka from "${url}" as client "${clientId}": ${reason}` +
      (retriable ? "" : ". Check client id, secret and scope"),
    { retriable },
  );
}
