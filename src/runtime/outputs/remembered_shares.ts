import type { Groups } from "../../processor/group.ts";
import { type Key, keyText, parseKeyText } from "../../record/key.ts";
import { NumberCells } from "../../state/cells.ts";
import type { Lent } from "../../state/loans.ts";
import { endsStep, type Loading, type SectionReader, type SectionWriter } from "../../state/slots.ts";

/** By group the digest of the share that ClickHouse shows, as a snapshot says, until ClickHouse has told it. */
export class RememberedShares {
  readonly #digests = new Map<Key, number>();

  /**
   * What {@link saveShares} wrote. `keys`: those of the groups, by the slots that they had.
   * @throws RangeError for what it cannot have written
   */
  *load(from: SectionReader, keys: readonly (Key | null)[]): Loading {
    const sent = new NumberCells();
    yield* sent.load(from);
    if (sent.slots !== keys.length) throw new RangeError("it is damaged: shares without groups");
    for (const [group, key] of keys.entries()) {
      const digest = sent.get(group);
      if (digest !== null && key === null) throw new RangeError("it is damaged: a share without a group");
      if (digest !== null) this.#digests.set(key!, digest);
      if (endsStep(group)) yield;
    }
    const others = from.texts();
    const digests = from.array(Float64Array);
    if (digests.length !== others.length) throw new RangeError("it is damaged: shares without digests");
    others.forEach((text, index) => this.#digests.set(parseKeyText(text ?? "null"), digests[index]));
  }

  /** Null for nothing. */
  get(key: Key): number | null {
    return this.#digests.get(key) ?? null;
  }

  forget(key: Key): void {
    this.#digests.delete(key);
  }

  /** All that is remembered, and nothing is afterwards. */
  *take(): Generator<readonly [Key, number]> {
    yield* this.#digests;
    this.#digests.clear();
  }

  clear(): void {
    this.#digests.clear();
  }
}

/** The shares that ClickHouse should show: of groups, by slot, and those of groups that are missing. */
export interface ShownShares {
  readonly groups: Pick<Groups, "keys" | "sent">;
  readonly held: ReadonlyMap<Key, number>;
}

/** Their groups, with their digests. */
export function* shownShares({ groups: { keys, sent }, held }: ShownShares): Generator<readonly [Key, number]> {
  for (const group of keys.used()) if (sent.get(group) !== null) yield [keys.keyOf(group), sent.get(group)!];
  yield* held;
}

/** Their digests as they are now, until they are given back; NaN stands for none. */
export function lentShares({ groups: { sent }, held }: ShownShares): Lent<Float64Array>[] {
  return [...sent.lent(), { chunk: Float64Array.from(held.values()), release() {} }];
}

/** For a snapshot. There may be a share for each row, so those of groups are written as they are. */
export function saveShares({ groups: { sent }, held }: ShownShares, to: SectionWriter): void {
  sent.save(to);
  to.texts(Array.from(held.keys(), keyText));
  to.array(Float64Array.from(held.values()));
}
