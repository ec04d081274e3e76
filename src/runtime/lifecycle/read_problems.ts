import type { Fetched } from "../../ports/log.ts";
import type { Problems } from "../problems.ts";

/** Shows which partitions cannot be read at the moment, each by itself, for as long as that is so. */
export class ReadProblems {
  readonly #problems: Problems;
  /** Those shown, by name. */
  readonly #shown = new Map<string, Pick<Fetched, "topic" | "partition">>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /**
   * Notes what a poll brought, and gives back the parts that hold something for a task. `isRead`: whether a partition
   * is still this instance's; if not, its problem is another's.
   */
  note(
    parts: readonly Fetched[],
    isRead: (part: Pick<Fetched, "topic" | "partition">) => boolean,
  ): readonly Fetched[] {
    const troubled = parts.some((part) => part.problem !== undefined);
    if (!troubled && this.#shown.size === 0) return parts;
    for (const { topic, partition, problem } of parts) {
      const name = `reading ${topic}/${partition}`;
      if (problem === undefined) this.#clear(name);
      else {
        this.#shown.set(name, { topic, partition });
        this.#problems.set(name, problem);
      }
    }
    for (const [name, part] of [...this.#shown]) if (!isRead(part)) this.#clear(name);
    return troubled ? parts.filter((part) => part.problem === undefined) : parts;
  }

  #clear(name: string): void {
    if (this.#shown.delete(name)) this.#problems.set(name, null);
  }
}
