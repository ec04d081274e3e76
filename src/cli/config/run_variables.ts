import type { z } from "zod";
import { defaultRunOptions, type RunOptions } from "../../runtime/options.ts";
import { readInteger } from "../option_values.ts";
import { ADDRESS_EXPECTED, readAddress } from "./application_server.ts";
import { switchVariable, type Variable, variable } from "./variable.ts";

/** A whole number between these bounds, a share between 0 and 1, a switch, names, or host:port. */
type Rule =
  | { readonly min: number; readonly max: number; readonly unit: string }
  | "share"
  | "switch"
  | "names"
  | "address";

const MILLISECONDS = { min: 1, max: 2_147_483_647, unit: "milliseconds" };
const ROWS = { min: 1, max: 1_000_000_000, unit: "rows" };

/**
 * Every run option can be set; the variable is the option's name in capitals: `flushIntervalMs` is
 * WEIR_FLUSH_INTERVAL_MS.
 */
const RULES: { readonly [K in keyof RunOptions]: Rule } = {
  generation: { min: 1, max: 8_191, unit: "generation" },
  takeOver: "names",
  allowDeletes: "switch",
  deletesMaxShare: "share",
  deletesMaxRows: { ...ROWS, min: 0 },
  flushIntervalMs: MILLISECONDS,
  insertsPerSecond: { min: 1, max: 1_000, unit: "inserts" },
  batchRowsMax: ROWS,
  sinkRowsMax: ROWS,
  sinkBytesMax: { min: 65_536, max: 2 ** 40, unit: "bytes" },
  producerBytesMax: { min: 65_536, max: 2 ** 40, unit: "bytes" },
  packLengthMax: { min: 1_000, max: 2 ** 24, unit: "characters" },
  sliceRows: ROWS,
  compileAfterRows: { ...ROWS, min: 0 },
  repairAfterMs: MILLISECONDS,
  repairEveryMs: MILLISECONDS,
  steadyAfterMs: MILLISECONDS,
  commitEveryMs: MILLISECONDS,
  metadataEveryMs: MILLISECONDS,
  inboxRetentionMs: { ...MILLISECONDS, min: 60_000, max: 2 ** 50 },
  messageBytesMax: { min: 65_536, max: 100_000_000, unit: "bytes" },
  allowRetention: "switch",
  pollWaitMs: MILLISECONDS,
  stateBytesMax: { min: 1_048_576, max: 2 ** 50, unit: "bytes" },
  snapshotEveryMs: { ...MILLISECONDS, min: 0 },
  staleRecordsMin: { min: 0, max: 2 ** 40, unit: "records" },
  staleShareMin: "share",
  cleanAfterMs: MILLISECONDS,
  cleanRecordsPerSecond: { min: 1, max: 1_000_000, unit: "records" },
  standbys: { min: 0, max: 10, unit: "instances" },
  applicationServer: "address",
  joinShareMin: "share",
  consoleRows: "switch",
  storeEntriesMax: { min: 1, max: 2 ** 40, unit: "rows" },
};

const OPTIONS = Object.keys(RULES) as (keyof RunOptions)[];

/** Name of the variable that sets a run option. */
function variableOf(option: keyof RunOptions): string {
  return `WEIR_${option.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Schemas of all variables that set run options, by name. */
export const runVariables: Readonly<Record<string, Variable<RunValue>>> = Object.fromEntries(
  OPTIONS.map((option) => [variableOf(option), schemaOf(variableOf(option), RULES[option])]),
);

/** The run options as parsed variables say, defaults for the others. */
export function runOptionsOf(values: Readonly<Record<string, unknown>>): RunOptions {
  const given = OPTIONS.filter((option) => values[variableOf(option)] !== undefined);
  return { ...defaultRunOptions, ...Object.fromEntries(given.map((option) => [option, values[variableOf(option)]])) };
}

type RunValue = number | boolean | string | readonly string[];

function schemaOf(name: string, rule: Rule): Variable<RunValue> {
  if (rule === "switch") return switchVariable(name) as z.ZodType as Variable<RunValue>;
  if (rule === "names") {
    return variable<RunValue>(name, {
      expected: "names with commas between them",
      read: (text) => /^[\w-]+(\s*,\s*[\w-]+)*$/.test(text) ? text.split(",").map((part) => part.trim()) : null,
    });
  }
  if (rule === "address") {
    return variable<RunValue>(name, { expected: ADDRESS_EXPECTED, read: readAddress });
  }
  if (rule === "share") {
    return variable<RunValue>(name, {
      expected: "a share between 0 and 1",
      read: (text) => /^(0|1|0?\.\d+|[01]\.\d+)$/.test(text) && Number(text) <= 1 ? Number(text) : null,
    });
  }
  const expected = rule.unit === "generation"
    ? `a whole number from ${rule.min} to ${rule.max}`
    : `a whole number of ${rule.unit} from ${rule.min} to ${rule.max}`;
  return variable<RunValue>(name, { expected, read: readInteger(rule.min, rule.max) });
}
