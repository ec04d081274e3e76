import { z } from "zod";
import type { ProofReport } from "./proof_report.ts";

const count = z.int().min(0);
const column = z.object({ name: z.string(), expected: z.string(), actual: z.string() });
const key = z.object({
  key: z.record(z.string(), z.string()),
  explain: z.string().nullable(),
  kind: z.enum(["missing", "extra", "different"]),
  columns: z.array(column),
  since: z.iso.datetime(),
});
const sink = z.object({
  topology: z.string(),
  sink: z.string(),
  how: z.enum(["ranges", "whole"]),
  rows: count,
  checked: z.iso.datetime().nullable(),
  roundMs: count.nullable(),
  compared: count,
  differing: count,
  keys: z.array(key),
  unjudged: count,
  excused: count,
  // A service of an earlier version tells none of these.
  doubtful: count.default(0),
  taken: z.array(z.object({ rows: count, reason: z.string() })).default([]),
  waits: z.string().nullable(),
  paused: z.string().nullable(),
});
const report: z.ZodType<ProofReport> = z.object({
  sinks: z.array(sink),
  leftOut: z.array(z.object({
    topology: z.string(),
    sink: z.string(),
    reason: z.string(),
    elsewhere: z.literal(true).optional(),
  })),
});

/** What the service that compares posts to an instance. */
export const wordSchema = z.object({
  /** Of the program that it has computed with: see `programOf`. */
  program: z.string(),
  told: z.iso.datetime(),
  says: z.union([z.object({ report }), z.object({ reason: z.string() })]),
});

export type PostedWord = z.output<typeof wordSchema>;
