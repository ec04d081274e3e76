import type { z } from "zod";
import { readChoice, readInteger } from "../option_values.ts";
import type { Secret } from "./secret.ts";
import { certificateVariable, readSwitch, secretVariable, textVariable, urlVariable, variable } from "./variable.ts";

const rows = (name: string, { min, max }: { min: number; max: number }) =>
  variable(name, { expected: `a whole number of rows from ${min} to ${max}`, read: readInteger(min, max) });

const MYSQL = ["mysql:", "mysqls:", "mariadb:"];

/** What tells where the rows are that sinks are compared with, and that commands look into. */
export const databaseVariables = {
  POSTGRES_URL: urlVariable("POSTGRES_URL", {
    protocols: ["postgres:", "postgresql:"],
    example: "postgres://reader@postgres:5432/online_store",
  }),
  POSTGRES_PASSWORD: secretVariable("POSTGRES_PASSWORD"),
  POSTGRES_CA: certificateVariable("POSTGRES_CA"),
  PGHOST: textVariable("PGHOST"),
  PGPORT: variable("PGPORT", { expected: "a port from 1 to 65535", read: readInteger(1, 65_535) }),
  PGDATABASE: textVariable("PGDATABASE"),
  PGUSER: textVariable("PGUSER"),
  PGPASSWORD: secretVariable("PGPASSWORD"),
  PGSSLMODE: variable("PGSSLMODE", {
    expected: "disable, prefer, require, verify-ca or verify-full",
    read: readChoice("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
  }),
  MYSQL_URL: urlVariable("MYSQL_URL", {
    protocols: MYSQL,
    example: "mysql://reader@mysql:3306/shop",
  }),
  MYSQL_PASSWORD: secretVariable("MYSQL_PASSWORD"),
  MYSQL_CA: certificateVariable("MYSQL_CA"),
  VERIFY_DATABASE_URL: urlVariable("VERIFY_DATABASE_URL", {
    protocols: ["postgres:", "postgresql:"],
    example: "postgres://verifier@postgres:5432/online_store",
  }),
  VERIFY_DATABASE_PASSWORD: secretVariable("VERIFY_DATABASE_PASSWORD"),
  SOURCE_DATABASE_URL: urlVariable("SOURCE_DATABASE_URL", {
    protocols: ["postgres:", "postgresql:", ...MYSQL],
    example: "postgres://reader@postgres:5432/online_store or mysql://reader@mysql:3306/shop",
  }),
  SOURCE_DATABASE_PASSWORD: secretVariable("SOURCE_DATABASE_PASSWORD"),
  WEIR_PROOF: variable("WEIR_PROOF", {
    expected: "on, off, or service (deno task prove compares)",
    read: (value) => /^service$/i.test(value) ? "service" : readSwitch(value),
  }),
  WEIR_PROOF_ROWS_PER_SECOND: rows("WEIR_PROOF_ROWS_PER_SECOND", { min: 100, max: 1_000_000 }),
  WEIR_PROOF_ROWS_MAX: rows("WEIR_PROOF_ROWS_MAX", { min: 1_000, max: 100_000_000 }),
};

/** Those that can be given as `..._FILE`. */
export const DATABASE_FILE_VARIABLES = [
  "POSTGRES_PASSWORD",
  "POSTGRES_CA",
  "MYSQL_PASSWORD",
  "MYSQL_CA",
  "VERIFY_DATABASE_PASSWORD",
  "SOURCE_DATABASE_PASSWORD",
] as const;

type Values = { readonly [N in keyof typeof databaseVariables]?: z.output<typeof databaseVariables[N]> };

/** How to reach PostgreSQL, for `verify`. */
export interface PostgresConfiguration {
  readonly url: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  readonly sslMode: string | undefined;
  readonly ca: string | null;
}

/** How to reach MySQL or MariaDB. */
export interface MysqlConfiguration {
  readonly url: string;
  /** Instead of the address's. */
  readonly password: Secret | undefined;
  /** Certificates in PEM, which the server's must be of; null: with `mysqls:` the system's authorities. */
  readonly ca: string | null;
}

/** How the sinks are compared with their source while everything runs. */
interface ProofConfiguration {
  /** By whom: a process that the instance begins, or the service `deno task prove` beside it; `off`: by nobody. */
  readonly by: "process" | "service" | "off";
  /** The source where Kafka is configured; null there: nothing is compared. */
  readonly database: PostgresConfiguration | null;
  /** Rows that are read from the source in a second at most. */
  readonly rowsPerSecond: number;
  /** Rows of the sources of a sink that may be held at once, where it cannot be compared by ranges of keys. */
  readonly rowsMax: number;
}

/** A database that commands look into. */
export type SourceDatabase =
  | { readonly kind: "postgres"; readonly postgres: PostgresConfiguration }
  | { readonly kind: "mysql"; readonly mysql: MysqlConfiguration };

/** The databases that are known. */
export interface DatabasesConfiguration {
  readonly postgres: PostgresConfiguration | null;
  readonly mysql: MysqlConfiguration | null;
  /** The database that `sources pull` and `doctor` look into: one of their own, or that of `verify`. */
  readonly source: SourceDatabase | null;
  readonly proof: ProofConfiguration;
}

/** An address says all of this. */
const NOWHERE = { host: undefined, port: undefined, database: undefined, user: undefined };

/** What the variables say. */
export function databasesOf(values: Values): DatabasesConfiguration {
  const postgres = postgresOf(values);
  const mysql = values.MYSQL_URL === undefined
    ? null
    : { url: values.MYSQL_URL, password: values.MYSQL_PASSWORD, ca: values.MYSQL_CA ?? null };
  return { postgres, mysql, source: sourceOf(values, { postgres, mysql }), proof: proofOf(values) };
}

function postgresOf(values: Values): PostgresConfiguration | null {
  if (values.POSTGRES_URL === undefined && values.PGHOST === undefined) return null;
  return {
    url: values.POSTGRES_URL,
    host: values.PGHOST,
    port: values.PGPORT,
    database: values.PGDATABASE,
    user: values.PGUSER,
    password: values.POSTGRES_PASSWORD ?? values.PGPASSWORD,
    sslMode: values.PGSSLMODE,
    ca: values.POSTGRES_CA ?? null,
  };
}

/** One of their own, or that of `verify`. */
function sourceOf(
  values: Values,
  { postgres, mysql }: Pick<DatabasesConfiguration, "postgres" | "mysql">,
): SourceDatabase | null {
  const { SOURCE_DATABASE_URL: url, SOURCE_DATABASE_PASSWORD: password, PGSSLMODE: sslMode } = values;
  if (url !== undefined && isMysql(url)) {
    return { kind: "mysql", mysql: { url, password, ca: values.MYSQL_CA ?? null } };
  }
  if (url !== undefined) {
    const ca = values.POSTGRES_CA ?? null;
    return { kind: "postgres", postgres: { ...NOWHERE, url, password, sslMode, ca } };
  }
  if (postgres !== null) return { kind: "postgres", postgres };
  return mysql === null ? null : { kind: "mysql", mysql };
}

function isMysql(url: string): boolean {
  return MYSQL.some((protocol) => url.startsWith(protocol));
}

function proofOf(values: Values): ProofConfiguration {
  const { VERIFY_DATABASE_URL: url, VERIFY_DATABASE_PASSWORD: password, PGSSLMODE: sslMode, POSTGRES_CA: ca } = values;
  return {
    by: values.WEIR_PROOF === "service" ? "service" : values.WEIR_PROOF === false ? "off" : "process",
    database: url === undefined ? null : { ...NOWHERE, url, password, sslMode, ca: ca ?? null },
    rowsPerSecond: values.WEIR_PROOF_ROWS_PER_SECOND ?? 20_000,
    rowsMax: values.WEIR_PROOF_ROWS_MAX ?? 500_000,
  };
}

/** What contradicts itself among them. */
export function databaseContradictions(
  present: ReadonlySet<string>,
  texts: Readonly<Record<string, string>>,
): string[] {
  const problems: string[] = [];
  const has = (name: string) => present.has(name);
  if (has("VERIFY_DATABASE_URL") && !has("KAFKA_BROKERS")) {
    problems.push(
      "Cannot use VERIFY_DATABASE_URL in embedded mode: the demo store is the source there. Unset it, or set " +
        "KAFKA_BROKERS and CLICKHOUSE_URL",
    );
  }
  if (/^service$/i.test(texts.WEIR_PROOF ?? "") && !has("KAFKA_BROKERS")) {
    problems.push(
      "Cannot let a service compare (WEIR_PROOF=service) in embedded mode: an instance there compares by itself. " +
        "Unset it, or set KAFKA_BROKERS and CLICKHOUSE_URL",
    );
  }
  if (has("VERIFY_DATABASE_PASSWORD") && !has("VERIFY_DATABASE_URL")) {
    problems.push("Cannot use VERIFY_DATABASE_PASSWORD without VERIFY_DATABASE_URL: it is missing. Set it");
  }
  if (has("MYSQL_URL") && (has("POSTGRES_URL") || has("PGHOST"))) {
    problems.push("Cannot verify with two databases: MYSQL_URL and PostgreSQL's address are set. Set one of them");
  }
  const ca = has("MYSQL_CA") && !isMysql(texts.SOURCE_DATABASE_URL ?? "");
  if ((has("MYSQL_PASSWORD") || ca) && !has("MYSQL_URL")) {
    problems.push("Cannot use MYSQL_PASSWORD or MYSQL_CA without MYSQL_URL: it is missing. Set it");
  }
  if (has("SOURCE_DATABASE_PASSWORD") && !has("SOURCE_DATABASE_URL")) {
    problems.push("Cannot use SOURCE_DATABASE_PASSWORD without SOURCE_DATABASE_URL: it is missing. Set it");
  }
  if (has("POSTGRES_PASSWORD") && has("PGPASSWORD")) {
    problems.push("Cannot use both POSTGRES_PASSWORD and PGPASSWORD: set one of them");
  }
  return problems;
}
