import { CORRECTIONS_TOPIC, decodeCorrection, encodeCorrection, printOf } from "../../src/record/correction.ts";
import type { AppendBatch } from "../../src/ports/log.ts";
import { changedColumns } from "../../src/runtime/replays/changed_columns.ts";
import type { Choices } from "./choices.ts";
import type { Profile } from "./profile.ts";
import type { SimulatedLog } from "./simulated_log.ts";
import { rowOf } from "./source_records.ts";

/** So many records are not what they should be at first; so many of these that hold a row can be read all the same. */
const BAD_SHARE = 0.25;
const READABLE_SHARE = 0.5;
/** At each step: how often one of them is corrected; how often another correction of it was wrong, and came before. */
const CORRECTED_SHARE = 0.1;
const WRONG_SHARE = 0.3;

/** A record that cannot be read, or says what is wrong, and what it should have said. */
interface Bad {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  /** As it lies there, and as it should. */
  readonly written: string;
  readonly value: string | null;
}

/**
 * Records of sources that are bad until somebody corrects them, as whoever replays dead letters does: nobody can read
 * them, or everybody can, as those of which another reader has a dead letter.
 */
export class Corrections {
  readonly #log: SimulatedLog;
  readonly #choices: Choices;
  readonly #waiting: Bad[] = [];
  #written = 0;
  #ended = false;

  private constructor(log: SimulatedLog, choices: Choices) {
    this.#log = log;
    this.#choices = choices;
  }

  /** Null for a seed that has none. */
  static of(
    { corrections }: Profile,
    { log, choices }: { readonly log: SimulatedLog; readonly choices: Choices },
  ): Corrections | null {
    return corrections ? new Corrections(log, choices) : null;
  }

  /** Writes a record as it should be, or another one in its place. */
  store(batch: AppendBatch): void {
    const [{ key, value }] = batch.records;
    if (
      this.#ended || !this.#choices.chance(BAD_SHARE) || !this.#choices.happens("unreadable", () => String(key))
    ) {
      this.#log.store(batch);
      return;
    }
    const bad = this.#badOf(value as string | null);
    const offset = this.#log.store({ ...batch, records: [{ key, value: bad.written }] });
    const { topic, partition } = batch;
    this.#waiting.push({ topic, partition, offset, key: String(key), ...bad });
  }

  /** No two of them are alike: of one that is lost another one must not have the correction. */
  #badOf(value: string | null): Pick<Bad, "written" | "value"> {
    const number = this.#written++;
    if (value === null || !this.#choices.chance(READABLE_SHARE)) {
      return { written: JSON.stringify({ before: null, after: number, op: "c" }), value };
    }
    const change = { ...JSON.parse(value), ts_ms: number };
    const row = rowOf(value);
    const column = this.#choices.pick(Object.keys(row).filter((name) => name !== "id"));
    const was = row[column] as string | number | null;
    const wrong = { [column]: typeof was === "string" ? `${was}?` : (was ?? 0) + 1 };
    const written = change.after === undefined ? { ...change, ...wrong } : { ...change, after: { ...row, ...wrong } };
    return { written: JSON.stringify(written), value: JSON.stringify(change) };
  }

  /** Now and then one of them is corrected, in any order, whatever is newer. */
  step(): void {
    const at = this.#choices.below(Math.max(1, this.#waiting.length));
    const wrong = this.#choices.chance(WRONG_SHARE);
    if (!this.#choices.chance(CORRECTED_SHARE) || this.#waiting.length === 0) return;
    const [one] = this.#waiting.splice(at, 1);
    if (wrong) this.#correct(one, one.written);
    this.#correct(one, one.value);
  }

  /** From now on all records are right: what is shown is judged while something hangs. */
  end(): void {
    this.#ended = true;
  }

  /** All of them are corrected now. */
  finish(): void {
    for (const one of this.#waiting.splice(0)) this.#correct(one, one.value);
  }

  #correct({ topic, partition, offset, key, written }: Bad, value: string | null): void {
    const topicId = this.#log.topics.get(topic)!.id;
    const changed = changedColumns(written, value);
    const print = printOf(written);
    const correction = { topic, topicId, partition, offset, key, timestampMs: 0, print, changed, value };
    this.#log.create({ name: CORRECTIONS_TOPIC, partitions: 1, cleanup: "delete", retentionMs: -1 });
    this.#log.store({ topic: CORRECTIONS_TOPIC, partition: 0, records: [encodeCorrection(correction)] });
  }
}

/** What a record says as it is corrected; its own value if nobody has corrected it. */
export function correctedValue(
  log: Pick<SimulatedLog, "topics">,
  { topic, partition, offset, value }: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly value: string | null;
  },
): string | null {
  const records = log.topics.get(CORRECTIONS_TOPIC)?.partitions[0].records ?? [];
  const last = records.map((record) => decodeCorrection(String(record.key), String(record.value))!).findLast((one) =>
    one.topic === topic && one.partition === partition && one.offset === offset && one.print === printOf(value)
  );
  return last === undefined ? value : last.value;
}
