import { z } from "zod";
import { readChoice, readInteger } from "../option_values.ts";
import { KAFKA_FILE_VARIABLES, kafkaVariables } from "./kafka_variables.ts";
import { runVariables } from "./run_variables.ts";
import {
  certificateVariable,
  keyVariable,
  secretVariable,
  switchVariable,
  textVariable,
  urlVariable,
  variable,
} from "./variable.ts";

/** Levels of the log, the most important first. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

const port = (name: string, min: number) =>
  variable(name, { expected: `a port from ${min} to 65535`, read: readInteger(min, 65_535) });
const rows = (name: string, { min, max }: { min: number; max: number }) =>
  variable(name, { expected: `a whole number of rows from ${min} to ${max}`, read: readInteger(min, max) });

/**
 * Every variable that is read, from the environment or `.env`. Those marked by {@link FILE_VARIABLES} can also be given
 * as the name of a file that holds them, with `_FILE` behind their name.
 */
export const environmentSchema = z.object({
  ...kafkaVariables,
  CLICKHOUSE_URL: urlVariable("CLICKHOUSE_URL", { protocols: ["http:", "https:"], example: "http://clickhouse:8123" }),
  CLICKHOUSE_USER: textVariable("CLICKHOUSE_USER"),
  CLICKHOUSE_PASSWORD: secretVariable("CLICKHOUSE_PASSWORD"),
  CLICKHOUSE_DATABASE: variable("CLICKHOUSE_DATABASE", {
    expected: "a database's name (letters, digits and _)",
    read: (value) => /^[A-Za-z_]\w*$/.test(value) ? value : null,
  }),
  CLICKHOUSE_CA: certificateVariable("CLICKHOUSE_CA"),
  CLICKHOUSE_CERT: certificateVariable("CLICKHOUSE_CERT"),
  CLICKHOUSE_KEY: keyVariable("CLICKHOUSE_KEY"),
  POSTGRES_URL: urlVariable("POSTGRES_URL", {
    protocols: ["postgres:", "postgresql:"],
    example: "postgres://reader@postgres:5432/online_store",
  }),
  POSTGRES_PASSWORD: secretVariable("POSTGRES_PASSWORD"),
  POSTGRES_CA: certificateVariable("POSTGRES_CA"),
  PGHOST: textVariable("PGHOST"),
  PGPORT: port("PGPORT", 1),
  PGDATABASE: textVariable("PGDATABASE"),
  PGUSER: textVariable("PGUSER"),
  PGPASSWORD: secretVariable("PGPASSWORD"),
  PGSSLMODE: variable("PGSSLMODE", {
    expected: "disable, prefer, require, verify-ca or verify-full",
    read: readChoice("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
  }),
  MYSQL_URL: urlVariable("MYSQL_URL", {
    protocols: ["mysql:", "mysqls:", "mariadb:"],
    example: "mysql://reader@mysql:3306/shop",
  }),
  MYSQL_PASSWORD: secretVariable("MYSQL_PASSWORD"),
  MYSQL_CA: certificateVariable("MYSQL_CA"),
  VERIFY_DATABASE_URL: urlVariable("VERIFY_DATABASE_URL", {
    protocols: ["postgres:", "postgresql:"],
    example: "postgres://verifier@postgres:5432/online_store",
  }),
  VERIFY_DATABASE_PASSWORD: secretVariable("VERIFY_DATABASE_PASSWORD"),
  WEIR_DATA: textVariable("WEIR_DATA"),
  WEIR_DEAD_LETTERS: variable("WEIR_DEAD_LETTERS", {
    expected: "file or topic",
    read: (value) => readChoice("file", "topic")(value.toLowerCase()),
  }),
  WEIR_TOPOLOGIES: textVariable("WEIR_TOPOLOGIES"),
  WEIR_HOST: textVariable("WEIR_HOST"),
  WEIR_PORT: port("WEIR_PORT", 0),
  WEIR_STORE_PASSWORD: secretVariable("WEIR_STORE_PASSWORD"),
  WEIR_LOG: variable("WEIR_LOG", { expected: LOG_LEVELS.join(", "), read: readChoice(...LOG_LEVELS) }),
  WEIR_PROOF: switchVariable("WEIR_PROOF"),
  WEIR_PROOF_ROWS_PER_SECOND: rows("WEIR_PROOF_ROWS_PER_SECOND", { min: 100, max: 1_000_000 }),
  WEIR_PROOF_ROWS_MAX: rows("WEIR_PROOF_ROWS_MAX", { min: 1_000, max: 100_000_000 }),
  ...runVariables,
});

/** Variables that can be given as `..._FILE`. */
export const FILE_VARIABLES = [
  ...KAFKA_FILE_VARIABLES,
  "CLICKHOUSE_PASSWORD",
  "CLICKHOUSE_CA",
  "CLICKHOUSE_CERT",
  "CLICKHOUSE_KEY",
  "POSTGRES_PASSWORD",
  "POSTGRES_CA",
  "MYSQL_PASSWORD",
  "MYSQL_CA",
  "VERIFY_DATABASE_PASSWORD",
  "WEIR_STORE_PASSWORD",
] as const;

/** Names of all variables, `..._FILE` included. */
export const VARIABLE_NAMES: readonly string[] = [
  ...Object.keys(environmentSchema.shape),
  ...FILE_VARIABLES.map((name) => `${name}_FILE`),
];
