import type { TaskTable } from "../../plan/physical.ts";
import type { Outcome } from "./explanation.ts";
import { hasRow, type RowAnswer, type RowTrace, type SinkTrace, undecidedOf } from "./part_answers.ts";
import type { CorrectedAway } from "../task/source_reader.ts";
import { stopOf } from "./stop.ts";
import { letterWord, operatorWord, timeText, undecidedWord } from "./words.ts";

/** What became of a row, and because of what. */
export interface Verdict {
  readonly outcome: Outcome;
  /** The operator at which it stopped; null if it did not. */
  readonly operator: string | null;
  /** Register of that operator. */
  readonly at: number | null;
  /** To be read behind the key's name. */
  readonly words: string;
}

const NO_ROW = "has no row of this key";
const SHOWN: Verdict = { outcome: "shown", operator: null, at: null, words: "is shown" };

/** What became of a key in a register of a table. `partitions`: how many the table has. */
export function rowVerdict(
  { table, partitions }: { readonly table: Pick<TaskTable, "members" | "name">; readonly partitions: number },
  { answer, register }: { readonly answer: RowAnswer; readonly register: number },
): Verdict | null {
  const { trace } = answer;
  if (trace === null || !hasRow(trace)) return absent({ table, partitions }, answer);
  const stop = stopOf(trace.steps, register);
  if (stop === null) return null;
  const step = trace.steps[stop.at];
  const stopped = { outcome: stop.outcome, operator: step.operator, at: stop.at };
  const word = operatorWord(step);
  switch (stop.outcome) {
    case "filtered":
      return { ...stopped, words: `is not shown: ${word} leaves its row out` };
    case "expired":
      return { ...stopped, words: `is not shown: its row is older than ${word} allows` };
    case "no partner":
      return { ...stopped, words: `is not shown: ${word} finds no partner` };
    case "null key":
      return { ...stopped, words: `is not shown: the key that ${word} looks up is null` };
    case "waiting":
      return { ...stopped, words: `waits: ${word} has asked for a partner, and has no answer yet` };
    case "dead letter":
      return { ...stopped, words: `is not shown: ${word} cannot work on its row: ${step.error}` };
    case "unknown": {
      const deletion = answer.deletions.find((one) => one.table === step.operator);
      return { ...stopped, words: `is not shown: ${word} ${deletion === undefined ? NO_ROW : deletedWord(deletion)}` };
    }
  }
}

function absent(
  { table, partitions }: { readonly table: Pick<TaskTable, "members" | "name">; readonly partitions: number },
  answer: RowAnswer,
): Verdict {
  const nowhere = { operator: null, at: null };
  const letter = answer.letters.find(({ stage }) => stage === "decode");
  if (letter !== undefined) {
    const operator = letter.operator;
    const words = `is not shown: its record in "${operator}" cannot be read: ${letterWord(letter)}`;
    return { outcome: "dead letter", operator, at: null, words };
  }
  const [deletion] = answer.deletions;
  if (deletion !== undefined) {
    return { outcome: "unknown", ...nowhere, words: `is not shown: "${deletion.table}" ${deletedWord(deletion)}` };
  }
  if (answer.horizonUs !== null) {
    const words = `is beyond the retention: of windows that began at ${timeText(answer.horizonUs)} UTC or before ` +
      "ClickHouse alone has the rows";
    return { outcome: "beyond retention", ...nowhere, words };
  }
  const undecided = answer.trace === null ? undecidedOf(answer, partitions) : [];
  if (undecided.length > 0) {
    const words = `may be there or not: ${undecidedWord(answer, { undecided, table: table.name })}`;
    return { outcome: "undecided", ...nowhere, words };
  }
  const names = table.members.map(({ name }) => `"${name}"`).join(", ");
  const words = table.members[0].kind === "merge"
    ? `is not shown: no row is in this group of ${names}`
    : `is not shown: ${names} ${table.members.length === 1 ? NO_ROW : "have no row of this key"}`;
  return { outcome: "unknown", ...nowhere, words };
}

/** To be read behind the name of the source. */
function deletedWord({ topic, partition, offset }: CorrectedAway): string {
  return `${NO_ROW}, as the record at offset ${offset} of "${topic}" partition ${partition} was corrected, which ` +
    "deletes it";
}

/** What became of a row that reaches its sink. */
export function sinkVerdict(
  name: string,
  { sink, trace }: { readonly sink: SinkTrace; readonly trace: RowTrace },
): Verdict {
  const operator = `sink ${name}`;
  const stopped = { operator, at: null };
  if (sink.error !== null) {
    return { outcome: "dead letter", ...stopped, words: `is not shown: ${name} cannot hold its row: ${sink.error}` };
  }
  if (sink.refused) {
    return { outcome: "dead letter", ...stopped, words: "is not shown: ClickHouse has refused its row" };
  }
  if (sink.expected === sink.digest || sink.expected === sink.textDigest) return SHOWN;
  const words = trace.complete
    ? "waits: its row is computed, and not written yet"
    : "waits: its row is computed, and the start of its task is not over";
  return { outcome: "waiting", ...stopped, words };
}
