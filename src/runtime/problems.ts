/** Name of the problem of a topology that reads a topic which is not there: until it comes, there is nothing to do. */
export const MISSING_TOPICS = "topics";

/** What is wrong right now, by name: shown by /readyz and on the screen. */
export class Problems {
  readonly #problems = new Map<string, string>();
  /** Names of those that no waiting mends. */
  readonly #lasting = new Set<string>();
  readonly #onChange: (name: string, problem: string | null) => void;
  #ending = false;

  constructor(onChange: (name: string, problem: string | null) => void) {
    this.#onChange = onChange;
  }

  /**
   * Sets or (null) clears a problem; only changes are told. `lasting`: it is of what has happened, and the topology can
   * be relied on as well as ever from now on.
   */
  set(name: string, problem: string | null, { lasting = false }: { readonly lasting?: boolean } = {}): void {
    if (lasting) this.#lasting.add(name);
    const before = this.#problems.get(name) ?? null;
    if (before === problem) return;
    if (problem === null) this.#problems.delete(name);
    else this.#problems.set(name, problem);
    if (problem !== null || !this.#ending) this.#onChange(name, problem);
  }

  /** From now on problems that end are not told: nobody tries any more, so nothing works again. */
  end(): void {
    this.#ending = true;
  }

  /** Those that are expected to end: while there is one, the topology is not ready. */
  passing(): readonly { readonly name: string; readonly problem: string }[] {
    return this.list().filter(({ name }) => !this.#lasting.has(name));
  }

  list(): readonly { readonly name: string; readonly problem: string }[] {
    return [...this.#problems].map(([name, problem]) => ({ name, problem }));
  }
}
