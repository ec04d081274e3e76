import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { howToAdd } from "../local/add_package.ts";
import { ConfigError, ProductionError } from "../../record/errors.ts";

/** Who signs; the token is there for those that are valid for a while only. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** How tokens for Amazon MSK are made. */
export interface MskTokenOptions {
  readonly region: string;
  /** Asked for each token. */
  readonly credentials: () => Promise<AwsCredentials>;
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
}

/** Seconds for which a token lets somebody log in; a connection lives on. As Amazon's own signers have it. */
const TOKEN_S = 900;
const ACTION = "kafka-cluster:Connect";

/**
 * Tokens for SASL OAUTHBEARER as Amazon MSK takes them (AWS_MSK_IAM): the address of a signed request, in base64url.
 * Each is made on this machine, when it is asked for.
 * @returns a function that gives one. It throws what `credentials` throws
 */
export function mskTokens({ region, credentials, nowMs = Date.now }: MskTokenOptions): () => Promise<string> {
  return async () => {
    const { default: aws4 } = await import("aws4");
    const host = `kafka.${region}.amazonaws.com`;
    const date = new Date(nowMs()).toISOString().replaceAll(/[:-]|\.\d{3}/g, "");
    const query = new URLSearchParams({ Action: ACTION, "X-Amz-Date": date, "X-Amz-Expires": String(TOKEN_S) });
    const request = { service: "kafka-cluster", region, host, method: "GET", path: `/?${query}`, signQuery: true };
    const { path } = aws4.sign(request, { ...await credentials() });
    // Not signed: says who made it, in the broker's log.
    return Buffer.from(`https://${host}${path}&User-Agent=weir`).toString("base64url");
  };
}

/** Amazon's chain of places where credentials may be, which knows containers, roles and profiles. */
const CHAIN: string = "@aws-sdk/credential-provider-node";

/**
 * The credentials of Amazon's own chain. It is a package of several megabytes, which nobody else needs, so the project
 * has it or not.
 * @throws ConfigError if the project does not have it
 */
export function chainedCredentials(): () => Promise<AwsCredentials> {
  const require = createRequire(pathToFileURL(`${Deno.cwd()}/`));
  let provider: () => Promise<AwsCredentials>;
  try {
    provider = require(CHAIN).defaultProvider();
  } catch (error) {
    if ((error as { code?: string }).code !== "MODULE_NOT_FOUND") throw error;
    throw new ConfigError([
      "Cannot log in to Amazon MSK: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set. For roles, containers " +
      `and profiles add the package that finds them: ${howToAdd(CHAIN)}`,
    ]);
  }
  return async () => {
    try {
      return await provider();
    } catch (error) {
      const message = `Cannot log in to Amazon MSK: no credentials were found, ${(error as Error).message}`;
      throw new ProductionError(message, { retriable: true, cause: error });
    }
  };
}
