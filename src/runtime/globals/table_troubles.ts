import type { Fetched } from "../../ports/log.ts";

/** Why a topic cannot be read at the moment. */
export class TableTroubles {
  readonly #tell: (problem: string | null) => void;
  /** Partitions that cannot be read, and why. */
  readonly #partitions = new Map<number, string>();
  #unreachable: string | null = null;

  /** `tell`: what cannot be read is another matter now; null: all can be read. */
  constructor(tell: (problem: string | null) => void) {
    this.#tell = tell;
  }

  /** What is told; null if all can be read. */
  get problem(): string | null {
    return this.#unreachable ?? this.#partitions.values().next().value ?? null;
  }

  /** Whether all partitions could be read when they were read last. */
  get none(): boolean {
    return this.#partitions.size === 0;
  }

  /** The log does not answer, and why; null: it does. */
  unreachable(problem: string | null): void {
    this.#noting(() => this.#unreachable = problem);
  }

  /** What reading a partition gave. */
  note({ partition, problem }: Fetched): void {
    this.#noting(() => {
      if (problem === undefined) this.#partitions.delete(partition);
      else this.#partitions.set(partition, problem);
    });
  }

  #noting(note: () => void): void {
    const before = this.problem;
    note();
    if (this.problem !== before) this.#tell(this.problem);
  }
}
