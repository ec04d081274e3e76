/** Something that happened in a run because the seed drew it, and that may be left out when the run is repeated. */
export interface Happening {
  /** The place in the run, and what: `A17.kill`. */
  readonly id: string;
  /** What it was: a change of a source, a fault, a setting that is not the plainest. */
  readonly kind: string;
  /** More about it, for a person. */
  readonly detail: string;
}

/** Parts of a step that decide in which order requests are carried out, and nothing else. */
const SCHEDULE = ["request", "wake"];
/** Spreads small numbers over all bits (the golden ratio's, as of the generator itself). */
const SPREAD = 0x9E3779B9;

/** What of a recorded trail is followed. */
export interface Following {
  /** Ids of what happens; nothing else does. */
  readonly kept: readonly string[];
  /**
   * 0: requests are carried out in the recorded order, as far as they are the same. Another number: in another order.
   */
  readonly schedule: number;
}

/**
 * What a run did, place by place. Each place has a name: the stage, the step of chaos, the part of the step. A recorded
 * trail knows the generator's state at every place; a run that follows it takes up that state there. So a happening
 * that is left out changes what depends on it, and not every choice that comes later.
 */
export class Trail {
  readonly happened: Happening[] = [];
  readonly #states = new Map<string, number>();
  readonly #followed: Trail | null;
  readonly #kept: ReadonlySet<string> | null;
  readonly #schedule: number;
  #place = "world";
  readonly #counts = new Map<string, number>();

  private constructor(followed: Trail | null, following: Following | null) {
    this.#followed = followed;
    this.#kept = following === null ? null : new Set(following.kept);
    this.#schedule = following?.schedule ?? 0;
  }

  /** An empty trail, for a run in which everything happens that the seed draws. */
  static record(): Trail {
    return new Trail(null, null);
  }

  /** A trail along a recorded one, on which less happens. */
  follow(following: Following): Trail {
    return new Trail(this, following);
  }

  /** The run comes to a step of a stage. */
  at(stage: string, step: number): void {
    this.#place = step === 0 ? stage : `${stage}${step}`;
    this.#counts.clear();
  }

  /** The run comes to a part of the step with the generator in `state`. Returns the state with which it goes on. */
  point(part: string, state: number): number {
    const id = this.#numbered(`${this.#place}:${part}`);
    if (this.#followed !== null) {
      const known = this.#followed.#states.get(id) ?? state;
      return SCHEDULE.includes(part) ? (known ^ Math.imul(this.#schedule, SPREAD)) >>> 0 : known;
    }
    this.#states.set(id, state);
    return state;
  }

  /** Whether what was drawn happens. */
  happens(kind: string, detail: () => string): boolean {
    const id = this.#numbered(`${this.#place}.${kind}`);
    if (this.#kept !== null && !this.#kept.has(id)) return false;
    this.happened.push({ id, kind, detail: detail() });
    return true;
  }

  /** The same name for the second time in one place is another one. */
  #numbered(name: string): string {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  }
}
