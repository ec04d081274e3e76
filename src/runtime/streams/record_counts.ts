/** Counts the records of a changelog that were not removed: by element, who has written of it. */
export class RecordCounts {
  /** Owners by number: most elements have one, and there are many. */
  readonly #numbers = new Map<string, number>();
  /** By element, and null of heads. */
  readonly #owners = new Map<string | null, number | Set<number>>();
  /** How many records there are. */
  total = 0;

  /** The owner has written of it, perhaps not for the first time. */
  add(name: string | null, owner: string): void {
    const number = this.#numbers.getOrInsert(owner, this.#numbers.size);
    const known = this.#owners.get(name);
    if (known === number) return;
    if (known === undefined) this.#owners.set(name, number);
    else if (typeof known === "number") this.#owners.set(name, new Set([known, number]));
    else if (known.has(number)) return;
    else known.add(number);
    this.total++;
  }

  /** What the owner has written of it was removed. */
  remove(name: string | null, owner: string): void {
    const number = this.#numbers.get(owner);
    const known = this.#owners.get(name);
    if (number === undefined || known === undefined) return;
    if (typeof known !== "number") {
      if (known.delete(number)) this.total--;
    } else if (known === number) {
      this.#owners.delete(name);
      this.total--;
    }
  }
}
