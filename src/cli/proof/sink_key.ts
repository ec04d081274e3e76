import type { Canonical } from "../verify/canonical.ts";

/** The key columns of a row, in the sink's order. */
export type SinkKey = readonly Canonical[];
