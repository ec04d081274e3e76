import { z } from "zod";
import type { LetterChange } from "../local/followed_letters.ts";
import type { DeadLetter, Resolution } from "../../ports/dead_letters.ts";
import type { Bytes, LogRecord, NewRecord } from "../../ports/log.ts";
import { packHeaders, readHeaders, type RecordHeaders } from "../../record/headers.ts";

/** Names what a record of the topic is. */
const KIND = "weir.kind";

/** Names of Kafka Connect's dead letter queues, which tools know. */
const CONNECT = "__connect.errors.";

/** What Connect calls the stages, and the errors' classes. */
const STAGES: Readonly<Record<DeadLetter["stage"], readonly [stage: string, className: string]>> = {
  decode: ["VALUE_CONVERTER", "DeserializationError"],
  callback: ["TRANSFORMATION", "ProcessorError"],
  sink: ["TASK_PUT", "ProductionError"],
};

/** The topic of a topology's dead letters. */
export function lettersTopic(topology: string): string {
  return `weir.${topology}.dead-letters`;
}

/**
 * A change as a record of {@link lettersTopic}. A letter has the key and the value of the record that it is about, and
 * all else in headers: under Connect's names, and what these have no name for under `weir.`. Other changes have no key,
 * and JSON as value.
 */
export function encodeChange(change: LetterChange): NewRecord {
  if (change.kind === "letter") return encodeLetter(change.letter);
  const { kind, ...content } = change;
  return { key: null, value: JSON.stringify(content), headers: packHeaders({ [KIND]: kind }) };
}

function encodeLetter(letter: DeadLetter): NewRecord {
  const { topology, stage, reason, operator, error, topic, partition, offset, occasion, stack } = letter;
  const { key, record, task, epoch, subject, timestampMs } = letter;
  const [connectStage, className] = STAGES[stage];
  const text = (value: string | number | null) => value === null ? undefined : String(value);
  const headers: RecordHeaders = {
    [KIND]: "letter",
    [`${CONNECT}topic`]: text(topic),
    [`${CONNECT}partition`]: text(partition),
    [`${CONNECT}offset`]: text(offset),
    [`${CONNECT}connector.name`]: topology,
    [`${CONNECT}task.id`]: text(task),
    [`${CONNECT}stage`]: connectStage,
    [`${CONNECT}exception.class.name`]: className,
    [`${CONNECT}exception.message`]: error,
    [`${CONNECT}exception.stacktrace`]: text(stack),
    "weir.stage": stage,
    "weir.reason": reason,
    "weir.operator": operator,
    "weir.epoch": String(epoch),
    "weir.subject": text(subject),
    "weir.occasion": text(occasion),
    "weir.timestamp": String(timestampMs),
  };
  return { key, value: record, headers: packHeaders(headers) };
}

const POSITION = z.strictObject({ topic: z.string(), partition: z.int(), offset: z.int() });
const RESOLVED = { topology: z.string(), why: z.string(), timestampMs: z.number() };
const STAGE = z.enum(["decode", "callback", "sink"]);
const OUTCOME = z.enum(["begun", "replayed", "refused", "failed"]);

const RESOLUTION = z.discriminatedUnion("kind", [
  z.strictObject({
    ...RESOLVED,
    kind: z.literal("subject"),
    task: z.string(),
    epoch: z.number(),
    stage: STAGE,
    operator: z.string(),
    subject: z.string(),
    upTo: z.int().optional(),
  }),
  z.strictObject({
    ...RESOLVED,
    kind: z.literal("start"),
    task: z.string(),
    epoch: z.number(),
    unread: z.array(POSITION),
  }),
  z.strictObject({ ...RESOLVED, kind: z.literal("gone"), tasks: z.array(z.string()) }),
]) satisfies z.ZodType<Resolution>;

const CONTENT = {
  resolution: z.strictObject({ resolution: RESOLUTION }),
  attempt: z.strictObject({
    attempt: z.strictObject({
      name: z.string(),
      identity: z.string(),
      atMs: z.number(),
      edit: z.string().nullable(),
      owner: z.string(),
    }),
  }),
  outcome: z.strictObject({ name: z.string(), outcome: OUTCOME, sentence: z.string() }),
};

/** What such a record says of this topology; null for what {@link encodeChange} has not written. */
export function decodeChange(record: LogRecord, topology: string): LetterChange | null {
  try {
    const headers = readHeaders(record.headers);
    const kind = headers[KIND];
    switch (kind) {
      case "letter":
        return letterIn(record, { headers, topology });
      case "resolution":
      case "attempt":
      case "outcome": {
        const content = CONTENT[kind].safeParse(JSON.parse(textOf(record.value) ?? ""));
        return content.success ? { kind, ...content.data } as LetterChange : null;
      }
      default:
        return null;
    }
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) return null;
    throw error;
  }
}

function letterIn(
  { key, value }: LogRecord,
  { headers, topology }: { readonly headers: RecordHeaders; readonly topology: string },
): LetterChange | null {
  const text = (name: string) => headers[name] ?? null;
  const number = (name: string) => text(name) === null ? null : Number(text(name));
  const stage = STAGE.safeParse(text("weir.stage"));
  const [epoch, timestampMs] = [number("weir.epoch"), number("weir.timestamp")];
  const [partition, offset] = [number(`${CONNECT}partition`), number(`${CONNECT}offset`)];
  const numbers = [partition, offset].every((one) => one === null || Number.isSafeInteger(one)) &&
    Number.isFinite(epoch) && Number.isFinite(timestampMs);
  if (!stage.success || !numbers || text("weir.reason") === null || text("weir.operator") === null) return null;
  const letter: DeadLetter = {
    topology,
    stage: stage.data,
    reason: text("weir.reason")!,
    operator: text("weir.operator")!,
    error: text(`${CONNECT}exception.message`) ?? "",
    topic: text(`${CONNECT}topic`),
    ...{ partition, offset },
    occasion: text("weir.occasion") === "start" ? "start" : null,
    key: textOf(key),
    record: textOf(value),
    stack: text(`${CONNECT}exception.stacktrace`),
    task: text(`${CONNECT}task.id`),
    epoch: epoch!,
    subject: text("weir.subject"),
    timestampMs: timestampMs!,
  };
  return { kind: "letter", letter };
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function textOf(bytes: Bytes | null): string | null {
  return bytes === null || typeof bytes === "string" ? bytes : decoder.decode(bytes);
}
