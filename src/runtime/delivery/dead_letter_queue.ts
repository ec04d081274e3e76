import type { Clock } from "../../ports/clock.ts";
import type { DeadLetter, DeadLetters, Resolution } from "../../ports/dead_letters.ts";
import type { Metrics } from "../../ports/metrics.ts";
import { retry } from "../../ports/retry.ts";
import { digestOf } from "../../record/digest.ts";
import { type DeserializationError, ProcessorError } from "../../record/errors.ts";
import { parseKeyText } from "../../record/key.ts";
import { subjectOf } from "../../record/subject_of.ts";
import type { RunEvent } from "../run_event.ts";
import type { EventRefused, Maker, RecordRefused, RowRefused, SinkRowRefused } from "./refused.ts";
import { LetterLog } from "./letter_log.ts";
import { type LetterMasks, letterMasksOf } from "./letter_masks.ts";
import { keyByName, placesOf, RECORD_LENGTH_MAX, rowText, textOf } from "./letter_text.ts";

/** A little more than is kept, so that what keeps it sees that it was longer. */
const KEY_LENGTH_MAX = 1_025;
const WAITING_MAX = 10_000;
/** Letters remembered, so that a row which is refused at every evaluation is written once. */
const KNOWN_MAX = 10_000;
const RETRY_MS = 1_000;
const NOWHERE = { topic: null, partition: null, offset: null } as const;

/** Why letters of each stage no longer apply, as it is kept with them. */
const MENDED: Readonly<Record<DeadLetter["stage"], string>> = {
  decode: "a later record of the key was read",
  callback: "it was evaluated again without this error, or is gone",
  sink: "the row that ClickHouse refused is another one now, or gone",
};

const CORRECTED = "it, or a later record of its key, was corrected and replayed";

/** A resolution without what the queue knows itself. */
type Resolved = Resolution extends infer R ? R extends Resolution ? Omit<R, "topology" | "timestampMs"> : never : never;

type LetterHead = Pick<DeadLetter, "task" | "epoch" | "subject" | "stage" | "reason" | "operator"> & Maker;
type LetterRest = Pick<DeadLetter, "topic" | "partition" | "offset" | "occasion" | "key" | "record">;

type Waiting =
  | { readonly kind: "letter"; readonly letter: DeadLetter }
  | { readonly kind: "resolution"; readonly resolution: Resolution };

/**
 * Collects dead letters of one topology, and what of them no longer applies, and stores both in the background, in
 * order; nothing is dropped without being counted. A letter like the last one of its operator and subject is counted
 * only. Letters that are stored are heard, too: {@link LetterLog}.
 */
export class DeadLetterQueue {
  readonly #topology: string;
  readonly #ports: { clock: Clock; metrics: Metrics; deadLetters: DeadLetters };
  readonly #log: LetterLog;
  /** Null: nothing of the topology is masked. */
  readonly #masks: LetterMasks | null;
  #waiting: Waiting[] = [];
  /** By task, stage, operator and subject: a digest of the last letter. The oldest are forgotten. */
  readonly #known = new Map<string, number>();
  /** Makers of which a letter was dropped: what they did not write again may well apply. */
  readonly #incomplete = new Set<string>();
  #running: Promise<void> | null = null;
  /** Resolves when the last try has failed. */
  #failed = Promise.withResolvers<void>();
  /** Letters of the topology that still apply, those of earlier runs included, as of about a second ago. */
  openLetters = 0;
  /** Whether what is open may have changed since it was asked for. */
  #changed = true;
  #asking: Promise<void> | null = null;
  /** Stages and reasons of which there were open letters. */
  readonly #gauged = new Map<string, Readonly<Record<string, string>>>();

  constructor(
    topology: Parameters<typeof letterMasksOf>[0],
    ports: { clock: Clock; metrics: Metrics; deadLetters: DeadLetters },
    onEvent: (event: RunEvent) => void,
  ) {
    this.#topology = topology.name;
    this.#masks = letterMasksOf(topology);
    this.#ports = ports;
    this.#log = new LetterLog(onEvent);
  }

  /** A record that could not be read. */
  undecodable({ task, epoch, position, record, subject }: RecordRefused, error: DeserializationError): void {
    const masked = this.#masks?.record(position.topic, { record, error }) ?? null;
    const head = { task, epoch, subject, stage: "decode", reason: error.reason, operator: position.topic } as const;
    this.#add(head, masked === null ? error : { message: masked.error }, () => ({
      ...position,
      occasion: null,
      key: textOf(masked === null ? record.key : masked.key, KEY_LENGTH_MAX),
      record: textOf(masked === null ? record.value : masked.record, RECORD_LENGTH_MAX),
    }));
  }

  /** A callback that threw, a row that does not fit its sink, or a value that cannot be sent to another task. */
  callback({ task, epoch, subject, error, columns, position, occasion }: RowRefused): void {
    const { reason, operator } = error;
    const key = keyByName(columns, parseKeyText(error.key));
    this.#addRow({ task, epoch, subject, stage: "callback", reason, operator }, error, {
      ...position ?? NOWHERE,
      occasion,
      key,
      record: () => rowText(error.row),
    });
  }

  /** What became of an event: a callback threw, ClickHouse refused a row of it, or lost the rows of all before it. */
  event({ task, epoch, subject, position, ...what }: EventRefused, error: Error): void {
    const { stage } = what;
    const [operator, reason, record] = error instanceof ProcessorError
      ? [error.operator, error.reason, () => rowText(error.row)] as const
      : [`sink ${what.sink}`, what.reason ?? "refused", () => what.line ?? null] as const;
    const key = error instanceof ProcessorError ? error.key : null;
    const { line } = what;
    // It has the key in it, and is never read again.
    const about = this.#masks === null ? subject : String(digestOf(subject));
    this.#addRow({ task, epoch, subject: about, stage, reason, operator }, error, {
      ...position,
      ...{ occasion: null, key, record, line },
    });
  }

  /** A row that ClickHouse refused. */
  refused({ task, epoch, sink, columns, key, line }: SinkRowRefused, error: Error): void {
    const subject = subjectOf(parseKeyText(key));
    this.#addRow({ task, epoch, subject, stage: "sink", reason: "refused", operator: `sink ${sink}` }, error, {
      ...NOWHERE,
      occasion: null,
      key: keyByName(columns, parseKeyText(key)),
      record: () => line,
      line,
    });
  }

  #addRow(
    head: LetterHead,
    error: Error,
    { key, record, line, ...rest }: Omit<LetterRest, "record"> & {
      readonly record: () => string | null;
      readonly line?: string;
    },
  ): void {
    const isOfRow = error instanceof ProcessorError || line !== undefined;
    const masked = isOfRow ? this.#masks?.row(head.operator, { key, error, line }) ?? null : null;
    const { cause } = error;
    this.#add(head, masked === null ? error : { message: masked.error, cause }, () => ({
      ...rest,
      key: (masked === null ? key : masked.key)?.slice(0, KEY_LENGTH_MAX) ?? null,
      record: (masked === null ? record() : masked.record)?.slice(0, RECORD_LENGTH_MAX) ?? null,
    }));
  }

  /** What letters of this maker say of a subject no longer applies. */
  mended(
    { by, ...mended }: Maker & Pick<DeadLetter, "stage" | "operator"> & {
      readonly subject: string;
      /** A correction of the record at this offset was read; not whole: a later record of the key still cannot be. */
      readonly by?: { readonly offset: number; readonly whole: boolean };
    },
  ): void {
    const why = by === undefined ? MENDED[mended.stage] : CORRECTED;
    const upTo = by === undefined || by.whole ? undefined : by.offset;
    this.resolve({ kind: "subject", ...mended, why, ...(upTo === undefined ? {} : { upTo }) });
  }

  /** Letters that no longer apply. A start's count only if all letters of its maker could be stored. */
  resolve(resolved: Resolved): void {
    if (resolved.kind === "start" && this.#incomplete.has(makerId(resolved))) return;
    if (resolved.kind === "subject") this.#known.delete(knownId(resolved));
    // The next start marks what is not marked now.
    if (this.#waiting.length >= 2 * WAITING_MAX) return;
    const resolution: Resolution = {
      topology: this.#topology,
      timestampMs: this.#ports.clock.nowMs(),
      ...resolved,
    };
    this.#push({ kind: "resolution", resolution });
  }

  /** To be called about once a second: tells how many letters came, and reports how many are open. */
  tick(nowMs: number): void {
    this.#log.tick(nowMs);
    if (this.#changed) this.#asking ??= this.#gauge().finally(() => this.#asking = null);
  }

  #add(
    head: LetterHead,
    { message, cause }: Pick<Error, "message" | "cause">,
    rest: () => LetterRest,
  ): void {
    const { clock, metrics } = this.#ports;
    metrics.count("weir_dead_letters_total", {
      topology: this.#topology,
      stage: head.stage,
      reason: head.reason,
    }, 1);
    if (this.#waiting.length >= WAITING_MAX) return void this.#incomplete.add(makerId(head));
    const letter: DeadLetter = {
      topology: this.#topology,
      timestampMs: clock.nowMs(),
      ...head,
      error: message,
      ...rest(),
      stack: null,
    };
    if (this.#isKnown(letter)) return;
    const told = head.stage === "callback" ? { ...letter, stack: placesOf(cause) } : letter;
    this.#log.hear(told);
    this.#push({ kind: "letter", letter: told });
  }

  #isKnown(letter: DeadLetter): boolean {
    const { stage, epoch, error, record } = letter;
    if (stage === "decode") return false;
    const id = knownId(letter);
    const digest = digestOf(`${epoch}\n${error}\n${record}`);
    if (this.#known.get(id) === digest) return true;
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(id, digest);
    return false;
  }

  #push(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#running ??= this.#store();
  }

  /** Resolves when everything added so far is stored, or cannot be. */
  async flush(): Promise<void> {
    if (this.#running !== null) await Promise.race([this.#running, this.#failed.promise]);
  }

  /** As {@link flush}, for the last time: what was not told yet is told. */
  async close(): Promise<void> {
    this.#log.flush(this.#ports.clock.nowMs());
    await this.flush();
  }

  async #store(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await retry(() => this.#put(), {
        clock: this.#ports.clock,
        firstMs: RETRY_MS,
        lastMs: RETRY_MS,
        retriable: () => true,
        onState: (error) => {
          if (error === null) this.#failed = Promise.withResolvers();
          else this.#failed.resolve();
        },
      });
    }
    this.#running = null;
  }

  /** Stores whatever waits by now, which is more with every try: letters and resolutions by turns, in order. */
  async #put(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    let done = 0;
    try {
      while (done < batch.length) {
        const { kind } = batch[done];
        let end = done + 1;
        while (end < batch.length && batch[end].kind === kind) end++;
        const part = batch.slice(done, end);
        const { deadLetters } = this.#ports;
        if (kind === "letter") await deadLetters.put(part.flatMap((one) => one.kind === "letter" ? [one.letter] : []));
        else await deadLetters.resolve(part.flatMap((one) => one.kind === "resolution" ? [one.resolution] : []));
        done = end;
        this.#changed = true;
      }
    } catch (error) {
      this.#waiting = [...batch.slice(done), ...this.#waiting];
      throw error;
    }
  }

  async #gauge(): Promise<void> {
    this.#changed = false;
    const { deadLetters, metrics } = this.#ports;
    try {
      const open = new Map<string, number>();
      for (const { stage, reason, letters } of await deadLetters.open(this.#topology)) {
        const labels = { topology: this.#topology, stage, reason };
        this.#gauged.set(`${stage} ${reason}`, labels);
        open.set(`${stage} ${reason}`, letters);
      }
      this.openLetters = [...open.values()].reduce((sum, letters) => sum + letters, 0);
      for (const [id, labels] of this.#gauged) metrics.gauge("weir_dead_letters_open", labels, open.get(id) ?? 0);
    } catch {
      this.#changed = true;
    }
  }
}

function makerId({ task, epoch }: Maker): string {
  return `${task} ${epoch}`;
}

function knownId({ task, stage, operator, subject }: Pick<DeadLetter, "task" | "stage" | "operator" | "subject">) {
  return `${task} ${stage} ${operator} ${subject}`;
}
