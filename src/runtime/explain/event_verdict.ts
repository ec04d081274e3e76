import type { AppendPlan, StreamPlan } from "../../plan/physical.ts";
import type { DeadLetter } from "../../ports/dead_letters.ts";
import type { Position } from "../../ports/log.ts";
import { MASKED } from "../../record/mask.ts";
import { type Appended, missingOf } from "./appended_rows.ts";
import type { RecordAt } from "./event_record.ts";
import type { EventSteps } from "./event_steps.ts";
import type { EventTrace } from "./event_tracer.ts";
import type { FlowAnswer } from "./part_answers.ts";
import type { Verdict } from "./verdict.ts";
import { letterWord } from "./words.ts";

/** All that is known of a record and of what was made of it. */
export interface JudgedEvent {
  readonly table: string;
  readonly plan: StreamPlan;
  /** Null where its events come to the table through stages alone. */
  readonly sink: AppendPlan | null;
  readonly place: Position;
  readonly found: RecordAt;
  /** Null with {@link steps} without a record. */
  readonly trace: EventTrace | null;
  readonly steps: EventSteps | null;
  /** Null without a sink. */
  readonly appended: Appended | null;
  readonly standing: FlowAnswer["standing"];
  readonly letters: readonly DeadLetter[];
  /** Whether messages about what is masked are hidden. */
  readonly hides: boolean;
}

const NOWHERE = { operator: null, at: null };

/** What became of a record; null if it went into stages, so that these must be asked. */
export function eventVerdict(judged: JudgedEvent): Verdict | null {
  const { found, trace, plan, appended, steps, place, standing } = judged;
  const there = appended?.rows?.length ?? 0;
  if (found.kind !== "record" || trace === null) return withoutRecord(judged);
  if (appended !== null && appended.expected.length > 0) return computedVerdict(judged, appended);
  if (there > 0) {
    const words = `is shown: ClickHouse has ${rowsWord(there)} of it, though the stream would make none now: it was ` +
      "another one when the event was read, or so was what it looked up";
    return { outcome: "shown", ...NOWHERE, words };
  }
  const operator = plan.source.name;
  if (trace.read.kind === "unreadable") {
    const why = judged.hides ? MASKED : trace.read.error.message;
    return { outcome: "dead letter", operator, at: null, words: `is not shown: it cannot be read: ${why}` };
  }
  if (trace.read.kind === "skip") {
    const words = `is not shown: stream "${operator}" passes it over (${trace.read.reason})`;
    return { outcome: "filtered", operator, at: null, words };
  }
  if (steps!.into.length > 0) return null;
  const ahead = standing !== null && place.offset >= standing.doneTo ? ", as soon as the stream comes to it" : "";
  const { stop } = steps!;
  if (stop === null) return { outcome: "filtered", operator, at: null, words: `is not shown: nothing is made of it` };
  return { outcome: stop.outcome, operator: stop.operator, at: null, words: `is not shown: ${stop.words}${ahead}` };
}

/** What is known of a record that cannot be read again. */
function withoutRecord({ found, appended, place: { topic, partition } }: JudgedEvent): Verdict {
  const there = appended?.rows?.length ?? 0;
  const has = there > 0 ? `ClickHouse has ${rowsWord(there)} of it` : null;
  if (found.kind === "ahead") {
    const words = `is not there yet: "${topic}" partition ${partition} ends at offset ${found.end}`;
    return { outcome: "unknown", ...NOWHERE, words };
  }
  if (found.kind === "unknown") {
    const words = `cannot be read now: ${found.why}${has === null ? "" : `. ${has}`}`;
    return { outcome: has === null ? "undecided" : "shown", ...NOWHERE, words };
  }
  const gone = `is not in its topic any more: ${found.kind === "gone" ? found.why : ""}`;
  if (has !== null) return { outcome: "shown", ...NOWHERE, words: `${gone}. ${has}` };
  const rest = appended === null || appended.rows === null
    ? "What was made of it is not kept"
    : "ClickHouse has no row of it; whether it made none, or they were removed, nobody knows any more";
  return { outcome: "not kept", ...NOWHERE, words: `${gone}. ${rest}` };
}

/** Of a record of which rows are made. */
function computedVerdict({ table, standing, letters, place }: JudgedEvent, appended: Appended): Verdict {
  const { expected, rows } = appended;
  const all = rowsWord(expected.length);
  if (rows === null) {
    return { outcome: "undecided", ...NOWHERE, words: `makes ${all}, and what ClickHouse has is not known` };
  }
  const missing = missingOf(appended).length;
  if (missing === 0) return { outcome: "shown", ...NOWHERE, words: `is shown: ${all}` };
  const part = missing === expected.length ? all : `${missing} of its ${all}`;
  const operator = `sink ${table}`;
  const letter = letters.find(({ stage }) => stage === "sink");
  if (letter !== undefined) {
    const words = `is not shown: ClickHouse has refused ${part}: ${letterWord(letter)}`;
    return { outcome: "dead letter", operator, at: null, words };
  }
  if (standing === null) {
    const words =
      `makes ${all}, and ClickHouse does not have ${part} of it: who has its partition has not told whether ` +
      "that is still on its way";
    return { outcome: "undecided", ...NOWHERE, words };
  }
  if (place.offset >= standing.doneTo) {
    return { outcome: "waiting", operator, at: null, words: `waits: it makes ${all}, and ${part} is not written yet` };
  }
  const words = `is missing: it makes ${all}, and ClickHouse does not have ${part}. It was removed, by hand or by a ` +
    "TTL, or the topology was another one when the event was read";
  return { outcome: "missing", operator, at: null, words };
}

function rowsWord(count: number): string {
  return count === 1 ? "1 row" : `${count} rows`;
}
