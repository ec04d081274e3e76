import type { ToldTime } from "../../formats/changelog_horizon.ts";
import { FOLDED_AGE, isFoldedRow } from "../../plan/folded_row.ts";
import { memberTopic } from "../../plan/member_topic.ts";
import type { LogRecord, Position } from "../../ports/log.ts";
import { WINDOW_START } from "../../processor/stateful/result_of.ts";
import { DeserializationError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { misfit } from "../../state/sections.ts";
import { type Loading, NO_SLOT, ownSections, type SectionReader, type SectionWriter } from "../../state/slots.ts";
import type { StaleKeys } from "../../state/stale_keys.ts";
import type { TaskView } from "../conversation/task_view.ts";
import type { Correction } from "../../record/correction.ts";
import { ChangeReader, type Corrected, type MendedBy, MISPLACED } from "../globals/change_reader.ts";
import type { PlaceCorrections } from "../globals/corrections.ts";
import { subjectOf } from "../../record/subject_of.ts";
import { ConsideredCorrections } from "./considered_corrections.ts";
import { PlaceCheck } from "./place_check.ts";
import type { Retention } from "./retention.ts";
import { RecentRecords } from "./recent_records.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";
import type { SinkOutput } from "../outputs/sink_output.ts";
import type { TaskContext } from "./task_context.ts";

/** Whose rows are read: a task's, or a standby's. */
export type SourceRows =
  & Pick<TaskView, "id" | "epoch" | "table" | "partition" | "entries" | "loaded" | "setRow">
  & {
    readonly retention: Retention | null;
    /** What shows them; absent: whoever takes the rows over asks what is shown. */
    readonly sinks?: readonly Pick<SinkOutput, "distrust">[];
  };

/** A row that is gone, as what corrects a record of it is a deletion. */
export interface CorrectedAway extends Position {
  /** The source. */
  readonly table: string;
}

/** What reading needs, and who hears of records that cannot be read. */
export interface SourceContext
  extends Pick<TaskContext, "partitions" | "keyBytes" | "decoders" | "corrections" | "count"> {
  readonly letters: Pick<DeadLetterQueue, "undecodable" | "mended">;
}

/**
 * Turns one partition's change records into rows of the task's tables. What cannot be read, or lies where nobody would
 * look for it, becomes a dead letter.
 */
export class SourceReader {
  readonly #task: SourceRows;
  readonly #context: SourceContext;
  /** By member; null for merges, which have no topic. A table's members are all the one or all the other. */
  readonly #readers: readonly (ChangeReader | null)[];
  /** By member: what corrects records of its topic's partition. */
  readonly #corrections: readonly PlaceCorrections[];
  /** Keys of each member whose last change could not be read. */
  readonly stale: readonly StaleKeys[];
  readonly #recent = new RecentRecords();
  readonly #considered: ConsideredCorrections;

  constructor(task: SourceRows, context: SourceContext) {
    this.#task = task;
    this.#context = context;
    const { table, partition } = task;
    const decoders = context.decoders(table);
    const partitions = context.partitions[table.index];
    // Other tasks look for its keys.
    const placed = partitions > 1 && (table.serves.length > 0 || table.members.length > 1);
    this.#corrections = table.members.map((member) => context.corrections(memberTopic(member) ?? "", partition));
    this.#considered = new ConsideredCorrections(this.#corrections);
    this.#readers = table.members.map((member, index) => {
      if (member.kind === "merge") return null;
      const topic = memberTopic(member)!;
      // Results of streams are where their stage has put them.
      const { keyBytes } = context;
      const place = placed && member.kind === "source"
        ? new PlaceCheck({ member, keyColumns: table.keyColumns!, partition, partitions, keyBytes })
        : null;
      const rows = {
        held: (key: Key) => this.#held(index, key),
        set: this.#setter(index),
        onTime: (time: ToldTime) => task.retention?.told(time),
        check: (key: Key, bytes: LogRecord["key"]) => place?.check(key, bytes),
        onMended: (key: Key, by?: MendedBy) => this.#mended(topic, { key, by }),
        onSkip: (reason: string) =>
          context.count("weir_source_records_skipped_total", { table: table.name, reason }, 1),
      };
      const columns = member.kind === "source" ? Object.keys(member.source.row.shape) : null;
      return new ChangeReader(member.name, { decoder: decoders[index]!, rows, columns });
    });
    this.stale = this.#readers.flatMap((reader) => reader === null ? [] : [reader.stale]);
  }

  /**
   * Whether changes that could not be read may be why there is no row of `key`; `gone`: how many keys have lost theirs.
   */
  unread(key: Key, gone: number): boolean {
    return this.stale.some((stale) => stale.has(key) || (stale.unknown > 0 && stale.unknown >= gone));
  }

  /** Takes records of member `member`, in order. @throws ConfigError when the topic is partitioned in another way */
  take(member: number, records: readonly LogRecord[]): void {
    const plan = this.#task.table.members[member];
    const topic = memberTopic(plan);
    if (topic === null) throw new TypeError(`Table "${plan.name}" has no topic`);
    const { partition } = this.#task;
    const reader = this.#readers[member]!;
    const refused: number[] = [];
    for (const record of records) {
      try {
        reader.take(record, this.#corrections[member]);
      } catch (error) {
        if (!(error instanceof DeserializationError)) throw error;
        refused.push(record.offset);
        const key = error.reason === MISPLACED ? null : reader.keyOf(record.key);
        const subject = key === null ? null : subjectOf(key);
        const position = { topic, partition, offset: record.offset };
        this.#context.letters.undecodable({ ...this.#maker, position, record, subject }, error);
      }
    }
    this.#considered.took(member, records);
    if (this.#task.loaded) {
      this.#recent.add({ topic, partition, records, refused, keyOf: (record) => reader.keyOf(record.key) });
    }
    this.#context.count("weir_source_records_total", { table: plan.name }, records.length);
  }

  /** As {@link ChangeReader.correct}, of a record of member `member` that was taken. */
  correct(member: number, correction: Correction): Corrected {
    const corrected = this.#readers[member]!.correct(correction, this.#corrections[member]);
    if (corrected === "unknown") this.#considered.tear();
    else this.#considered.told(member, correction.offset);
    return corrected;
  }

  /** Takes what has come since it corrects records before these positions, by member, by whoever took them. */
  correctBefore(positions: readonly number[]): Corrected[] {
    return positions.flatMap((position, member) =>
      [...this.#considered.since(member, position)].map((known) => {
        if (!this.#mustReadAgain(member, known)) return this.correct(member, known.at(-1)!);
        this.#considered.tear();
        return "unknown";
      })
    );
  }

  /** Which members have no row of the key because a correction says so, and where the record lies that it corrects. */
  deletions(key: Key): CorrectedAway[] {
    return this.#readers.flatMap((reader, member) => {
      const place = reader === null || this.#held(member, key) !== null ? null : reader.stale.correctedAt(key);
      const plan = this.#task.table.members[member];
      return place === null ? [] : [{ table: plan.name, topic: memberTopic(plan)!, ...place }];
    });
  }

  /** Where the newest record of the key lies, if it was taken just now and its row may wait to be evaluated. */
  newestOf(key: Key): Position | null {
    return this.#recent.newestOf(key);
  }

  /** Everything taken so far is evaluated. */
  rest(): void {
    this.#recent.clear();
  }

  /** For a snapshot: what is remembered of keys, and of corrections. */
  save(to: SectionWriter): void {
    const saved = this.#saved();
    to.later(ownSections(function* (to) {
      for (const textOf of saved) {
        to.texts([textOf()]);
        yield;
      }
    }));
  }

  /** What {@link save} wrote, before anything is taken. @throws RangeError if only reading all again is right */
  *load(from: SectionReader): Loading {
    const texts: string[] = [];
    for (let count = this.#saved().length; count > 0; count--) {
      const [text] = from.texts();
      if (typeof text !== "string") throw misfit("no text of what was read");
      texts.push(text);
      yield;
    }
    this.#load(texts);
  }

  /** Whether its rows can be gone on with: no correction has come meanwhile that only reading all again takes in. */
  get isWhole(): boolean {
    return this.#considered.isWhole((member, known) => this.#mustReadAgain(member, known));
  }

  /** Goes on where another reader of the same partitions stands, before anything is taken. */
  goOnFrom(other: SourceReader): void {
    this.#load(other.#saved().map((textOf) => textOf()));
  }

  #saved(): (() => string)[] {
    return [...this.#readers.flatMap((reader) => reader === null ? [] : reader.save()), this.#considered.save()];
  }

  #load(texts: readonly string[]): void {
    const saved = [...texts];
    for (const reader of this.#readers) reader?.load(saved.splice(0, 2));
    this.#considered.load(saved[0], (member, known) => this.#mustReadAgain(member, known));
  }

  #mustReadAgain(member: number, known: readonly Correction[]): boolean {
    return this.#readers[member]?.mustReadAgain(known, this.#corrections[member]) ?? false;
  }

  get #maker() {
    return { task: this.#task.id, epoch: this.#task.epoch };
  }

  #mended(operator: string, { key, by }: { readonly key: Key; readonly by?: MendedBy }): void {
    this.#context.letters.mended({ ...this.#maker, stage: "decode", operator, subject: subjectOf(key), by });
  }

  /** Sets rows of a member; null if the window of one is beyond. */
  #setter(member: number): (key: Key, row: Row | null) => Row | null {
    const task = this.#task;
    const { retention, entries } = task;
    if (retention === null) return (key, row) => task.setRow(member, key, row);
    return (key, row) => {
      const startUs = row![WINDOW_START] as number;
      const ageUs = retention.byChange ? row![FOLDED_AGE] as number : startUs;
      // What a former owner of the stage has written late.
      if (retention.isBeyond(ageUs)) return null;
      const isNew = retention.byChange && !entries.keys.has(key);
      const before = task.setRow(member, key, row);
      const entry = entries.keys.find(key);
      retention.note(entry, ageUs);
      if (!retention.byChange) return before;
      if (!isFoldedRow(row!)) retention.noteGone(entry);
      // A session that grew so far back takes the row of one that nobody remembers.
      if (isNew && retention.asked && retention.isBeyond(startUs)) {
        for (const sink of task.sinks ?? []) sink.distrust(entry);
      }
      return before;
    };
  }

  #held(member: number, key: Key): Row | null {
    const { keys, members } = this.#task.entries;
    const entry = keys.find(key);
    return entry === NO_SLOT ? null : members[member].read(entry);
  }
}
