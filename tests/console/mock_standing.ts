import type { InstanceState, TapProblem } from "../../console/api/contract.ts";
import type { ContinuousProof } from "../../src/cli/proof/proof_report.ts";
import type { Proof } from "../../src/cli/verify/proof.ts";
import type { DemoStatus } from "../../src/cli/start/status.ts";

/** What a test decides about the instance that the page asks; it may change at any time. */
export interface Standing {
  startedMs: number;
  /** Records behind, by topic. */
  lag: Record<string, number>;
  problems: readonly string[];
  proof: Proof | null;
  continuous: ContinuousProof;
  /** Tasks of the last partitions are on their way. */
  loading: boolean;
  snapshot: DemoStatus["snapshot"];
  /** Instances beside the one that is asked. */
  others: readonly InstanceState[];
  /** A join that never finds a partner. */
  unmatched: string | null;
  /** Endpoints that this version does not have: `/api/explain`. */
  missing: Set<string>;
  /** Whether there is a demo store. */
  hasDemo: boolean;
  /** An instance of which taps hear nothing. */
  tapProblem: TapProblem | null;
  /** Contents of rows are not shown: `WEIR_CONSOLE_ROWS=off`. */
  hidesRows: boolean;
  /** Columns that are masked, by table. */
  masked: Readonly<Record<string, readonly string[]>>;
  /** Bearer without which nothing is told. */
  password: string | null;
  openLetters: () => number;
}

export function newStanding(nowMs: number): Standing {
  return {
    startedMs: nowMs - 754_000,
    lag: {},
    problems: [],
    proof: { time: new Date(nowMs - 31_000).toISOString(), equal: true, sinks: 9, rows: 81_204 },
    continuous: { state: "off", reason: "it is switched off (WEIR_PROOF)", told: null, sinks: [], leftOut: [] },
    loading: false,
    snapshot: null,
    others: [],
    unmatched: null,
    missing: new Set(),
    hasDemo: true,
    tapProblem: null,
    hidesRows: false,
    masked: {},
    password: null,
    openLetters: () => 0,
  };
}

/** What follows from it. */
export function standingOf({ loading }: Standing): { readonly changesPerSecond: number } {
  return { changesPerSecond: loading ? 4_200 : 480 };
}
