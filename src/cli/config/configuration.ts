import { parse } from "@std/dotenv";
import type { z } from "zod";
import { ConfigError } from "../../record/errors.ts";
import type { RunOptions } from "../../runtime/options.ts";
import { didYouMean } from "../../record/nearest.ts";
import { environmentSchema, FILE_VARIABLES, type LogLevel, VARIABLE_NAMES } from "./environment_schema.ts";
import { type ClickHouseConfiguration, clickhouseContradictions, clickhouseOf } from "./clickhouse_variables.ts";
import { type KafkaConfiguration, kafkaContradictions, kafkaOf, type ReadAgain } from "./kafka_variables.ts";
import { type RegistryConfiguration, registryContradictions, registryOf } from "./registry_variables.ts";
import { runOptionsOf } from "./run_variables.ts";
import { databaseContradictions, type DatabasesConfiguration, databasesOf } from "./database_variables.ts";
import type { Secret } from "./secret.ts";

/** Everything that is configured outside the command line. */
export interface Configuration extends DatabasesConfiguration {
  /** Null: embedded. Then `clickhouse` is null too, and never else. */
  readonly kafka: KafkaConfiguration | null;
  readonly clickhouse: ClickHouseConfiguration | null;
  /** Where schemas of records are found; null: nowhere. */
  readonly registry: RegistryConfiguration | null;
  /** Kafka Connect's REST interface. */
  readonly connect: string | null;
  /** Database of ClickHouse that holds the sinks. */
  readonly database: string;
  readonly run: RunOptions;
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
  problems.push(...clickhouseContradictions(present, texts), ...registryContradictions(present, texts));
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
  problems.push(...databaseContradictions(present, texts));
  return problems;
}

function configurationOf(values: Values, readAgain: ReadAgain): Configuration {
  return {
    kafka: values.KAFKA_BROKERS === undefined ? null : kafkaOf(values, { brokers: values.KAFKA_BROKERS, readAgain }),
    clickhouse: values.CLICKHOUSE_URL === undefined ? null : {
      urls: values.CLICKHOUSE_URL,
      ...clickhouseOf(values, readAgain),
    },
    registry: registryOf(values, readAgain),
    connect: values.CONNECT_URL ?? null,
    ...databasesOf(values),
    database: values.CLICKHOUSE_DATABASE ?? "default",
    run: runOptionsOf(values),
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
