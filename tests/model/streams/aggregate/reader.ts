import type { Choices } from "../../../simulation/choices.ts";
import type { Changelog, GroupFact } from "./changelog.ts";

/** Records that are read at once. */
const RECORDS_MAX = 4;

/** Whoever shows what a partition of the changelog has: of each group the fact of the greatest position. */
export class ChangelogReader {
  readonly #changelog: Changelog;
  readonly groups = new Map<number, GroupFact>();
  #next = 0;

  constructor(changelog: Changelog) {
    this.#changelog = changelog;
  }

  /** Reads on, or begins anew. Tombstones say nothing to it. */
  step(choices: Choices): void {
    if (choices.chance(0.02)) this.restart();
    for (let count = 0; count < RECORDS_MAX && this.#take(); count++);
  }

  restart(): void {
    this.groups.clear();
    this.#next = 0;
  }

  readToEnd(): void {
    while (this.#take());
  }

  #take(): boolean {
    const record = this.#changelog.log.next(this.#next);
    if (record === undefined) return false;
    this.#next = record.offset + 1;
    const { fact } = record.value;
    if (fact?.kind !== "group") return true;
    if (fact.position > (this.groups.get(fact.group)?.position ?? -1)) this.groups.set(fact.group, fact);
    return true;
  }
}
