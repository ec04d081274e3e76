import type { StreamNode } from "../../dsl/stream_nodes.ts";
import { masksAny, masksOf, type NodeMask } from "../../plan/masks.ts";
import type { StreamPlan } from "../../plan/physical.ts";
import { MASKED, masked, maskedKey, maskedRow } from "../../record/mask.ts";
import type { Row } from "../../record/row.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { rowMasksOf } from "../stores/row_masks.ts";
import type { EventSources } from "./event_place.ts";
import type { EventPass, EventTrace, StagePass } from "./event_tracer.ts";
import type { ExplainedLookup, ExplainedStep, Outcome } from "./explanation.ts";
import { keyRow } from "./trace_row.ts";
import { keyWord } from "./words.ts";

/** Steps that are told of one event: one that makes thousands of others is seen by its first ones. */
const STEPS_MAX = 200;

type StepWord = Pick<ExplainedStep, "outcome" | "sentence">;

/** Where an event ended, before it came to its table. */
export interface EventStop {
  readonly outcome: Extract<Outcome, "filtered" | "no partner" | "null key" | "dead letter">;
  readonly operator: string;
  readonly words: string;
}

/** What was made of an event on its way to a sink. */
export interface EventSteps {
  readonly steps: readonly ExplainedStep[];
  /** Where its last part ended that did not come to the sink or a stage before it; one that failed comes first. */
  readonly stop: EventStop | null;
  /** Those of the stages before the sink that it went into. */
  readonly into: readonly StagePass[];
  readonly more: boolean;
}

/** The operators on the way to the sink, as they ran, and the stages that the event went into. */
export function eventSteps(
  instance: Instance,
  { plan, trace, sink, sources }: {
    readonly plan: StreamPlan;
    readonly trace: EventTrace;
    readonly sink: string;
    readonly sources: EventSources;
  },
): EventSteps {
  const way = nodesTo(plan, { sink, sources, stages: instance.topics.plan.stages });
  const passes = trace.passes.filter(({ node }) => way.has(node.id));
  const stages = trace.stages.filter(({ stage }) => sources.stages.includes(stage));
  const told = new EventWords(instance);
  const steps = [...passes.map((pass) => told.step(pass)), ...stages.map((pass) => told.intoStage(pass))];
  const stops = [
    ...passes.flatMap((pass, at) => pass.given === null || (pass.given.length === 0 && !ends(pass)) ? [at] : []),
    ...stages.flatMap(({ event }, at) => event === null ? [passes.length + at] : []),
  ].map((at) => steps[at]);
  const stop = stops.find(({ outcome }) => outcome === "dead letter") ?? stops.at(-1) ?? null;
  return {
    steps: steps.slice(0, STEPS_MAX),
    stop: stop === null ? null : stopOf(stop),
    into: stages.filter(({ event }) => event !== null),
    more: steps.length > STEPS_MAX,
  };
}

function ends({ node: { op } }: EventPass): boolean {
  return op === "append" || op === "output";
}

function stopOf({ outcome, operator, op, sentence }: ExplainedStep): EventStop {
  const word = `${op} "${operator}"`;
  switch (outcome) {
    case "dead letter":
      return { outcome, operator, words: `${word} cannot work on it: ${sentence}` };
    case "no partner":
      return { outcome, operator, words: `${word} finds no partner` };
    case "null key":
      return { outcome, operator, words: `${word}: ${sentence}` };
    default:
      return { outcome: "filtered", operator, words: `${word} ${sentence}` };
  }
}

/** By id: the operators from which events come to the sink, or to a stage before it. */
function nodesTo(
  { nodes, shuffles }: StreamPlan,
  { sink, sources, stages }: {
    readonly sink: string;
    readonly sources: EventSources;
    readonly stages: Instance["topics"]["plan"]["stages"];
  },
): ReadonlySet<number> {
  const way = new Set(shuffles.flatMap(({ stage, from }) => sources.stages.includes(stages[stage]) ? [from] : []));
  for (const node of nodes.toReversed()) {
    if (node.op === "append" && node.name === sink) way.add(node.id);
    if (way.has(node.id)) node.inputs.forEach((input) => way.add(input));
  }
  return way;
}

/** Steps of events in words, without what is masked. */
class EventWords {
  readonly #instance: Instance;
  readonly #streams: readonly NodeMask[] | null;

  constructor(instance: Instance) {
    this.#instance = instance;
    this.#streams = masksOf(instance.topology)?.streams ?? null;
  }

  step(pass: EventPass): ExplainedStep {
    const { node, given, value } = pass;
    const lookup = this.#lookup(pass);
    const { outcome, sentence } = this.#word(pass, lookup);
    const made = given === null ? null : ends(pass) ? value : given[0]?.[1] ?? null;
    const row = made === null ? null : asRow(made);
    return {
      ...{ index: node.id, operator: node.name, op: opOf(node), outcome, sentence },
      ...lookup === null ? {} : { lookup },
      row: this.#streams === null ? row : maskedRow(row, this.#streams[node.id].row),
    };
  }

  intoStage({ stage: { node, name }, event, error }: StagePass): ExplainedStep {
    const step = { index: node.id, operator: node.name, op: opOf(node) };
    if (error !== null) return { ...step, ...this.#failed(node, error.cause), row: null };
    if (event === null) return { ...step, outcome: "null key", sentence: "it is in no group there", row: null };
    const isMasked = this.#streams !== null && node.inputs.some((input) => masksAny(this.#streams![input]));
    const group = event.columns === null ? "without a key" : isMasked ? MASKED : keyWord(event.columns);
    return { ...step, outcome: "passed", sentence: `it goes to ${name} under ${group}`, row: null };
  }

  #word({ node, given, error }: EventPass, lookup: ExplainedLookup | null): StepWord {
    if (error !== null) return this.#failed(node, error.cause);
    const events = given!.length;
    switch (node.op) {
      case "events":
        return { outcome: "found", sentence: "reads the record as an event" };
      case "filter":
      case "branch":
        return events > 0
          ? { outcome: "passed", sentence: "lets it pass" }
          : { outcome: "filtered", sentence: "leaves it out" };
      case "flatMap":
      case "flatMapValues":
        return events > 0
          ? { outcome: "mapped", sentence: events === 1 ? "makes an event of it" : `makes ${events} events of it` }
          : { outcome: "filtered", sentence: "makes no event of it" };
      case "map":
      case "mapValues":
        return { outcome: "mapped", sentence: "maps it" };
      case "selectKey":
        return { outcome: "mapped", sentence: "gives it another key" };
      case "globalJoin":
        return joinWord(lookup, { goesOn: events > 0 });
      case "append":
        return { outcome: "passed", sentence: "makes a row of it" };
      case "output":
        return { outcome: "passed", sentence: "writes it" };
      default:
        return { outcome: "passed", sentence: "lets it go on as it is" };
    }
  }

  #failed(node: StreamNode, cause: unknown): StepWord {
    const isMasked = this.#streams !== null && [node.id, ...node.inputs].some((id) => masksAny(this.#streams![id]));
    const message = cause instanceof Error ? cause.message : String(cause);
    return { outcome: "dead letter", sentence: isMasked ? MASKED : message };
  }

  #lookup({ node, lookup }: EventPass): ExplainedLookup | null {
    if (lookup === null) return null;
    const { plan, key, row } = lookup;
    const right = this.#instance.topics.plan.globals[plan.table];
    const told = { table: right.name, outcome: row === null ? "no partner" : "matched", why: null } as const;
    const columns = keyRow(plan.keyColumns ?? right.keyColumns, key);
    const masks = rowMasksOf(this.#instance);
    if (masks === null) return { ...told, key: columns, row };
    // Of what a callback made of a masked event nothing is told.
    const hides = node.inputs.some((input) => masksAny(this.#streams![input]));
    const mask = masks.table(right).key;
    const shown = hides ? Object.fromEntries(Object.keys(columns).map((column) => [column, MASKED])) : columns;
    return { ...told, key: maskedKey(shown, mask), row: maskedRow(row, masks.register(right, plan.step).row) };
  }
}

function joinWord(lookup: ExplainedLookup | null, { goesOn }: { readonly goesOn: boolean }): StepWord {
  const rest = goesOn ? ": goes on with null" : "";
  if (lookup === null) return { outcome: "null key", sentence: `the key to look up is null${rest}` };
  const partner = `${lookup.table} ${keyWord(lookup.key)}`;
  return lookup.outcome === "matched"
    ? { outcome: "matched", sentence: `with ${partner}, as it is now` }
    : { outcome: "no partner", sentence: `there is no ${partner} now${rest}` };
}

function opOf({ op }: StreamNode): string {
  return op === "events" ? "stream" : op === "globalJoin" ? "join" : op;
}

/** A value as a row: what is none is the only column of one. */
export function asRow(value: unknown): Row {
  if (value instanceof Uint8Array) return { value: `${value.length} bytes` };
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Row : { value };
}

/** The key of an event by its columns, as people are shown it; a key of one value is the column `key`. */
export function eventKeyRow(key: unknown, mask: NodeMask | null): Row {
  const row = key !== null && typeof key === "object" && !(key instanceof Uint8Array) && !Array.isArray(key)
    ? key as Row
    : { key: key instanceof Uint8Array ? `${key.length} bytes` : key };
  if (mask === null) return row;
  // A key without columns is hidden as a whole, or not at all.
  return masked(key, mask.key) === MASKED
    ? Object.fromEntries(Object.keys(row).map((name) => [name, MASKED]))
    : maskedKey(row, mask.key);
}
