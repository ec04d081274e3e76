import type { TablePreview } from "./previewed_tables.ts";

/** What the process that counts is told first. Both sides speak in lines of JSON. */
export interface PreviewBegin {
  readonly dataDirectory: string;
  readonly topologiesDirectory: string;
  /** Names of the files, without `.ts`, in the order in which they are wanted. */
  readonly files: readonly string[];
  /** What its lines begin with, which nobody else knows: topologies may print to the same standard output. */
  readonly mark: string;
}

/** What it tells. */
export type FromPreview =
  | { readonly kind: "step"; readonly topology: string; readonly step: string }
  | { readonly kind: "counted"; readonly topology: string; readonly counted: CountedTopology }
  | { readonly kind: "refused"; readonly topology: string; readonly reason: string }
  /** It ends, and counts nothing more. */
  | { readonly kind: "failed"; readonly reason: string };

/** What loading a topology does to its tables, as of one moment. */
export interface CountedTopology {
  /** When the source was looked at, ISO 8601 in UTC. */
  readonly at: string;
  readonly tables: readonly TablePreview[];
}
