import type { Surroundings } from "./surroundings.ts";

/** A program that may be suspended wherever it yields. */
export type Steps<Result = void> = Generator<void, Result>;

/** A request on its way. */
interface Flight {
  readonly dueAt: number;
  /** The server does what it is asked. */
  run(): void;
}

/** Ticks that a request may lie somewhere before it arrives. */
const DELAY_MAX = 240;

/** Requests arrive in any order, late, twice, or never; answers may be lost. */
export class Network {
  readonly #world: Surroundings<never>;
  flights: Flight[] = [];

  /** Chance that a request is delayed, and for how many ticks at most. */
  readonly #delay: { readonly chance: number; readonly most: number };

  constructor(world: Surroundings<never>) {
    this.#world = world;
    this.#delay = world.choices.pick([
      { chance: 0.04, most: DELAY_MAX },
      { chance: 0.04, most: DELAY_MAX },
      { chance: 0.25, most: DELAY_MAX / 4 },
    ]);
  }

  send(run: () => void): void {
    const { choices, faults, now } = this.#world;
    if (faults && choices.chance(0.03)) return;
    const delayed = faults && choices.chance(this.#delay.chance);
    this.flights.push({ dueAt: delayed ? now + choices.below(this.#delay.most) : now, run });
    if (!faults || !choices.chance(0.05)) return;
    this.#world.count("requests that come twice");
    this.flights.push({ dueAt: now + choices.below(DELAY_MAX), run });
  }

  /** Some of what is due arrives. */
  deliver(): void {
    const { choices, now } = this.#world;
    const arriving = this.flights.filter(({ dueAt }) => dueAt <= now && choices.chance(0.6));
    this.flights = this.flights.filter((flight) => !arriving.includes(flight));
    while (arriving.length > 0) arriving.splice(choices.below(arriving.length), 1)[0].run();
  }

  answerIsLost(): boolean {
    return this.#world.faults && this.#world.choices.chance(0.06);
  }

  /** Asks until there is an answer, or `gaveUp` says that it is not asked for any more. */
  *ask<Answer>(
    request: (reply: (answer: Answer) => void) => void,
    gaveUp: () => boolean = () => false,
  ): Steps<Answer | undefined> {
    let answer: { readonly value: Answer } | undefined;
    const reply = (value: Answer) => {
      if (!this.answerIsLost()) answer ??= { value };
    };
    while (!gaveUp()) {
      this.send(() => request(reply));
      for (let patience = 6 + this.#world.choices.below(20); patience > 0; patience--) {
        yield;
        if (answer !== undefined) return answer.value;
      }
    }
    return undefined;
  }
}
