import type { StagePlan } from "../../plan/physical.ts";
import type { Position } from "../../ports/log.ts";
import { valueDigest } from "../../processor/stateful/sought_event.ts";
import type { StageLook } from "../lifecycle/stage_view.ts";
import type { StagePass } from "./event_tracer.ts";
import type { ExplainedStep, Outcome } from "./explanation.ts";
import type { Explaining } from "./explain_row.ts";
import { findPartners, type JoinedPass, partnersOf } from "./stage_partners.ts";
import { callsWord, droppedWord, joinedWord, type StageWord, tableJoinWord, windowsWord } from "./stage_words.ts";

/** So many events of one record are looked at in a stage, at most. */
const EVENTS_MAX = 50;

/** Events of one record that came to one task of a stage. */
export interface StagePasses {
  readonly stage: StagePlan;
  readonly task: string;
  readonly place: Position;
  readonly into: readonly StagePass[];
  /** Nothing is on its way into the task any more. */
  readonly isSettled: boolean;
  /** By the clock's `elapsedMs`. */
  readonly deadlineMs: number;
}

/** What a stage's operator made of each of its events; null: who has its task has not answered. */
export async function stageSteps(explaining: Explaining, passes: StagePasses): Promise<ExplainedStep[] | null> {
  const { task, place } = passes;
  const into = passes.into.slice(0, EVENTS_MAX);
  const events = into.map(({ input, index, event }) => ({
    ...{ ...place, index, input, columns: event!.columns, timestampUs: event!.timestampUs },
    digest: valueDigest(event!.value),
  }));
  const looks = await explaining.asked.stage({ kind: "stage", task, events });
  if (looks === null) return null;
  const steps: ExplainedStep[] = [];
  for (const [at, look] of looks.entries()) steps.push(await stepOf(explaining, { ...passes, pass: into[at], look }));
  return steps;
}

interface LookedPass extends StagePasses {
  readonly pass: StagePass;
  readonly look: StageLook | null;
}

async function stepOf(explaining: Explaining, looked: LookedPass): Promise<ExplainedStep> {
  const { stage: { node }, look } = looked;
  const row = look?.looked?.kind === "tableJoin" ? look.looked.row : null;
  const { partners, ...word } = await wordOf(explaining, looked);
  const step = { index: node.id, operator: node.name, op: node.op, ...word, row };
  return partners === undefined ? step : { ...step, partners };
}

async function wordOf(
  explaining: Explaining,
  looked: LookedPass,
): Promise<StageWord & Pick<ExplainedStep, "partners">> {
  const { stage: { node }, pass: { event, input }, look, isSettled } = looked;
  if (look === null) return { outcome: "waiting", sentence: "it may wait for events of other sources" };
  const { decision } = look;
  if (decision.kind === "not given") {
    return isSettled ? NEVER_CAME : { outcome: "waiting", sentence: "it has not taken it yet" };
  }
  if (decision.kind === "dropped") return droppedWord(decision, look.looked);
  if (event!.key === null) {
    return { outcome: "null key", sentence: "it has no key to find a partner by: goes on with null" };
  }
  switch (look.looked?.kind) {
    case "streamJoin":
      return await joined(explaining, { ...looked, joined: { key: event!.key, input, looked: look.looked } });
    case "streamAggregate":
      return windowsWord(look.looked, { isTaken: decision.kind === "taken" });
    case "tableJoin":
      return tableJoinWord(look.looked);
    case "process":
      return decision.kind === "taken" ? callsWord(look.looked) : NOT_KEPT;
    case undefined:
      return node.op === "repartition" && decision.kind === "taken"
        ? { outcome: "passed", sentence: "goes on under its key" }
        : NOT_KEPT;
  }
}

/** What its stream has passed, and no task waits for. */
const NEVER_CAME = {
  outcome: "not reached",
  sentence: "its stream began with a later record, or had passed this one when the operator was added",
} as const;

const NOT_KEPT = { outcome: "not kept", sentence: "it came, and what was made of it is not kept" } as const;

async function joined(
  explaining: Explaining,
  { stage, joined: pass, deadlineMs }: LookedPass & { readonly joined: JoinedPass },
): Promise<StageWord & Pick<ExplainedStep, "partners">> {
  const { looked } = pass;
  const isToFind = looked.partners.length > 0 || looked.kept === "gone" || !looked.isWhole;
  const found = isToFind
    ? await findPartners(explaining.instance, { stage, pass, deadlineMs })
    : { near: [], isWhole: false };
  const told = partnersOf(pass, found);
  const word = joinedWord(looked, { ...told, near: found.near.length, isWhole: found.isWhole });
  return looked.partners.length > 0 ? { ...word, partners: told.partners } : word;
}

/** Which of several outcomes is told first. */
const FIRST: readonly ExplainedStep["outcome"][] = [
  ...["dead letter", "waiting", "matched", "taken", "passed", "no partner", "late", "null key", "filtered"] as const,
];

/** How a stage's part of the verdict begins. */
const BEGINS: Partial<Record<ExplainedStep["outcome"], string>> = {
  waiting: "waits in",
  matched: "was joined by",
  taken: "was taken by",
  late: "was left out by",
  passed: "went through",
  "not reached": "never came to",
};

/** What became of a record in a stage, as its most telling event says. */
export function stageWords(steps: readonly ExplainedStep[]): { readonly outcome: Outcome; readonly words: string } {
  const first = FIRST.map((word) => steps.find(({ outcome }) => outcome === word)).find((step) => step !== undefined) ??
    steps[0];
  const begin = BEGINS[first.outcome] ?? "came to";
  const of = steps.length === 1 ? "" : ` (one of the ${steps.length} events that were made of it)`;
  const words = `${begin} "${first.operator}"${of}: ${first.sentence}`;
  return { outcome: outcomeOf(first), words };
}

function outcomeOf({ outcome }: ExplainedStep): Outcome {
  switch (outcome) {
    case "passed":
    case "found":
    case "mapped":
      return "taken";
    case "no row":
    case "not reached":
      return "not kept";
    default:
      return outcome;
  }
}
