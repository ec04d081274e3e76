import type { z } from "zod";
import { readChoice, readInteger } from "../option_values.ts";
import { isPair } from "./key_pair.ts";
import { Secret } from "./secret.ts";
import {
  certificateVariable,
  keyVariable,
  secretVariable,
  switchVariable,
  textVariable,
  urlVariable,
  variable,
} from "./variable.ts";

/** What tells how Kafka is reached. */
export const kafkaVariables = {
  KAFKA_BROKERS: variable("KAFKA_BROKERS", {
    expected: "brokers as host:port, separated by commas",
    read: readBrokers,
  }),
  KAFKA_CLIENT_ID: textVariable("KAFKA_CLIENT_ID"),
  KAFKA_TLS: switchVariable("KAFKA_TLS"),
  KAFKA_CA: certificateVariable("KAFKA_CA"),
  KAFKA_CERT: certificateVariable("KAFKA_CERT"),
  KAFKA_KEY: keyVariable("KAFKA_KEY"),
  KAFKA_SASL_MECHANISM: variable("KAFKA_SASL_MECHANISM", {
    expected: "plain, scram-sha-256, scram-sha-512, oauthbearer or aws_msk_iam",
    read: (value) =>
      readChoice("plain", "scram-sha-256", "scram-sha-512", "oauthbearer", "aws_msk_iam")(value.toLowerCase()),
  }),
  AWS_REGION: textVariable("AWS_REGION"),
  AWS_ACCESS_KEY_ID: textVariable("AWS_ACCESS_KEY_ID"),
  AWS_SECRET_ACCESS_KEY: secretVariable("AWS_SECRET_ACCESS_KEY"),
  AWS_SESSION_TOKEN: secretVariable("AWS_SESSION_TOKEN"),
  KAFKA_SASL_USERNAME: textVariable("KAFKA_SASL_USERNAME"),
  KAFKA_SASL_PASSWORD: secretVariable("KAFKA_SASL_PASSWORD"),
  KAFKA_OAUTH_TOKEN: secretVariable("KAFKA_OAUTH_TOKEN"),
  KAFKA_OAUTH_TOKEN_URL: urlVariable("KAFKA_OAUTH_TOKEN_URL", {
    protocols: ["http:", "https:"],
    example: "https://issuer.example.com/oauth2/token",
  }),
  KAFKA_OAUTH_CLIENT_ID: textVariable("KAFKA_OAUTH_CLIENT_ID"),
  KAFKA_OAUTH_CLIENT_SECRET: secretVariable("KAFKA_OAUTH_CLIENT_SECRET"),
  KAFKA_OAUTH_SCOPE: textVariable("KAFKA_OAUTH_SCOPE"),
  KAFKA_REPLICATION_FACTOR: variable("KAFKA_REPLICATION_FACTOR", {
    expected: "a whole number from 1 to 100",
    read: readInteger(1, 100),
  }),
  KAFKA_SESSION_TIMEOUT_MS: variable("KAFKA_SESSION_TIMEOUT_MS", {
    expected: "a whole number of milliseconds from 6000 to 1800000",
    read: readInteger(6_000, 1_800_000),
  }),
};

/** Those that can be given as `..._FILE`. */
export const KAFKA_FILE_VARIABLES = [
  "KAFKA_CA",
  "KAFKA_CERT",
  "KAFKA_KEY",
  "KAFKA_SASL_PASSWORD",
  "KAFKA_OAUTH_TOKEN",
  "KAFKA_OAUTH_CLIENT_SECRET",
] as const;

type KafkaValues = { readonly [N in keyof typeof kafkaVariables]?: z.output<typeof kafkaVariables[N]> };

/** PEM texts of TLS; without `ca` the system's authorities are trusted. */
export interface TlsTexts {
  readonly ca?: string;
  /** This client's own, where the broker asks for one. */
  readonly client?: { readonly certificate: string; readonly key: Secret };
}

/** Who Weir is to the brokers. */
export type KafkaLogin =
  | {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: Secret;
  }
  | { readonly mechanism: "oauthbearer"; readonly token: () => Secret }
  | {
    readonly mechanism: "aws_msk_iam";
    readonly region: string;
    /** Null: those that Amazon's chain finds. */
    readonly keys: { readonly id: string; readonly secret: Secret; readonly session: Secret | undefined } | null;
  }
  | {
    readonly mechanism: "oauthbearer";
    readonly issuer: {
      readonly url: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly scope: string | undefined;
    };
  };

/** How to reach Kafka. */
export interface KafkaConfiguration {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Null: no TLS. Files are read again at each call, as certificates are renewed. */
  readonly tls: (() => TlsTexts) | null;
  readonly login: KafkaLogin | null;
  readonly replicationFactor: number | undefined;
  /** Milliseconds after which the tasks of an instance that is not heard of go to others. */
  readonly sessionTimeoutMs: number | undefined;
}

/** Reads the file of a variable once more; the text known so far if it is not given as one, or cannot be read now. */
export type ReadAgain = (name: string, before: string) => string;

/** What the variables say. */
export function kafkaOf(
  values: KafkaValues,
  { brokers, readAgain }: { readonly brokers: readonly string[]; readonly readAgain: ReadAgain },
): KafkaConfiguration {
  const { KAFKA_CA, KAFKA_CERT } = values;
  return {
    brokers,
    clientId: values.KAFKA_CLIENT_ID ?? "weir",
    tls: values.KAFKA_TLS ?? ((KAFKA_CA ?? KAFKA_CERT) !== undefined || isMsk(values.KAFKA_SASL_MECHANISM))
      ? tlsTexts(values, readAgain)
      : null,
    login: loginOf(values, readAgain),
    replicationFactor: values.KAFKA_REPLICATION_FACTOR,
    sessionTimeoutMs: values.KAFKA_SESSION_TIMEOUT_MS,
  };
}

function tlsTexts({ KAFKA_CA, KAFKA_CERT, KAFKA_KEY }: KafkaValues, readAgain: ReadAgain): () => TlsTexts {
  let ca = KAFKA_CA;
  let client = KAFKA_CERT !== undefined && KAFKA_KEY !== undefined ? { certificate: KAFKA_CERT, key: KAFKA_KEY } : null;
  return () => {
    if (ca !== undefined) ca = readAgain("KAFKA_CA", ca);
    if (client !== null) {
      const certificate = readAgain("KAFKA_CERT", client.certificate);
      const key = new Secret(readAgain("KAFKA_KEY", client.key.reveal()));
      // Whoever renews both files writes one of them first.
      if (isPair(certificate, key)) client = { certificate, key };
    }
    return { ...ca === undefined ? {} : { ca }, ...client === null ? {} : { client } };
  };
}

function loginOf(values: KafkaValues, readAgain: ReadAgain): KafkaLogin | null {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = values;
  if (mechanism === "aws_msk_iam") {
    const { AWS_REGION: region, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = values;
    const keys = id === undefined || secret === undefined ? null : { id, secret, session: values.AWS_SESSION_TOKEN };
    return { mechanism, region: region!, keys };
  }
  if (mechanism !== "oauthbearer") {
    const complete = mechanism !== undefined && username !== undefined && password !== undefined;
    return complete ? { mechanism, username, password } : null;
  }
  const { KAFKA_OAUTH_TOKEN: token, KAFKA_OAUTH_TOKEN_URL: url, KAFKA_OAUTH_SCOPE: scope } = values;
  if (token !== undefined) {
    return { mechanism, token: () => new Secret(readAgain("KAFKA_OAUTH_TOKEN", token.reveal())) };
  }
  const issuer = {
    url: url!,
    clientId: values.KAFKA_OAUTH_CLIENT_ID!,
    clientSecret: values.KAFKA_OAUTH_CLIENT_SECRET!,
    scope,
  };
  return { mechanism, issuer };
}

/** What does not go together. `present`: names of all that is set, also of what could not be read. */
export function kafkaContradictions(present: ReadonlySet<string>, texts: Readonly<Record<string, string>>): string[] {
  const problems: string[] = loginContradictions(present, texts);
  const certificates = ["KAFKA_CA", "KAFKA_CERT", "KAFKA_KEY"].filter((name) => present.has(name));
  if (certificates.length > 0 && /^(0|false|no|off)$/i.test(texts.KAFKA_TLS ?? "")) {
    problems.push(
      `Cannot use ${certificates.join(" and ")} with KAFKA_TLS=false: certificates are for TLS. Unset one of them`,
    );
  }
  if (present.has("KAFKA_CERT") !== present.has("KAFKA_KEY")) {
    const [given, missing] = present.has("KAFKA_CERT") ? ["KAFKA_CERT", "KAFKA_KEY"] : ["KAFKA_KEY", "KAFKA_CERT"];
    problems.push(`Cannot show Kafka a certificate: ${given} is set, ${missing} is missing (or ${missing}_FILE)`);
  }
  const { KAFKA_CERT: own, KAFKA_KEY: key } = texts;
  if (own !== undefined && key !== undefined && !isPair(own, new Secret(key))) {
    problems.push("Cannot use KAFKA_CERT and KAFKA_KEY together: the key is not that of the (first) certificate");
  }
  return problems;
}

/** Amazon MSK takes such a login over TLS alone. */
function isMsk(mechanism: string | undefined): boolean {
  return mechanism?.toLowerCase() === "aws_msk_iam";
}

function mskContradictions(present: ReadonlySet<string>, texts: Readonly<Record<string, string>>): string[] {
  const problems: string[] = [];
  const foreign = [...present].filter((name) => /^KAFKA_(OAUTH_|SASL_(USERNAME|PASSWORD))/.test(name));
  if (foreign.length > 0) {
    problems.push(`Cannot use ${foreign.join(" and ")} with aws_msk_iam, which logs in by AWS's credentials: unset`);
  }
  if (!present.has("AWS_REGION")) {
    problems.push("Cannot log in to Amazon MSK without AWS_REGION: it is missing. Set it, as to eu-central-1");
  }
  if (present.has("AWS_ACCESS_KEY_ID") !== present.has("AWS_SECRET_ACCESS_KEY")) {
    problems.push(
      "Cannot log in to Amazon MSK by one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: set both, or none",
    );
  }
  if (/^(0|false|no|off)$/i.test(texts.KAFKA_TLS ?? "")) {
    problems.push("Cannot log in to Amazon MSK with KAFKA_TLS=false: it takes such a login over TLS alone. Unset it");
  }
  return problems;
}

function loginContradictions(present: ReadonlySet<string>, texts: Readonly<Record<string, string>>): string[] {
  if (isMsk(texts.KAFKA_SASL_MECHANISM)) return mskContradictions(present, texts);
  const oauth = texts.KAFKA_SASL_MECHANISM?.toLowerCase() === "oauthbearer";
  const users = ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"];
  const issuers = ["KAFKA_OAUTH_TOKEN_URL", "KAFKA_OAUTH_CLIENT_ID", "KAFKA_OAUTH_CLIENT_SECRET"];
  const given = (names: readonly string[]) => names.filter((name) => present.has(name));
  if (!oauth) {
    const foreign = given([...issuers, "KAFKA_OAUTH_TOKEN", "KAFKA_OAUTH_SCOPE"]);
    if (foreign.length > 0) {
      return [`Cannot use ${foreign.join(" and ")} as a login: KAFKA_SASL_MECHANISM=oauthbearer is missing`];
    }
    const names = ["KAFKA_SASL_MECHANISM", ...users];
    const missing = names.filter((name) => !present.has(name));
    if (missing.length === 0 || missing.length === names.length) return [];
    return [
      `Cannot authenticate with Kafka: ${given(names).join(" and ")} set, ${missing.join(" and ")} missing ` +
      "(or ..._FILE for the password)",
    ];
  }
  const problems: string[] = [];
  if (given(users).length > 0) {
    problems.push(`Cannot use ${given(users).join(" and ")} with oauthbearer, which logs in by a token: unset`);
  }
  if (present.has("KAFKA_OAUTH_TOKEN")) {
    if (given(issuers).length > 0) {
      problems.push(`Cannot use both KAFKA_OAUTH_TOKEN and ${given(issuers).join(" and ")}: unset one of them`);
    }
  } else if (given(issuers).length < issuers.length) {
    problems.push(
      "Cannot log in to Kafka with oauthbearer: set KAFKA_OAUTH_TOKEN_FILE, a file that holds a valid token whenever " +
        `it is read, or all of ${issuers.join(", ")} (the secret also as ..._FILE)`,
    );
  }
  return problems;
}

function readBrokers(value: string): string[] | null {
  const brokers = value.split(",").map((broker) => broker.trim()).filter((broker) => broker !== "");
  const address = /^(\[[0-9a-fA-F:]+\]|[^:/\s]+):\d{1,5}$/;
  return brokers.length > 0 && brokers.every((broker) => address.test(broker)) ? brokers : null;
}
