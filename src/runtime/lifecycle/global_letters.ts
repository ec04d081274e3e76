import type { GlobalTable } from "../../plan/physical.ts";
import type { Position } from "../../ports/log.ts";
import type { Key } from "../../record/key.ts";
import { subjectOf } from "../../record/subject_of.ts";
import { Refusals } from "../../state/refusals.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";
import type { Maker } from "../delivery/refused.ts";
import type { MendedBy } from "../globals/change_reader.ts";
import type { Unreadable } from "../globals/global_reader.ts";

/**
 * Dead letters of global tables. Every instance reads them whole, so they are written in the name of the table, and the
 * time of the start takes the place of an epoch.
 */
export class GlobalLetters {
  readonly #letters: DeadLetterQueue;
  readonly #epoch: number;

  constructor(letters: DeadLetterQueue, startMs: number) {
    this.#letters = letters;
    this.#epoch = startMs;
  }

  /** What a table could not process. `reading`: where the record lies that is being read; null while none is. */
  refusals(table: GlobalTable, reading: () => Position | null): Refusals {
    const maker = this.makerOf(table);
    const columns = table.keyColumns.map(({ name }) => name);
    return new Refusals({
      columns: () => columns,
      refused: (refusal) => this.#letters.callback({ ...maker, ...refusal, position: reading(), occasion: null }),
      mended: (mended) => this.#letters.mended({ ...maker, ...mended }),
    });
  }

  /** A record of the table could not be read. */
  undecodable({ table, position, record, key, error }: Unreadable): void {
    const subject = key === null ? null : subjectOf(key);
    this.#letters.undecodable({ ...this.makerOf(table), position, record, subject }, error);
  }

  /** A later record of the key was read, or what corrects one. */
  read(table: GlobalTable, { key, by }: { readonly key: Key; readonly by?: MendedBy }): void {
    const about = { operator: table.source.topic, subject: subjectOf(key), by };
    this.#letters.mended({ ...this.makerOf(table), stage: "decode", ...about });
  }

  makerOf({ name }: GlobalTable): Maker {
    return { task: `global ${name}`, epoch: this.#epoch };
  }
}
