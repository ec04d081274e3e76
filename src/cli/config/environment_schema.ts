import { z } from "zod";
import { readChoice, readInteger } from "../option_values.ts";
import { CLICKHOUSE_FILE_VARIABLES, clickhouseVariables } from "./clickhouse_variables.ts";
import { DATABASE_FILE_VARIABLES, databaseVariables } from "./database_variables.ts";
import { KAFKA_FILE_VARIABLES, kafkaVariables } from "./kafka_variables.ts";
import { REGISTRY_FILE_VARIABLES, registryVariables } from "./registry_variables.ts";
import { runVariables } from "./run_variables.ts";
import { secretVariable, textVariable, urlVariable, variable } from "./variable.ts";

/** Levels of the log, the most important first. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

const port = (name: string, min: number) =>
  variable(name, { expected: `a port from ${min} to 65535`, read: readInteger(min, 65_535) });

/**
 * Every variable that is read, from the environment or `.env`. Those marked by {@link FILE_VARIABLES} can also be given
 * as the name of a file that holds them, with `_FILE` behind their name.
 */
export const environmentSchema = z.object({
  ...kafkaVariables,
  ...clickhouseVariables,
  ...registryVariables,
  ...databaseVariables,
  CONNECT_URL: urlVariable("CONNECT_URL", { protocols: ["http:", "https:"], example: "http://connect:8083" }),
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
  ...runVariables,
});

/** Variables that can be given as `..._FILE`. */
export const FILE_VARIABLES = [
  ...KAFKA_FILE_VARIABLES,
  ...CLICKHOUSE_FILE_VARIABLES,
  ...REGISTRY_FILE_VARIABLES,
  ...DATABASE_FILE_VARIABLES,
  "WEIR_STORE_PASSWORD",
] as const;

/** Names of all variables, `..._FILE` included. */
export const VARIABLE_NAMES: readonly string[] = [
  ...Object.keys(environmentSchema.shape),
  ...FILE_VARIABLES.map((name) => `${name}_FILE`),
];
