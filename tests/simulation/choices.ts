import { MULBERRY32_STEP, mulberry32At } from "../../src/record/mulberry32.ts";
import type { Trail } from "./trail.ts";

/** A seeded source of every choice in one simulated run */
export class Choices {
  #state: number;
  readonly #trail: Trail | null;

  /** `trail`: what the run does is recorded there, or follows what was recorded. */
  constructor(seed: number, trail: Trail | null = null) {
    this.#trail = trail;
    this.#state = (Math.imul(seed, 2654435761) + 12345) >>> 0;
    for (let index = 0; index < 4; index++) this.next();
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + MULBERRY32_STEP) >>> 0;
    return mulberry32At(this.#state);
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** Names where the run is: what is drawn from here on belongs to this step. */
  at(stage: string, step = 0): void {
    this.#trail?.at(stage, step);
  }

  /** Names the part of the step that comes next. */
  point(part: string): void {
    if (this.#trail !== null) this.#state = this.#trail.point(part, this.#state);
  }

  /** Whether something that was drawn happens: always, unless the run follows a trail on which it is left out. */
  happens(kind: string, detail: () => string = () => ""): boolean {
    return this.#trail === null || this.#trail.happens(kind, detail);
  }

  /** Whether a fault of this kind strikes. */
  strikes(kind: string, probability: number, detail?: () => string): boolean {
    return this.chance(probability) && this.happens(kind, detail);
  }

  /** A setting that was drawn, or the plainest. */
  setting<T>(kind: string, drawn: T, plainest: T): T {
    return drawn === plainest || !this.happens(kind, () => String(drawn)) ? plainest : drawn;
  }
}
