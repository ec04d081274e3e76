/**
 * What an instance answers, by the names that the page has for it: types of the server itself, so that the compiler
 * tells when one of the two changes. Integers beyond 2^53 and decimals arrive as texts.
 */
export type {
  BadRecord,
  DemoAnswer as Demo,
  PlanAnswer as Plan,
  PlannedTopology,
  QueryAnswer as QueryResult,
  RepricedSale,
  TappedRow,
  TapProblem,
} from "../../src/cli/api/answers.ts";
export type {
  GatheredState as LiveState,
  InstanceState,
  NodeCounters as Counters,
  TaskState,
  WatchedTopology as LiveTopology,
} from "../../src/cli/api/live_state.ts";
export type { GraphEdge as PlanEdge, GraphNode as PlanNode } from "../../src/cli/api/plan_graph.ts";
export type { LetterPage as Letters, ReplayAnswer as Replay } from "../../src/cli/letters/letter_answers.ts";
export type { Attempt, StoredLetter as Letter } from "../../src/adapters/local/stored_letters.ts";
export type {
  Contributors,
  ExplainedPartner,
  ExplainedStep,
  Explanation,
  Outcome,
  SourceRow,
} from "../../src/runtime/explain/explanation.ts";
export type { RowCounts } from "../../src/runtime/stores/row_counts.ts";
