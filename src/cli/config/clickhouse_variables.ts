import type { z } from "zod";
import { Secret } from "./secret.ts";
import { certificateVariable, keyVariable, secretVariable, textVariable, variable } from "./variable.ts";

/** What tells how ClickHouse is reached. */
export const clickhouseVariables = {
  CLICKHOUSE_URL: variable("CLICKHOUSE_URL", {
    expected: "an address such as http://clickhouse:8123, or several of one kind, separated by commas",
    read: readUrls,
  }),
  CLICKHOUSE_USER: textVariable("CLICKHOUSE_USER"),
  CLICKHOUSE_PASSWORD: secretVariable("CLICKHOUSE_PASSWORD"),
  CLICKHOUSE_TOKEN: secretVariable("CLICKHOUSE_TOKEN"),
  CLICKHOUSE_CLUSTER: variable("CLICKHOUSE_CLUSTER", {
    expected: "a cluster's name, as in system.clusters",
    read: (value) => /^[\w.-]+$/.test(value) ? value : null,
  }),
  CLICKHOUSE_CLUSTER_PATH: variable("CLICKHOUSE_CLUSTER_PATH", {
    expected: "a path in Keeper with {database} and {table}, such as /clickhouse/tables/{shard}/{database}/{table}",
    read: (value) =>
      /^\/[\w{}/.-]+$/.test(value) && /\{table\}/.test(value) && /\{database\}/.test(value) ? value : null,
  }),
  CLICKHOUSE_DATABASE: variable("CLICKHOUSE_DATABASE", {
    expected: "a database's name (letters, digits and _)",
    read: (value) => /^[A-Za-z_]\w*$/.test(value) ? value : null,
  }),
  CLICKHOUSE_CA: certificateVariable("CLICKHOUSE_CA"),
  CLICKHOUSE_CERT: certificateVariable("CLICKHOUSE_CERT"),
  CLICKHOUSE_KEY: keyVariable("CLICKHOUSE_KEY"),
};

/** Those that can be given as `..._FILE`. */
export const CLICKHOUSE_FILE_VARIABLES = [
  "CLICKHOUSE_PASSWORD",
  "CLICKHOUSE_TOKEN",
  "CLICKHOUSE_CA",
  "CLICKHOUSE_CERT",
  "CLICKHOUSE_KEY",
] as const;

type ClickHouseValues = { readonly [N in keyof typeof clickhouseVariables]?: z.output<typeof clickhouseVariables[N]> };

/** How to reach ClickHouse. */
export interface ClickHouseConfiguration {
  /** One, or several of one server or of one cluster's replicas. */
  readonly urls: readonly string[];
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  /** A JSON Web Token in place of both; null: none. A file is read again at each call. */
  readonly token: (() => Secret) | null;
  /** Whose replicas keep the tables; null: one server. */
  readonly cluster: { readonly name: string; readonly path?: string } | null;
  /** Certificates in PEM; null: the system's authorities. */
  readonly ca: string | null;
  /** In PEM, for TLS; the login, too, where there is neither password nor token. */
  readonly client: { readonly certificate: string; readonly key: Secret } | null;
}

/** What the variables say, but for the addresses. `readAgain`: as of Kafka's. */
export function clickhouseOf(
  values: ClickHouseValues,
  readAgain: (name: "CLICKHOUSE_TOKEN", before: string) => string,
): Omit<ClickHouseConfiguration, "urls"> {
  const { CLICKHOUSE_TOKEN: token, CLICKHOUSE_CLUSTER: name, CLICKHOUSE_CLUSTER_PATH: path } = values;
  return {
    user: values.CLICKHOUSE_USER,
    password: values.CLICKHOUSE_PASSWORD,
    token: token === undefined ? null : () => new Secret(readAgain("CLICKHOUSE_TOKEN", token.reveal())),
    cluster: name === undefined ? null : { name, ...path === undefined ? {} : { path } },
    ca: values.CLICKHOUSE_CA ?? null,
    client: values.CLICKHOUSE_CERT !== undefined && values.CLICKHOUSE_KEY !== undefined
      ? { certificate: values.CLICKHOUSE_CERT, key: values.CLICKHOUSE_KEY }
      : null,
  };
}

/** What does not go together. `present`: names of all that is set, also of what could not be read. */
export function clickhouseContradictions(
  present: ReadonlySet<string>,
  texts: Readonly<Record<string, string>>,
): string[] {
  const problems: string[] = [];
  const has = (name: string) => present.has(name);
  const certificates = ["CLICKHOUSE_CA", "CLICKHOUSE_CERT", "CLICKHOUSE_KEY"].filter(has);
  if (certificates.length > 0 && texts.CLICKHOUSE_URL?.trim().startsWith("http:")) {
    problems.push(
      `Cannot use ${certificates.join(" and ")} with an http:// address: certificates are for https. Change ` +
        "CLICKHOUSE_URL",
    );
  }
  // The client takes an own certificate with the authorities to trust alone.
  const own = ["CLICKHOUSE_CA", "CLICKHOUSE_CERT", "CLICKHOUSE_KEY"].filter((name) => !has(name));
  if ((has("CLICKHOUSE_CERT") || has("CLICKHOUSE_KEY")) && own.length > 0) {
    problems.push(`Cannot show ClickHouse a certificate: ${own.join(" and ")} missing (or ..._FILE)`);
  }
  const logins = ["CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD"].filter(has);
  if (has("CLICKHOUSE_TOKEN") && logins.length > 0) {
    problems.push(
      `Cannot use CLICKHOUSE_TOKEN with ${logins.join(" and ")}: the token says who you are. Unset one of them`,
    );
  }
  if (has("CLICKHOUSE_CLUSTER_PATH") && !has("CLICKHOUSE_CLUSTER")) {
    problems.push("Cannot use CLICKHOUSE_CLUSTER_PATH without CLICKHOUSE_CLUSTER: it is missing. Set it");
  }
  return problems;
}

/** All of one protocol, since certificates are for all or for none. */
function readUrls(value: string): string[] | null {
  const urls = value.split(",").map((url) => url.trim()).filter((url) => url !== "");
  if (urls.length === 0 || !urls.every((url) => URL.canParse(url))) return null;
  const [protocol, ...others] = new Set(urls.map((url) => new URL(url).protocol));
  return others.length === 0 && (protocol === "http:" || protocol === "https:") ? urls : null;
}
