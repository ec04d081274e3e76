/** The rules that windows which go by age can do without, in the order of `README.md`. */
export const RETENTION_RULES = [
  // Before a horizon is told
  "evaluated",
  "acknowledged",
  "readUp",
  "proven",
  "compared",
  "writtenOnce",
  // The horizon
  "told",
  "ownHorizon",
  "greatestHorizon",
  "greaterFirst",
  // Behind it
  "toldFirst",
  "beyondIgnored",
  "leftAlone",
  "endedSilently",
  "readToEnd",
  "closedByTime",
] as const;

/** Those that sessions need beside these. */
export const SESSION_RULES = [
  "lastChange",
  "goneAged",
  "knownCompared",
  "unknownShown",
  "goneBuried",
  "deadNames",
] as const;

/** A rule that the model can do without. */
export type RetentionRule = (typeof RETENTION_RULES)[number] | (typeof SESSION_RULES)[number];
