import { type Key, keyText, parseKeyText } from "../../record/key.ts";
import type { SectionReader, SectionWriter } from "../../state/slots.ts";

/** By group the digest of the share that ClickHouse shows, as a snapshot says, until ClickHouse has told it. */
export class RememberedShares {
  readonly #digests = new Map<Key, number>();

  /** What {@link saveShares} wrote. @throws RangeError for what it cannot have written */
  load(from: SectionReader): void {
    const keys = from.texts();
    const digests = from.array(Float64Array);
    if (digests.length !== keys.length) throw new RangeError("it is damaged: shares without digests");
    keys.forEach((text, index) => this.#digests.set(parseKeyText(text ?? "null"), digests[index]));
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

/** For a snapshot: the shares that ClickHouse shows. */
export function saveShares(shown: Iterable<readonly [Key, number]>, to: SectionWriter): void {
  const shares = [...shown];
  to.texts(shares.map(([key]) => keyText(key)));
  to.array(Float64Array.from(shares, ([, digest]) => digest));
}
