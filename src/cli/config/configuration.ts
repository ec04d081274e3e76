import { parse } from "@std/dotenv";
import type { z } from "zod";
import { ConfigError } from "../../record/errors.ts";
import type { RunOptions } from "../../runtime/options.ts";
import { didYouMean } from "../../record/nearest.ts";
import { environmentSchema, FILE_VARIABLES, type LogLevel, VARIABLE_NAMES } from "./environment_schema.ts";
import { type KafkaConfiguration, kafkaContradictions, kafkaOf, type ReadAgain } from "./kafka_variables.ts";
import { runOptionsOf } from "./run_variables.ts";
import type { Secret } from "./secret.ts";

/** How to reach ClickHouse. */
export interface ClickHouseConfiguration {
  readonly url: string;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  /** Certificates in PEM; null: the system's authorities. */
  readonly ca: string | null;
  /** In PEM; where ClickHouse asks for one. */
  readonly client: { readonly certificate: string; readonly key: Secret } | null;
}

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

/** How to reach MySQL or MariaDB, for `verify`. */
export interface MysqlConfiguration {
  readonly url: string;
  /** Instead of the address's. */
  readonly password: Secret | undefined;
  /** Certificates in PEM, which the server's must be of; null: with `mysqls:` the system's authorities. */
  readonly ca: string | null;
}

/** How the sinks are compared with their source while everything runs. */
export interface ProofConfiguration {
  /** Whether they are. */
  readonly on: boolean;
  /** The source where Kafka is configured; null there: nothing is compared. */
  readonly database: PostgresConfiguration | null;
  /** Rows that are read from the source in a second at most. */
  readonly rowsPerSecond: number;
  /** Rows of the sources of a sink that may be held at once, where it cannot be compared by ranges of keys. */
  readonly rowsMax: number;
}

/** Everything that is configured outside the command line. */
export interface Configuration {
  /** Null: embedded. Then `clickhouse` is null too, and never else. */
  readonly kafka: KafkaConfiguration | null;
  readonly clickhouse: ClickHouseConfiguration | null;
  readonly postgres: PostgresConfiguration | null;
  readonly mysql: MysqlConfiguration | null;
  /** Database of ClickHouse that holds the sinks. */
  readonly database: string;
  readonly run: RunOptions;
  readonly proof: ProofConfiguration;
  readonly dataDirectory: string;
  /** Where dead letters are kept: in the data directory alone, or in topics that all instances share. */
  readonly deadLetters: "file" | "topic";
  readonly topologiesDirectory: string;
  readonly host: string;
  readonly port: number;
  /** Who knows it may ask for the rows of stores, from wherever; absent: whoever is on the machine. */
  readonly storePassword: Secret | undefined;
  readonly logLevel: LogLevel;
}

/** What a configuration is read from. */
export interface ConfigurationSource {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Text of a file. @throws Error */
  readonly readFile: (path: string) => string;
}

type Values = z.output<typeof environmentSchema>;

/** Variables that this project's own tools read, which must not be taken for misspelt ones. */
const FOREIGN = /^WEIR_STACK/;

/**
 * Reads the process's environment over `.env` of the working directory.
 * @throws ConfigError with all problems
 */
export function loadConfiguration(): Configuration {
  const readFile = (path: string) => Deno.readTextFileSync(path);
  let file: Record<string, string> = {};
  try {
    file = parse(readFile(".env"));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new ConfigError([`Cannot read ".env" as variables: ${(error as Error).message}`], { cause: error });
    }
  }
  return readConfiguration({ environment: { ...file, ...Deno.env.toObject() }, readFile });
}

/**
 * Reads a configuration. An empty variable counts as absent.
 * @throws ConfigError with all problems
 */
export function readConfiguration(source: ConfigurationSource): Configuration {
  const problems: string[] = [];
  const texts = presentTexts(source, problems);
  const parsed = environmentSchema.safeParse(texts);
  // Without the wrong ones, so that what contradicts each other among the others is told as well.
  const wrong = new Set(parsed.success ? [] : parsed.error.issues.map((issue) => String(issue.path[0])));
  const rest = Object.fromEntries(Object.entries(texts).filter(([name]) => !wrong.has(name)));
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => issue.message));
  problems.push(...unknownProblems(source.environment), ...contradictions(new Set(Object.keys(texts)), rest));
  if (problems.length > 0) throw new ConfigError(problems);
  return configurationOf(parsed.data!, readAgainFrom(source));
}

/** Values that are not empty, secrets read from their files. */
function presentTexts({ environment, readFile }: ConfigurationSource, problems: string[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name of Object.keys(environmentSchema.shape)) {
    const text = environment[name];
    if (text !== undefined && text.trim() !== "") texts[name] = text;
  }
  for (const name of FILE_VARIABLES) {
    const path = environment[`${name}_FILE`];
    if (path === undefined || path.trim() === "") continue;
    if (texts[name] !== undefined) {
      problems.push(`Cannot use both ${name} and ${name}_FILE: set one of them`);
      continue;
    }
    try {
      texts[name] = readFile(path).trimEnd();
      if (texts[name] === "") problems.push(`Cannot use ${name}_FILE as a file with a value: "${path}" is empty`);
    } catch (error) {
      const reason = error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message;
      problems.push(`Cannot use ${name}_FILE as a file to read: current value is "${path}", ${reason}`);
    }
  }
  return texts;
}

function unknownProblems(environment: ConfigurationSource["environment"]): string[] {
  const ours = VARIABLE_NAMES.filter((name) => name.startsWith("WEIR_"));
  return Object.keys(environment)
    .filter((name) => name.startsWith("WEIR_") && !VARIABLE_NAMES.includes(name) && !FOREIGN.test(name))
    .map((name) => `Cannot use ${name} as a setting: there is none of this name${didYouMean(name, ours)}`);
}

/** What does not go together. `present`: names of all that is set, also of what could not be read. */
function contradictions(present: ReadonlySet<string>, texts: Readonly<Record<string, string>>): string[] {
  const problems: string[] = [];
  const has = (name: string) => present.has(name);
  const others = (prefix: string, but: readonly string[]) =>
    [...present].filter((name) => name.startsWith(prefix) && !but.includes(name));
  const kafka = others("KAFKA_", ["KAFKA_BROKERS"]);
  const clickhouse = others("CLICKHOUSE_", ["CLICKHOUSE_URL", "CLICKHOUSE_DATABASE"]);
  if (has("KAFKA_BROKERS") && !has("CLICKHOUSE_URL")) {
    problems.push(
      "Cannot run on Kafka without ClickHouse: KAFKA_BROKERS is set, CLICKHOUSE_URL is missing. Set both, or " +
        "none for embedded mode",
    );
  } else if (!has("KAFKA_BROKERS") && has("CLICKHOUSE_URL")) {
    problems.push(
      "Cannot run on ClickHouse without Kafka: CLICKHOUSE_URL is set, KAFKA_BROKERS is missing. Set both, or " +
        "none for embedded mode",
    );
  } else if (!has("KAFKA_BROKERS") && kafka.length > 0) {
    problems.push(`Cannot use ${kafka.join(", ")} without KAFKA_BROKERS: it is missing. Set it, or unset the others`);
  }
  if (!has("CLICKHOUSE_URL") && !has("KAFKA_BROKERS") && clickhouse.length > 0) {
    problems.push(
      `Cannot use ${clickhouse.join(", ")} without CLICKHOUSE_URL: it is missing. Set it, or unset the others`,
    );
  }
  problems.push(...kafkaContradictions(present, texts));
  const certificates = ["CLICKHOUSE_CA", "CLICKHOUSE_CERT", "CLICKHOUSE_KEY"].filter(has);
  if (certificates.length > 0 && texts.CLICKHOUSE_URL?.startsWith("http:")) {
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
  if (/^topic$/i.test(texts.WEIR_DEAD_LETTERS ?? "") && !has("KAFKA_BROKERS")) {
    problems.push(
      "Cannot keep dead letters in topics (WEIR_DEAD_LETTERS=topic) in embedded mode: there is no Kafka. " +
        "Unset it, or set KAFKA_BROKERS",
    );
  }
  if (has("WEIR_APPLICATION_SERVER") && !has("KAFKA_BROKERS")) {
    problems.push("Cannot use WEIR_APPLICATION_SERVER in embedded mode: there is no other instance. Unset it");
  } else if (has("WEIR_APPLICATION_SERVER") && !has("WEIR_STORE_PASSWORD")) {
    problems.push(
      "Cannot let other instances ask at WEIR_APPLICATION_SERVER without WEIR_STORE_PASSWORD, which all of them must " +
        "have: it is missing. Set both",
    );
  }
  problems.push(...databaseContradictions(has));
  return problems;
}

/** Of the databases that sinks are compared with. */
function databaseContradictions(has: (name: string) => boolean): string[] {
  const problems: string[] = [];
  if (has("VERIFY_DATABASE_URL") && !has("KAFKA_BROKERS")) {
    problems.push(
      "Cannot use VERIFY_DATABASE_URL in embedded mode: the demo store is the source there. Unset it, or set " +
        "KAFKA_BROKERS and CLICKHOUSE_URL",
    );
  }
  if (has("VERIFY_DATABASE_PASSWORD") && !has("VERIFY_DATABASE_URL")) {
    problems.push("Cannot use VERIFY_DATABASE_PASSWORD without VERIFY_DATABASE_URL: it is missing. Set it");
  }
  if (has("MYSQL_URL") && (has("POSTGRES_URL") || has("PGHOST"))) {
    problems.push("Cannot verify with two databases: MYSQL_URL and PostgreSQL's address are set. Set one of them");
  }
  if ((has("MYSQL_PASSWORD") || has("MYSQL_CA")) && !has("MYSQL_URL")) {
    problems.push("Cannot use MYSQL_PASSWORD or MYSQL_CA without MYSQL_URL: it is missing. Set it");
  }
  if (has("POSTGRES_PASSWORD") && has("PGPASSWORD")) {
    problems.push("Cannot use both POSTGRES_PASSWORD and PGPASSWORD: set one of them");
  }
  return problems;
}

function configurationOf(values: Values, readAgain: ReadAgain): Configuration {
  return {
    kafka: values.KAFKA_BROKERS === undefined ? null : kafkaOf(values, { brokers: values.KAFKA_BROKERS, readAgain }),
    clickhouse: values.CLICKHOUSE_URL === undefined ? null : {
      url: values.CLICKHOUSE_URL,
      user: values.CLICKHOUSE_USER,
      password: values.CLICKHOUSE_PASSWORD,
      ca: values.CLICKHOUSE_CA ?? null,
      client: values.CLICKHOUSE_CERT !== undefined && values.CLICKHOUSE_KEY !== undefined
        ? { certificate: values.CLICKHOUSE_CERT, key: values.CLICKHOUSE_KEY }
        : null,
    },
    postgres: values.POSTGRES_URL === undefined && values.PGHOST === undefined ? null : {
      url: values.POSTGRES_URL,
      host: values.PGHOST,
      port: values.PGPORT,
      database: values.PGDATABASE,
      user: values.PGUSER,
      password: values.POSTGRES_PASSWORD ?? values.PGPASSWORD,
      sslMode: values.PGSSLMODE,
      ca: values.POSTGRES_CA ?? null,
    },
    mysql: values.MYSQL_URL === undefined
      ? null
      : { url: values.MYSQL_URL, password: values.MYSQL_PASSWORD, ca: values.MYSQL_CA ?? null },
    database: values.CLICKHOUSE_DATABASE ?? "default",
    run: runOptionsOf(values),
    proof: proofOf(values),
    dataDirectory: values.WEIR_DATA ?? ".data",
    deadLetters: values.WEIR_DEAD_LETTERS ?? "file",
    topologiesDirectory: values.WEIR_TOPOLOGIES ?? "topologies",
    host: values.WEIR_HOST ?? "127.0.0.1",
    port: values.WEIR_PORT ?? 8686,
    storePassword: values.WEIR_STORE_PASSWORD,
    logLevel: values.WEIR_LOG ?? "info",
  };
}

/** A file may be written anew while it is read: an empty one is none. */
function readAgainFrom({ environment, readFile }: ConfigurationSource): ReadAgain {
  return (name, before) => {
    const path = environment[`${name}_FILE`];
    if (path === undefined || path.trim() === "") return before;
    try {
      return readFile(path).trimEnd() || before;
    } catch {
      return before;
    }
  };
}

function proofOf(values: Values): ProofConfiguration {
  const { VERIFY_DATABASE_URL: url, VERIFY_DATABASE_PASSWORD: password, PGSSLMODE: sslMode, POSTGRES_CA: ca } = values;
  const nowhere = { host: undefined, port: undefined, database: undefined, user: undefined };
  return {
    on: values.WEIR_PROOF ?? true,
    database: url === undefined ? null : { ...nowhere, url, password, sslMode, ca: ca ?? null },
    rowsPerSecond: values.WEIR_PROOF_ROWS_PER_SECOND ?? 20_000,
    rowsMax: values.WEIR_PROOF_ROWS_MAX ?? 500_000,
  };
}
